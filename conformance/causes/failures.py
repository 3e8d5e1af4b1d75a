"""What a run saw of each implementation, sorted by what went wrong.

A *family* is a way to fail: wrong numbers, a wrong shape, a refusal with certain words, a call accepted
against a certain sentence of the documents.  Values and gradients are one family, since one fault shows in
several of them; a crash, a hang and an answer to a call that must be refused are one, since the call is.
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
    """A way to fail: ``kind`` in the suite's words, ``detail`` in others', without numbers.

    ``kind`` is "values", "shape", "dtype", "parameters", "accepted" (or crashed or hung, though it must be
    refused), "refused", "crash", "hang", or "raised" (by the gradients).
    """

    kind: str
    detail: str = ""

    @property
    def checks(self) -> tuple[Check, ...]:
        """The checks in which it shows."""
        if self.kind in ("values", "raised"):
            return VALUE_CHECKS
        if self.kind in ("shape", "dtype", "parameters"):
            return (Check(self.kind),)
        return (Check.ACCEPTANCE,)

    @property
    def disproved_by(self) -> frozenset[Check]:
        """The checks of which a call passes one that does not fail so.

        That a call is accepted shows in an output of the shape that it asks for: where another came it was
        taken for something else, and where it must be refused it says nothing of those that must not.
        """
        return frozenset([Check.SHAPE] if self.kind == "refused" else self.checks)


def without_numbers(text: str) -> str:
    """A message with its numbers, and lists of them, made the same."""
    return _LISTS.sub("#", _NUMBERS.sub("#", text))[:160].strip()


def family_of(record: Record) -> FailureKind:
    """The family of a failing record."""
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
        return FailureKind("values")
    return FailureKind(str(record.check))


_SETS: Final[dict[frozenset[Check], frozenset[Check]]] = {}  # few are different: each is kept once


def failure_kinds(records: Iterable[Record]) -> dict[FailureKind, list[Record]]:
    """The failing records of one call by family."""
    found: dict[FailureKind, list[Record]] = {}
    for record in records:
        if record.failing:
            found.setdefault(family_of(record), []).append(record)
    return found


def is_evidence(record: Record) -> bool:
    """Whether a record is a pass that shows what is right: not the refusal of a call with several faults."""
    if record.verdict is not Verdict.PASS:
        return False
    return record.check is not Check.ACCEPTANCE or interpret(record.case, record.implementation).alone


@define
class Calls:
    """What is known of one implementation: the failing records of each call, and what passed."""

    framework: str  # the target: with its version where the run holds several
    failing: dict[Case, dict[FailureKind, list[Record]]] = field(factory=dict)
    passed: dict[Case, frozenset[Check]] = field(factory=dict)

    def add(self, records: Sequence[Record]) -> None:
        """Takes the records of one call."""
        case = records[0].case
        found = failure_kinds(records)
        if found:
            self.failing[case] = found
        passed = frozenset(record.check for record in records if is_evidence(record))
        if passed:
            self.passed[case] = _SETS.setdefault(passed, passed)

    def fails(self, family: FailureKind) -> list[Case]:
        """The calls that fail in this way, the smallest first."""
        return sorted((c for c, found in self.failing.items() if family in found), key=_complexity)

    def passes(self, family: FailureKind) -> list[Case]:
        """The calls that were judged for it and fail neither this way nor another that would hide it.

        The smallest first.
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
    """The calls of a run by column, an implementation and where need be its version."""

    calls: dict[str, Calls] = field(factory=dict)

    def add(self, records: Sequence[Record]) -> None:
        """Takes the records of one call."""
        if not records or records[0].verdict is Verdict.NOT_APPLICABLE:
            return
        first = records[0]
        calls = self.calls.get(first.key)
        if calls is None:
            calls = self.calls[first.key] = Calls(first.target)
        calls.add(records)
