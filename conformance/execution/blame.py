"""Decides which call crashed a worker: the failed call is rerun alone, then after the calls that preceded it.

One call may corrupt a worker's memory and a later, innocent call may die of it; some faults are intermittent.
So a call that crashed, hung or broke the protocol is

1. run alone in a fresh worker: if it fails the same way, the call is certainly at fault;
2. run alone ``ALONE`` times in all if the first result differed: if it fails in any run, the call is at
   fault, and the answer states the distribution ("SIGSEGV 4 of 6, hang 2 of 6");
3. run after the preceding calls if it never fails alone: if it then fails, the preceding calls are halved
   until one is left, and the answer names both calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

from attrs import define, evolve, field, frozen

from conv_transpose_conformance.execution.connection import Call, WorkerConnection
from conv_transpose_conformance.judging.answers import Answer, Outcome

ALONE: Final = 5  # runs alone in all, each in a fresh worker, if the first one ends differently
_HUNTS: Final = 8  # searches for a culprit in a run; a search starts a worker for each halving


@frozen
class Finding:
    """Holds the ``answer`` to record for a failed call.

    ``culprit`` is the earlier call that makes it fail; ``doubtful`` says whether the failed worker's earlier
    answers are in doubt too.
    """

    answer: Answer
    culprit: Call | None = None
    doubtful: bool = False


@define
class Triage:
    """Examines failed calls in fresh workers from ``start``; ``stopped`` says whether the run is over."""

    start: Callable[[], WorkerConnection]
    stopped: Callable[[], bool]
    _hunts: int = field(default=0, init=False)

    def examine(self, call: Call, failure: Answer, before: Sequence[Call]) -> Finding:
        """Returns the finding for a call that failed with ``failure`` in a worker that answered ``before``.

        Raises:
            WorkerFailed: if a fresh worker cannot start.
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
            return Finding(alone[-1])  # the machine was slow for a moment
        message = f"only after other calls, not alone: {failure.message} ({told})"
        return Finding(evolve(failure, message=message), doubtful=True)

    def _outcome(self, calls: Sequence[Call]) -> Answer:
        """Runs the calls in a fresh worker; returns the last call's answer, or an earlier call's fault."""
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
        """Returns the call of ``before`` that makes this call fail, or None if the search finds none."""
        if not before or self._hunts >= _HUNTS:
            return None
        self._hunts += 1

        def fails(company: Sequence[Call]) -> bool:
            return self._outcome([*company, call]).fault == failure.fault

        first, end = 0, len(before)  # the call fails after before[first:] and passes after before[end:]
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
    """Returns e.g. ``SIGSEGV 4 of 6, hang 2 of 6``; an outcome without a fault counts as answered."""
    total = observed.total()
    ordered = sorted(observed.items(), key=lambda item: (item[0] == "", -item[1], item[0]))
    return ", ".join(f"{fault or 'answered'} {times} of {total}" for fault, times in ordered)
