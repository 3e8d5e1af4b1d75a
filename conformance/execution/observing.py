"""Asks what is needed to know the geometry of an accepted call that the documents leave open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from typing import Final

from attrs import evolve

from conv_transpose_conformance.cases.recipe import Recipe
from conv_transpose_conformance.execution.requests import Job
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.observation import Match, Observation, narrowed, observe
from conv_transpose_conformance.judging.problem import Problem

_TWINS: Final = 6  # further sets of integers, to tell crops apart
_REPEATS: Final = 4  # equal calls more, of an output that is no crop

Asking = Generator[Job, Answer, Answer]


def observing(job: Job, implementation: str, answer: Answer) -> Asking:
    """Yields further jobs, is sent their answers, and returns the answer with what was observed.

    Most answers need no further job.  An answer without an output is returned unchanged.
    """
    if not job.is_open(implementation) or not _is_accepted(answer):
        return answer
    if "values" not in answer.arrays:
        return evolve(answer, observed=Observation(Match.UNSEARCHED, reason=_unread(answer)))
    case = job.case
    found = observe(case, job.problem.data, answer.arrays["values"])
    if found.match is Match.NONE:
        flaky = yield from _repeated(job, implementation, answer)
        if flaky is not None:
            return evolve(answer, observed=flaky)
    if found.match is Match.SEVERAL or (found.match is Match.NONE and case.recipe.kind != "int"):
        found = yield from _with_integers(job, implementation, found, answer.arrays["values"].shape)
    if found.found is not None and _lacks_gradients(answer):
        answer = yield Job(job.problem.under(found.found), job.meanings)
    return evolve(answer, observed=found)


def _is_accepted(answer: Answer) -> bool:
    returned = answer.outcome is Outcome.OK
    return returned or (answer.outcome is Outcome.RAISED and answer.stage in ("output", "backward"))


def _unread(answer: Answer) -> str:
    if answer.outcome is Outcome.RAISED:
        return f"the output cannot be read: {answer.message}"
    return f"an output of {answer.dtype}{list(answer.shape or ())} is not read, so its values are unknown"


def _lacks_gradients(answer: Answer) -> bool:
    return answer.outcome is Outcome.OK and set(answer.arrays) == {"values"}


def _repeated(job: Job, implementation: str, answer: Answer) -> Generator[Job, Answer, Observation | None]:
    """Repeats the call; returns the distribution of its outputs, None if they are all the same."""
    seen, faults = Counter([_content(answer)]), dict[str, None]()
    for number in range(_REPEATS):
        if number and len(seen) == 1:
            return None  # what changes at all nearly always changes at once
        again = yield Job(job.problem, {implementation: job.meanings[implementation]})
        seen[_content(again)] += 1
        if "values" not in again.arrays:
            faults[again.fault or again.message] = None
    times = ", ".join(str(count) for count in sorted(seen.values(), reverse=True))
    said = f"flaky: {seen.total()} equal calls gave {len(seen)} different outputs ({times} times each)"
    return Observation(Match.FLAKY, reason=f"{said}, among them {', '.join(faults)}" if faults else said)


def _content(answer: Answer) -> tuple[object, ...]:
    values = answer.arrays.get("values")
    return (answer.outcome, answer.shape, None if values is None else values.tobytes())


def _with_integers(
    job: Job, implementation: str, found: Observation, shape: tuple[int, ...]
) -> Generator[Job, Answer, Observation]:
    """Asks the same call with other integers until one geometry is left; returns what was found."""
    case = job.case
    for seed in range(1, _TWINS + 1):
        twin = Problem(case.replace(recipe=Recipe("int", 0x0B5E0 + seed)), None)
        answer = yield Job(twin, {implementation: job.meanings[implementation]})
        values = answer.arrays.get("values")
        if values is None:
            return evolve(found, reason=f"{found.reason}; with integers: {answer.message or 'no output'}")
        now = observe(twin.case, twin.data, values)
        if answer.shape != shape:
            others = list(answer.shape or ())
            reason = f"the shape depends on the numbers: {list(shape)}, and {others} for others"
            return Observation(Match.NONE, reason=reason)
        found = now if found.match is Match.NONE else narrowed(found, now, twin.case)
        if found.match is not Match.SEVERAL:
            break
    return found
