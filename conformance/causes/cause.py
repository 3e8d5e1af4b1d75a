"""A cause: the known reason why some calls of one implementation fail."""

from __future__ import annotations

from attrs import define, field

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.causes.condition_search import Formula
from conv_transpose_conformance.causes.failures import FailureKind
from conv_transpose_conformance.causes.fault_match import Diagnosis
from conv_transpose_conformance.causes.shrink import Located
from conv_transpose_conformance.causes.worked_example import Example
from conv_transpose_conformance.judging.severity import Severity, gravest, of_failure
from conv_transpose_conformance.judging.verdicts import Check, Record


@define
class Cause:
    """The known reason why some calls of one implementation fail; cases are in order of size."""

    implementation: str
    framework: str
    family: FailureKind
    records: dict[Case, list[Record]]  # the run's failing calls
    passes: int = 0  # number of the run's calls that passed the same checks
    formula: Formula | None = None
    held_by: int = 0  # failing calls that satisfy the condition, asked ones included
    failing: int = 0  # all failing calls
    excepted: int = 0  # passing calls that satisfy the condition
    passing: int = 0  # all passing calls
    asked: int = 0
    settled: bool = False
    roughly: tuple[Formula, int] | None = None  # a shorter condition, and how many passes contradict it
    smallest: Case | None = None
    smallest_records: list[Record] = field(factory=list)
    located: Located | None = None
    diagnosis: Diagnosis | None = None
    example: Example | None = None

    @property
    def severity(self) -> Severity:
        """Returns how grave the failure is: as grave as the gravest of its verdicts."""
        return gravest(of_failure(r.check, r.verdict) for records in self.records.values() for r in records)

    @property
    def first(self) -> Record:
        """Returns the record that reports show: the first failing check of the smallest case."""
        return min(self.smallest_records, key=lambda record: list(Check).index(record.check))
