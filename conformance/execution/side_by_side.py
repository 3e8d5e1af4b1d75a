"""Works on several frameworks at a time, each in its own thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import TypeVar

from conv_transpose_conformance.execution.interrupts import Interrupt

T = TypeVar("T")


class _Ended:
    """Marks the end of a task's output."""


def side_by_side(tasks: Sequence[Callable[[Callable[[T], None]], None]], interrupt: Interrupt) -> Iterator[T]:
    """Yields the tasks' output as it arrives; each task gets a function to emit with.

    Closing the iterator, or an exception in a task, requests the ``interrupt``; the tasks must then end, and
    the iterator waits for them.

    Raises:
        BaseException: the first exception that a task raised.
    """
    emitted: SimpleQueue[T | _Ended] = SimpleQueue()
    faults: list[BaseException] = []

    def work(task: Callable[[Callable[[T], None]], None]) -> None:
        try:
            task(emitted.put)
        except BaseException as error:  # raised by the thread that iterates
            faults.append(error)
            interrupt.request()
        finally:
            emitted.put(_Ended())

    threads = [threading.Thread(target=work, args=(task,), daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    running = len(threads)
    try:
        while running:
            item = emitted.get()
            if isinstance(item, _Ended):
                running -= 1
            else:
                yield item
    finally:
        if running:
            interrupt.request()
        for thread in threads:
            thread.join()
    if faults:
        raise faults[0]
