"""Distributes independent units of work over threads."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from itertools import count
from typing import Any

__all__ = ["WORTH_A_THREAD", "blas_threads", "processors", "share"]

# below this number of multiply-adds a second thread costs more than it saves
WORTH_A_THREAD = 1 << 20


@lru_cache(maxsize=4)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """Returns a pool of this process; one inherited through fork would have no threads."""
    return ThreadPoolExecutor(threads, thread_name_prefix="reference")


def processors() -> int:
    """Returns the number of processors that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share(units: int, work: int, threads: int | None, run: Callable[[int, int], object]) -> None:
    """Calls ``run(first, last)`` for all units, in two ranges per thread.

    Args:
        units: the number of units.
        work: their multiply-adds in total; little work stays on the caller's thread.
        threads: the number of threads; None for one per processor.
        run: does the units first..last; threads help only if it releases the interpreter's lock.
    """
    if threads is None:
        threads = processors() if work >= WORTH_A_THREAD else 1
    if threads == 1 or units < 2:
        run(0, units)
        return
    ranges = min(units, 2 * threads)
    turns = count()

    def take_turns() -> None:
        for turn in turns:
            if turn >= ranges:
                return
            run(units * turn // ranges, units * (turn + 1) // ranges)

    pool = _pool(threads, os.getpid())
    others = [pool.submit(take_turns) for _ in range(min(threads, ranges) - 1)]
    try:
        take_turns()
    finally:
        for other in others:
            other.result()


@lru_cache(maxsize=1)
def _libraries() -> Any:
    return importlib.import_module("threadpoolctl").ThreadpoolController()


class _Limits:
    """Changes the process-wide number of BLAS threads while any thread needs it changed."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.wanted = 0
        self.outermost: Any = None

    @contextmanager
    def at(self, threads: int) -> Iterator[None]:
        """Sets the number within the block, also for others inside; the last one out restores it."""
        with self.lock:
            limit = _libraries().limit(limits=threads, user_api="blas")
            if not self.wanted:
                self.outermost = limit
            self.wanted += 1
        try:
            yield
        finally:
            with self.lock:
                self.wanted -= 1
                if not self.wanted:
                    self.outermost.restore_original_limits()


_limits = _Limits()


def _after_fork() -> None:
    """Replaces the lock in a forked child, where no thread could release it."""
    global _limits
    _limits = _Limits()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def blas_threads(threads: int | None) -> AbstractContextManager[Any]:
    """Sets the threads of NumPy's BLAS within the block; does nothing for None or without threadpoolctl."""
    if threads is None:
        return nullcontext()
    try:
        _libraries()
    except ImportError:
        return nullcontext()
    return _limits.at(threads)
