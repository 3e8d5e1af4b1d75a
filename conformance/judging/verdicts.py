"""The closed set of verdicts, the checks, and the record that joins them to a case."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Target


class Verdict(StrEnum):
    """What a check on one case found."""

    PASS = "pass"
    DIVERGE = "diverge"
    ALLOWED = "allowed"  # the document permits either
    UNSUPPORTED = "unsupported"  # said clearly by the framework, or documented
    ERROR = "error"  # an exception where the document promises a result
    CRASH = "crash"  # the worker died of a signal
    HANG = "hang"  # no answer within the deadline
    NOT_APPLICABLE = "not-applicable"


FAILING: Final = frozenset({Verdict.DIVERGE, Verdict.ERROR, Verdict.CRASH, Verdict.HANG})


class Check(StrEnum):
    """What is judged of one call, in the order of a report's columns."""

    ACCEPTANCE = "acceptance"
    PARAMETERS = "parameters"
    SHAPE = "shape"
    DTYPE = "dtype"
    VALUES = "values"
    GRAD_INPUT = "grad_input"
    GRAD_WEIGHT = "grad_weight"
    GRAD_BIAS = "grad_bias"


@frozen(kw_only=True)
class Evidence:
    """What a failing check saw; plain data, small enough for a report."""

    expected: Any = None
    actual: Any = None
    difference: Any = None
    shape: tuple[int, ...] = ()
    index: tuple[int, ...] | None = None  # of the worst element
    wrong: int = 0
    elements: int = 0


@frozen(kw_only=True)
class Record:
    """One row of a run: a check of one case on one implementation."""

    case: Case
    implementation: str
    framework: str
    check: Check
    verdict: Verdict
    level: str = ""  # "exact", "bounded" or ""
    met: str = ""  # the least promise that the errors keep: see judging.judge
    error: float | None = None  # the largest error in units of u·A
    escape: float | None = None  # an exact probe's chance of missing a wrong bilinear map (Schwartz-Zippel)
    microseconds: float | None = None  # inside the framework's own calls, for the whole case
    message: str = ""
    evidence: Evidence | None = field(default=None, eq=False)
    framework_version: str = ""  # as the framework states it
    release: str = ""  # of the framework, where a run holds several

    @property
    def key(self) -> str:
        """The implementation, and its release where a run holds several, as reports name it."""
        return Target(self.framework, self.release).key(self.implementation)

    @property
    def target(self) -> str:
        """What it ran on: the framework, and its release where a run holds several."""
        return str(Target(self.framework, self.release))

    @property
    def failing(self) -> bool:
        """Whether the verdict fails a run."""
        return self.verdict in FAILING
