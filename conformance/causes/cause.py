"""A cause: why some calls of one implementation fail, as far as it is known."""

from __future__ import annotations

from attrs import define, field

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.causes.condition_search import Formula
from conv_transpose_conformance.causes.failures import FailureKind
from conv_transpose_conformance.causes.fault_match import Diagnosis
from conv_transpose_conformance.causes.shrink import Located
from conv_transpose_conformance.causes.worked_example import Example
from conv_transpose_conformance.judging.verdicts import Check, Record


@define
class Cause:
    """Why some calls of one implementation fail, as far as it is known; cases are in order of size."""

    implementation: str
    framework: str
    family: FailureKind
    records: dict[Case, list[Record]]  # the run's failing calls
    passes: int = 0  # calls of the run that passed the same checks
    formula: Formula | None = None
    held_by: int = 0  # how many of the failing calls, asked ones included, the condition holds for
    failing: int = 0  # of so many
    excepted: int = 0  # how many passing calls it holds for
    passing: int = 0  # of so many
    asked: int = 0
    settled: bool = False
    roughly: tuple[Formula, int] | None = None  # a shorter condition, and the passes that contradict it
    smallest: Case | None = None
    smallest_records: list[Record] = field(factory=list)
    located: Located | None = None
    diagnosis: Diagnosis | None = None
    example: Example | None = None

    @property
    def first(self) -> Record:
        """The record that a cause is shown by: of the smallest case, the first check that fails."""
        return min(self.smallest_records, key=lambda record: list(Check).index(record.check))
