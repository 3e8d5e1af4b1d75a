"""Sorts the records of each implementation in a run by kind of failure.

A *family* is a kind of failure: wrong numbers, a wrong shape, a refusal with a certain message, an invalid
call accepted against a certain sentence of the documents.  Values and gradients are one family, since one
fault often makes several of them wrong.  A crash, a hang and an answer to the same invalid call are one
family.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from attrs import define, field, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance
from conv_transpose_conformance.frameworks.registry import interpret
from conv_transpose_conformance.judging.judge import VALUE_CHECKS
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict

_NUMBERS: Final = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
_LISTS: Final = re.compile(r"[(\[]\s*#(?:,\s*#)*,?\s*[)\]]")


@frozen
class FailureKind:
    """A kind of failure; ``detail`` is the framework's or the document's text, without numbers.

    ``kind`` is "values", "no-geometry" (an accepted call that documents leave open returns no crop of the
    operator), "shape", "dtype", "parameters", "accepted" (also a crash or a hang of an invalid call),
    "refused", "crash", "hang", or "raised" (by the gradients).
    """

    kind: str
    detail: str = ""

    @property
    def checks(self) -> tuple[Check, ...]:
        """Returns the checks that fail with this kind of failure."""
        if self.kind in ("values", "raised"):
            return VALUE_CHECKS
        if self.kind == "no-geometry":
            return (Check.VALUES,)
        if self.kind in ("shape", "dtype", "parameters"):
            return (Check(self.kind),)
        return (Check.ACCEPTANCE,)

    @property
    def disproved_by(self) -> frozenset[Check]:
        """Returns the checks whose success rules out this kind of failure.

        An output of the requested shape shows that a call was accepted; with another shape the framework
        took it for another call, and an invalid call says nothing about valid ones.
        """
        return frozenset([Check.SHAPE] if self.kind == "refused" else self.checks)


def without_numbers(text: str) -> str:
    """Returns a message with a placeholder for every number or list of numbers."""
    return _LISTS.sub("#", _NUMBERS.sub("#", text))[:160].strip()


def family_of(record: Record) -> FailureKind:
    """Returns the family of a failing record."""
    if record.check is Check.ACCEPTANCE:
        meaning = interpret(record.case, record.implementation)
        if meaning.acceptance is Acceptance.FORBIDDEN:
            return FailureKind("accepted", without_numbers(meaning.reason))
        if record.verdict in (Verdict.CRASH, Verdict.HANG):
            return FailureKind(str(record.verdict), without_numbers(meaning.reason))
        return FailureKind("refused", without_numbers(record.message))
    if record.check in VALUE_CHECKS:
        if record.verdict is Verdict.ERROR:
            return FailureKind("raised", without_numbers(record.message))
        if record.observed is None and is_open(record.case, record.implementation):
            return FailureKind("no-geometry")
        return FailureKind("values")
    return FailureKind(str(record.check))


def is_open(case: Case, implementation: str) -> bool:
    """Whether the documents leave open what a call does."""
    return interpret(case, implementation).acceptance is Acceptance.UNSPECIFIED


_SETS: Final[dict[frozenset[Check], frozenset[Check]]] = {}  # shares equal sets, since few are different


def failure_kinds(records: Iterable[Record]) -> dict[FailureKind, list[Record]]:
    """Returns the failing records of one call by family."""
    found: dict[FailureKind, list[Record]] = {}
    for record in records:
        if record.failing:
            found.setdefault(family_of(record), []).append(record)
    return found


def is_evidence(record: Record) -> bool:
    """Whether a record is a pass that counts as evidence, unlike a refusal of a call with several faults."""
    if record.verdict is not Verdict.PASS:
        return False
    return record.check is not Check.ACCEPTANCE or interpret(record.case, record.implementation).alone


@define
class Calls:
    """The calls of one implementation: the failing records of each, and the passed checks."""

    framework: str  # the target, with its version where the run has several
    failing: dict[Case, dict[FailureKind, list[Record]]] = field(factory=dict)
    passed: dict[Case, frozenset[Check]] = field(factory=dict)

    def add(self, records: Sequence[Record]) -> None:
        """Adds the records of one call."""
        case = records[0].case
        found = failure_kinds(records)
        if found:
            self.failing[case] = found
        passed = frozenset(record.check for record in records if is_evidence(record))
        if passed:
            self.passed[case] = _SETS.setdefault(passed, passed)

    def fails(self, family: FailureKind) -> list[Case]:
        """Returns the calls with this kind of failure, the smallest first."""
        return sorted((c for c, found in self.failing.items() if family in found), key=_complexity)

    def passes(self, family: FailureKind) -> list[Case]:
        """Returns the calls that were judged for this kind of failure and show it neither openly nor hidden.

        Another kind of failure can hide it.  The smallest call comes first.
        """
        checks = frozenset(family.checks)
        found = (
            case
            for case, passed in self.passed.items()
            if passed & family.disproved_by
            and not any(checks & frozenset(other.checks) for other in self.failing.get(case, ()))
        )
        return sorted(found, key=_complexity)


def _complexity(case: Case) -> tuple[int, int, str]:
    return case.complexity


@define
class Observed:
    """The calls of a run by column: an implementation, with its version where the run has several."""

    calls: dict[str, Calls] = field(factory=dict)

    def add(self, records: Sequence[Record]) -> None:
        """Adds the records of one call."""
        if not records or records[0].verdict is Verdict.NOT_APPLICABLE:
            return
        first = records[0]
        calls = self.calls.get(first.key)
        if calls is None:
            calls = self.calls[first.key] = Calls(first.target)
        calls.add(records)
