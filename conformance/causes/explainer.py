"""Finds the causes of the failing calls of one implementation.

A cause has its failing calls, the shortest condition on the parameters that holds for all of them and for no
passing call, the smallest case that still fails, a one-hot probe that fails, and the fault that reproduces
the returned values.  Everything but the grouping asks a worker; without one (a merged run, a lost framework)
a cause has only the results of the run's own calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import define, evolve

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.condition import InvalidCondition, Table
from conv_transpose_conformance.causes.cause import Cause
from conv_transpose_conformance.causes.condition_search import Formula, quantities_in, shortest
from conv_transpose_conformance.causes.failures import Calls, FailureKind, failure_kinds, is_evidence
from conv_transpose_conformance.causes.fault_match import diagnose, diagnose_open
from conv_transpose_conformance.causes.follow_up import FollowUp
from conv_transpose_conformance.causes.refine import Part, Sharpened, divide, sharpen
from conv_transpose_conformance.causes.shrink import locate, shrink
from conv_transpose_conformance.causes.worked_example import Example, counting, example
from conv_transpose_conformance.execution.case_runner import CaseResult
from conv_transpose_conformance.judging.answers import Answer
from conv_transpose_conformance.judging.judge import VALUE_CHECKS
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Check

_SHARPENING: Final = 110  # maximal cost of the questions per family; a plain call costs 1
_SHRINKING: Final = 200  # the same per cause, to shrink its smallest case
_COMPARED: Final = 32  # maximal number of failing cases that a fault must reproduce
_COMPARED_PASSES: Final = 16
_SHORTER: Final = 0.3  # minimal saving of cost by a rougher condition
_LONG: Final = 2.5  # cost from which a shorter condition is searched too
_NEARLY: Final = 0.1  # maximal exceptions of a rougher condition per failing case


@define
class Explainer:
    """Explains one implementation; ``before`` are causes of its framework's others, often the same."""

    name: str
    calls: Calls
    follow_up: FollowUp | None
    before: Sequence[Cause]

    def causes(self) -> list[Cause]:
        """Returns the causes, in the order of the first check that each fails."""
        order = sorted(
            {family for found in self.calls.failing.values() for family in found},
            key=lambda family: (list(Check).index(family.checks[0]), family.kind, family.detail),
        )
        return [cause for family in order for cause in self._of_family(family)]

    def _of_family(self, family: FailureKind) -> list[Cause]:
        fails, passes = self.calls.fails(family), self.calls.passes(family)
        ndim = fails[0].ndim
        found = self._sharpened(family, fails, passes, ndim)
        if family.kind == "accepted":
            found.parts = _as_one(found.parts)
        causes = []
        left = list(fails)
        all_passes = [*passes, *found.passed]
        for part in found.parts:
            mine = _mine(part, left, ndim)
            left = [case for case in left if case not in mine]
            if not mine:
                continue  # only follow-up cases fail: the run itself has no such failure
            records = {case: self.calls.failing[case][family] for case in mine}
            cause = Cause(self.name, self.calls.framework, family, records)
            cause.passes, cause.asked, cause.settled = len(passes), found.asked, found.settled
            _count(cause, part, all_passes, ndim)
            cause.smallest = min(mine, key=_complexity)
            cause.smallest_records = cause.records[cause.smallest]
            if self.follow_up is not None:
                others = [other.formula for other in found.parts if other is not part and other.formula]
                _look_closer(cause, self._starts(cause, part), self.follow_up, others, all_passes)
            causes.append(cause)
        return _joined(causes, all_passes, ndim)

    def _sharpened(
        self, family: FailureKind, fails: Sequence[Case], passes: Sequence[Case], ndim: int
    ) -> Sharpened:
        follow_up = self.follow_up
        if follow_up is None:
            return Sharpened(divide(fails, passes, ndim, quantities_in(family.detail)))
        theirs = self._theirs(family, fails, passes, ndim)
        if theirs is not None:
            return Sharpened([theirs], settled=True)
        limit = follow_up.spent + _SHARPENING

        def ask(case: Case) -> bool | None:
            examined = follow_up.examine(case, self.name)
            return None if examined is None else _shown(examined, family)

        def more() -> bool:
            return follow_up.spent < limit and not follow_up.exhausted

        def late(case: Case) -> bool:
            return follow_up.is_forbidden(case, self.name)

        return sharpen(fails, passes, ndim, ask, more, late, quantities_in(family.detail))

    def _theirs(
        self, family: FailureKind, fails: Sequence[Case], passes: Sequence[Case], ndim: int
    ) -> Part | None:
        """Returns the condition of another implementation's cause that also separates this one's calls."""
        for other in self.before:
            if other.family != family or other.formula is None or not other.asked:
                continue
            formula = evolve(other.formula, ndim=ndim)
            try:
                condition = formula.condition
            except InvalidCondition:
                continue  # the condition names the second dimension
            if Table(fails, ndim).holds(condition).all() and not Table(passes, ndim).holds(condition).any():
                return Part(formula, tuple(fails))
        return None

    def _starts(self, cause: Cause, part: Part) -> list[Case]:
        """Returns cases to shrink from, among them smallest cases of other implementations."""
        theirs = [
            other.smallest
            for other in self.before
            if other.family == cause.family and other.smallest is not None
        ]
        return [*theirs, *sorted(part.fails, key=_complexity)[:2]]


def _shows(examined: CaseResult, family: FailureKind) -> bool:
    """Whether a call fails with this kind of failure."""
    return family in failure_kinds(examined.records)


def _shown(examined: CaseResult, family: FailureKind) -> bool | None:
    """Whether a call has this kind of failure; None where it was not judged for it, or has another kind."""
    found = failure_kinds(examined.records)
    if family in found:
        return True
    checks = frozenset(family.checks)
    if any(checks & frozenset(other.checks) for other in found):
        return None
    right = any(record.check in family.disproved_by and is_evidence(record) for record in examined.records)
    return False if right else None


def _as_one(parts: list[Part]) -> list[Part]:
    """Joins parts that each have a condition under one disjunction: all lack the same refusal."""
    formulas = [part.formula for part in parts if part.formula is not None]
    if len(parts) < 2 or len(formulas) < len(parts):
        return parts
    one = evolve(formulas[0], others=tuple(formulas[1:]))
    return [Part(one, tuple(case for part in parts for case in part.fails))]


def _mine(part: Part, cases: Sequence[Case], ndim: int) -> list[Case]:
    if part.formula is None:
        return list(cases)
    holds = Table(cases, ndim).holds(part.formula.condition)
    return [case for case, hit in zip(cases, holds, strict=True) if hit]


def _count(cause: Cause, part: Part, passes: Sequence[Case], ndim: int) -> None:
    cause.formula, cause.failing, cause.passing = part.formula, len(part.fails), len(passes)
    if part.formula is None:
        return
    condition = part.formula.condition
    cause.held_by = int(Table(part.fails, ndim).holds(condition).sum())
    cause.excepted = int(Table(passes, ndim).holds(condition).sum())
    most = int(_NEARLY * len(part.fails)) if part.formula.cost > _LONG else 0
    words = quantities_in(cause.family.detail)
    for formula in shortest(part.fails, passes, ndim, exceptions=most, words=words) if most else []:
        if formula.top_level_or or formula.cost > part.formula.cost - _SHORTER:
            continue
        wrong = int(Table(passes, ndim).holds(formula.condition).sum())
        if wrong:
            cause.roughly = (formula, wrong)
            break


def _complexity(case: Case) -> tuple[int, int, str]:
    return case.complexity


def _look_closer(
    cause: Cause,
    starts: Sequence[Case],
    follow_up: FollowUp,
    others: Sequence[Formula],
    passes: Sequence[Case],
) -> None:
    """Adds the smallest case, the one-hot probe and the matching faults to a cause."""
    name, family, limit = cause.implementation, cause.family, follow_up.spent + _SHRINKING
    conditions = [formula.condition for formula in others]
    assert cause.smallest is not None

    def fails(case: Case) -> bool:
        if follow_up.spent > limit:
            return False
        examined = follow_up.examine(case, name)
        return (
            examined is not None
            and _shows(examined, family)
            and not any(condition.holds(case) for condition in conditions)
        )

    start = next((case for case in (*starts, cause.smallest) if fails(case)), None)
    if start is not None:
        small = shrink(start, name, fails)
        examined = follow_up.examine(small, name)
        if examined is not None and _shows(examined, family):
            cause.smallest, cause.smallest_records = small, failure_kinds(examined.records)[family]
    if cause.first.check in VALUE_CHECKS and family.kind == "values":

        def ask(case: Case) -> tuple[Problem, Answer] | None:
            examined = follow_up.examine(case, name)
            return None if examined is None else (examined.problem, examined.answer)

        cause.located = locate(cause.smallest, ask)
    cause.example = _example(cause, follow_up)
    _diagnose(cause, sorted(cause.records, key=_complexity), follow_up, passes)


def _example(cause: Cause, follow_up: FollowUp) -> Example | None:
    """Returns a worked example with small counting numbers if they fail too, else with the case's own."""
    examined = follow_up.examine(cause.smallest, cause.implementation) if cause.smallest else None
    if examined is None or cause.first.check not in VALUE_CHECKS:
        return None
    readable = counting(examined.problem)
    answer = follow_up.answer(readable, cause.implementation) if readable is not examined.problem else None
    found = None if answer is None else example(readable, answer, cause.first.check)
    return found or example(examined.problem, examined.answer, cause.first.check)


def _diagnose(cause: Cause, mine: Sequence[Case], follow_up: FollowUp, passes: Sequence[Case]) -> None:
    if cause.family.kind in ("crash", "hang"):
        return
    chosen = [case for case in (cause.smallest, *_sample(mine, _COMPARED)) if case is not None]
    limit = follow_up.spent + 2 * (_COMPARED + _COMPARED_PASSES)
    failing, passing = [], []
    for case in dict.fromkeys(chosen):
        examined = follow_up.examine(case, cause.implementation) if follow_up.spent < limit else None
        if examined is not None and _shows(examined, cause.family):
            failing.append((examined.problem, examined.answer))
    for case in _sample(sorted(passes, key=lambda case: case.complexity), _COMPARED_PASSES):
        examined = follow_up.examine(case, cause.implementation) if follow_up.spent < limit else None
        if examined is not None and not _shows(examined, cause.family):
            passing.append((examined.problem, examined.answer))
    if failing and cause.family.kind == "no-geometry":
        cause.diagnosis = diagnose_open(failing)
    elif failing:
        cause.diagnosis = diagnose(failing, passing)


def _sample(cases: Sequence[Case], count: int) -> list[Case]:
    """Returns ``count`` of the cases: half of them the smallest, the rest spread evenly."""
    if len(cases) <= count:
        return list(cases)
    small, rest = list(cases[: count // 2]), cases[count // 2 :]
    return small + [rest[at * len(rest) // (count - len(small))] for at in range(count - len(small))]


def _joined(causes: list[Cause], passes: Sequence[Case], ndim: int) -> list[Cause]:
    """Joins causes that the same fault explains."""
    found: list[Cause] = []
    for cause in causes:
        names = {fault.name for fault in cause.diagnosis.faults} if cause.diagnosis else set()
        for other in found:
            theirs = {fault.name for fault in other.diagnosis.faults} if other.diagnosis else set()
            if names & theirs:
                other.records |= cause.records
                other.failing += cause.failing
                formulas = shortest(list(other.records), passes, ndim)
                other.formula = formulas[0] if formulas else None
                other.held_by = other.failing if other.formula else 0
                break
        else:
            found.append(cause)
    return found
