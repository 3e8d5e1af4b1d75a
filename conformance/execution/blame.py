"""Whose fault it was: what failed in company is run again, alone and with its company, before it is blamed.

A worker whose memory was corrupted by one call may die in a later, innocent one, and some faults come and go.
So a call that crashed, hung or broke the protocol is

1. run alone in a fresh worker: failing the same way, the fault is its own, and certain;
2. run alone ``ALONE`` times in all where that differed: if it fails in any, the fault is its own, and its
   distribution is told ("SIGSEGV 4 of 6, hang 2 of 6");
3. run after the calls that went before it, where it never fails alone: if that fails, the calls before are
   halved until one is left, and both are named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, evolve, field, frozen

from conv_transpose_conformance.execution.connection import Call, WorkerConnection
from conv_transpose_conformance.judging.answers import Answer, Outcome

ALONE: Final = 5  # fresh workers that a call gets to itself where the first says otherwise than the company
_HUNTS: Final = 8  # searches for a culprit in a run: each takes as many workers as halving takes


@frozen
class Finding:
    """``answer`` is what is recorded of the call.

    ``culprit`` is the call without which it does not fail, and ``doubtful`` says whether what the failed
    worker had answered before is in doubt too.
    """

    answer: Answer
    culprit: Call | None = None
    doubtful: bool = False


@define
class Triage:
    """Finds out with fresh workers from ``start``; ``stopped`` tells that the run is over."""

    start: Callable[[], WorkerConnection]
    stopped: Callable[[], bool]
    _hunts: int = field(default=0, init=False)

    def examine(self, call: Call, failure: Answer, before: Sequence[Call]) -> Finding:
        """What comes of a call that failed as ``failure`` in a worker that had answered ``before``.

        Raises:
            WorkerFailed: where a fresh worker cannot be started.
        """
        alone = [self._outcome([call])]
        if alone[0].fault != failure.fault:
            while len(alone) < ALONE and not self.stopped():
                alone.append(self._outcome([call]))
        if self.stopped():
            return Finding(failure)
        observed = Counter(answer.fault for answer in (failure, *alone))
        total = observed.total()
        faults = [answer for answer in alone if answer.fault]
        if len(faults) == len(alone) and len(observed) == 1:
            return Finding(evolve(faults[-1], message=f"{faults[-1].message} ({total} of {total} times)"))
        told = distribution(observed)
        if faults:
            crash = next((answer for answer in faults if answer.outcome is Outcome.CRASH), faults[-1])
            return Finding(evolve(crash, message=f"{told}; {crash.message}"))
        culprit = self._hunt(call, failure, before)
        if culprit is not None:
            message = (
                f"only after {culprit.name}, not alone: {failure.message} "
                f"(alone and after other calls: {told})"
            )
            return Finding(evolve(failure, message=message), culprit, doubtful=True)
        if failure.outcome is Outcome.HANG:
            return Finding(alone[-1])  # a slow moment of the machine
        message = f"only after other calls, not alone: {failure.message} ({told})"
        return Finding(evolve(failure, message=message), doubtful=True)

    def _outcome(self, calls: Sequence[Call]) -> Answer:
        """The last call's answer after the others, in a fresh worker; the others' fault where one fails."""
        connection = self.start()
        try:
            waiting = list(calls)
            while True:
                while waiting and not connection.full:
                    call = waiting.pop(0)
                    connection.send(call.job, [call.implementation])
                asked, answer = connection.receive()
                if not connection.busy and not waiting:
                    return answer
                if answer.fault:
                    return evolve(answer, fault=f"{answer.fault} of {asked.name}")
        finally:
            connection.close()

    def _hunt(self, call: Call, failure: Answer, before: Sequence[Call]) -> Call | None:
        """The call of ``before`` that makes this one fail, if one can be found."""
        if not before or self._hunts >= _HUNTS:
            return None
        self._hunts += 1

        def fails(company: Sequence[Call]) -> bool:
            return self._outcome([*company, call]).fault == failure.fault

        first, end = 0, len(before)  # with before[first:] it fails, with before[end:] it does not
        if not fails(before):
            return None
        while end - first > 1 and not self.stopped():
            middle = (first + end) // 2
            if fails(before[middle:]):
                first = middle
            else:
                end = middle
        culprit = before[first]
        return culprit if first + 1 == len(before) or fails([culprit]) else None


def distribution(observed: Counter[str]) -> str:
    """``SIGSEGV 4 of 6, hang 2 of 6``; what has no fault was answered."""
    total = observed.total()
    ordered = sorted(observed.items(), key=lambda item: (item[0] == "", -item[1], item[0]))
    return ", ".join(f"{fault or 'answered'} {times} of {total}" for fault, times in ordered)
