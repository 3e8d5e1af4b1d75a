"""Decides judged requirements from a run's records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import define, field

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.severity import of_failure
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.requirements.base.reading_fit import ReadingsSeen
from conv_transpose_conformance.requirements.base.requirement import Judged, Requirement, Result, Ruled
from conv_transpose_conformance.requirements.base.trial import Trial

_REMEMBERED = 4096


@define
class Tally:
    """Adds up records by requirement and implementation."""

    requirements: tuple[Judged, ...]
    ruled: tuple[Ruled, ...] = ()
    readings: ReadingsSeen = field(factory=ReadingsSeen, init=False)
    _by_check: Mapping[Check, list[Judged]] = field(init=False)
    _results: dict[tuple[str, str], Result] = field(factory=dict, init=False)
    _picked: dict[int, tuple[Case, frozenset[str]]] = field(factory=dict, init=False)
    _concerned: dict[tuple[str, str], bool] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._by_check = {check: [r for r in self.requirements if check in r.checks] for check in Check}

    @classmethod
    def of(cls, requirements: Iterable[Requirement]) -> Tally:
        """Returns a tally of the judged requirements among these."""
        every = tuple(requirements)
        return cls(
            tuple(r for r in every if isinstance(r, Judged)), tuple(r for r in every if isinstance(r, Ruled))
        )

    def wants(self, case: Case) -> bool:
        """Whether this case decides any requirement."""
        return bool(self._of(case))

    def add(self, record: Record) -> None:
        """Adds one record."""
        wanted = self._by_check[record.check]
        if not wanted:
            return
        picked, column = self._of(record.case), record.key
        for requirement in wanted:
            if requirement.id not in picked or not requirement.decides(record):
                continue
            subject = (requirement.id, record.implementation)
            concerned = self._concerned.get(subject)
            if concerned is None:
                concerned = self._concerned[subject] = requirement.concerns(record.implementation)
            if not concerned:
                continue
            key = (requirement.id, column)
            result = self._results.get(key)
            if result is None:
                result = self._results[key] = Result(requirement.id, column, record.target, probed=False)
            if record.verdict is Verdict.PASS and result.counts[Verdict.PASS]:
                result.counts[Verdict.PASS] += 1  # a further pass adds no information
            else:
                grave = of_failure(record.check, record.verdict) if record.failing else None
                result.add(Trial(record.verdict, record.message, record.case, grave))

    def results(self, columns: Mapping[str, str]) -> list[Result]:
        """Returns one result per requirement and implementation; ``columns`` maps columns to targets."""
        found = [self._ruled(rule, *column) for rule in self.ruled for column in columns.items()]
        for requirement in self.requirements:
            for column, target in columns.items():
                result = self._results.get((requirement.id, column))
                if result is None:
                    result = Result(requirement.id, column, target, probed=False)
                    if requirement.concerns(column):
                        result.add(Trial(Verdict.NOT_APPLICABLE, "no case of this run decides it"))
                    else:
                        result.add(Trial(Verdict.NOT_APPLICABLE, "does not apply to this API"))
                found.append(result)
        return found

    def _ruled(self, rule: Ruled, column: str, target: str) -> Result:
        """Returns whether one rule gives the geometries that were seen in a column."""
        result = Result(rule.id, column, target, probed=False)
        result.add(self.readings.trial(column, rule.word))
        return result

    def _of(self, case: Case) -> frozenset[str]:
        known = self._picked.get(id(case))
        if known is None:
            if len(self._picked) >= _REMEMBERED:
                self._picked.clear()
            known = (case, frozenset(r.id for r in self.requirements if r.of(case)))
            self._picked[id(case)] = known  # keeps the case, so that no other gets its id()
        return known[1]
