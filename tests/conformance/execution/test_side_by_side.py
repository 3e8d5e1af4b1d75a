"""Tasks in threads whose results are one stream."""

from __future__ import annotations

import threading
from functools import partial

import pytest

from conv_transpose_conformance.execution.interrupts import Interrupt
from conv_transpose_conformance.execution.side_by_side import side_by_side
from tests.support.processes import CEILING


def counting(name, count, emit):
    for number in range(count):
        emit((name, number))


def until(interrupt, ended, emit):
    emit("began")
    while not interrupt.is_set():
        threading.Event().wait(0.001)
    ended.append("ended")


def test_all_that_tasks_emit_comes_and_each_tasks_in_order():
    found = list(side_by_side([partial(counting, name, 50) for name in "abc"], Interrupt()))
    for name in "abc":
        assert [number for task, number in found if task == name] == list(range(50))


def test_tasks_work_at_the_same_time():
    together = threading.Barrier(3, timeout=CEILING)
    assert len(list(side_by_side([lambda emit: emit(together.wait())] * 3, Interrupt()))) == 3


def test_nothing_comes_of_no_tasks():
    assert list(side_by_side([], Interrupt())) == []


def test_a_fault_ends_the_others_and_is_raised():
    interrupt, ended = Interrupt(), []

    def broken(_emit):
        raise ZeroDivisionError("ours")

    with pytest.raises(ZeroDivisionError, match="ours"):
        list(side_by_side([partial(until, interrupt, ended), broken], interrupt))
    assert ended == ["ended"]


def test_a_stream_that_is_closed_ends_its_tasks():
    interrupt, ended = Interrupt(), []
    before = threading.active_count()
    stream = side_by_side([partial(until, interrupt, ended)] * 2, interrupt)
    assert next(stream) == "began"
    stream.close()
    assert ended == ["ended", "ended"]
    assert threading.active_count() <= before


def test_a_part_ends_with_the_whole_and_not_the_whole_with_a_part():
    whole = Interrupt()
    part = Interrupt(within=whole)
    part.request()
    assert part.is_set()
    assert not whole.is_set()
    other = Interrupt(within=whole)
    whole.request()
    assert other.is_set()
