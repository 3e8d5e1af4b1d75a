"""Independent units of work, shared among threads."""

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

# Multiply-adds below which a second thread costs more than it saves.
WORTH_A_THREAD = 1 << 20


@lru_cache(maxsize=4)
def _pool(threads: int, process: int) -> ThreadPoolExecutor:
    """A pool for this process: one inherited through fork would have no threads."""
    return ThreadPoolExecutor(threads, thread_name_prefix="reference")


def processors() -> int:
    """Processors this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share(units: int, work: int, threads: int | None, run: Callable[[int, int], object]) -> None:
    """Call ``run(first, last)`` over all units, in two ranges per thread.

    Args:
        units: how many units there are.
        work: multiply-adds in all of them; little work stays on the caller's thread.
        threads: None for as many as there are processors.
        run: does the units first..last; must release the interpreter's lock to gain anything.
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
    """The number of BLAS threads, one for the process, while any of its threads wants it changed."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.wanted = 0
        self.outermost: Any = None

    @contextmanager
    def at(self, threads: int) -> Iterator[None]:
        """So many within. Who comes while others are in changes it for them too, the last gives it back."""
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
    """In the child no other thread lives that could let go of the lock."""
    global _limits
    _limits = _Limits()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def blas_threads(threads: int | None) -> AbstractContextManager[Any]:
    """NumPy's BLAS uses so many threads within; None, or no threadpoolctl, leaves it as it is."""
    if threads is None:
        return nullcontext()
    try:
        _libraries()
    except ImportError:
        return nullcontext()
    return _limits.at(threads)
