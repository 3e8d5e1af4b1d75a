"""Signals: the first asks the run to end, the second ends it at once; the handlers before come back."""

from __future__ import annotations

import signal

import pytest

from conv_transpose_conformance.execution.engine import Interrupt
from conv_transpose_conformance.execution.interrupts import signals

BOTH = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", BOTH)
def test_the_first_signal_is_a_request_and_the_second_an_exception(number):
    interrupt = Interrupt()
    with signals(interrupt):
        assert not interrupt.requested
        signal.raise_signal(number)
        assert interrupt.requested
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)


def test_a_second_signal_of_another_kind_ends_it_too():
    with signals(Interrupt()):
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_the_handlers_before_come_back_even_after_an_exception():
    before = [signal.getsignal(number) for number in BOTH]

    def interrupted() -> None:
        with signals(Interrupt()):
            assert [signal.getsignal(number) for number in BOTH] != before
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert [signal.getsignal(number) for number in BOTH] == before
