"""Verdicts, checks, and records, which connect them with a case."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from attrs import field, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.reference_impl import Geometry


class Verdict(StrEnum):
    """The result of a check on one case."""

    PASS = "pass"
    DIVERGE = "diverge"
    ALLOWED = "allowed"  # the documents leave it open
    UNSUPPORTED = "unsupported"  # the framework or its documents say so plainly
    ERROR = "error"  # an exception, although the documents promise a result
    CRASH = "crash"  # a signal killed the worker
    HANG = "hang"  # no answer within the deadline
    NOT_APPLICABLE = "not-applicable"


FAILING: Final = frozenset({Verdict.DIVERGE, Verdict.ERROR, Verdict.CRASH, Verdict.HANG})


class Check(StrEnum):
    """The questions that are judged about one call, in the order of report columns."""

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
    """What a failing check compared: plain data, small enough for a report."""

    expected: Any = None
    actual: Any = None
    difference: Any = None
    shape: tuple[int, ...] = ()
    index: tuple[int, ...] | None = None  # index of the worst element
    wrong: int = 0
    elements: int = 0


@frozen(kw_only=True)
class Record:
    """One row of a run: the verdict of one check of one case on one implementation."""

    case: Case
    implementation: str
    framework: str
    check: Check
    verdict: Verdict
    level: str = ""  # the criterion: "exact", "bounded" or ""
    met: str = ""  # the accuracy, the tightest bound that the errors meet: see judging.judge
    error: float | None = None  # the largest error in units of u·A
    escape: float | None = None  # escape probability of an exact probe (Schwartz-Zippel)
    microseconds: float | None = None  # inside the framework's own calls, for the whole case
    message: str = ""
    evidence: Evidence | None = field(default=None, eq=False)
    framework_version: str = ""  # as the framework states it
    release: str = ""  # of the framework, if a run has several
    observed: Geometry | None = None  # found in the output, where no document gives a geometry

    @property
    def key(self) -> str:
        """The implementation as reports name it, with its release if a run has several."""
        if not self.release:  # nearly always, and asked for every record
            return self.implementation
        return Target(self.framework, self.release).key(self.implementation)

    @property
    def target(self) -> str:
        """The framework that it ran on, with its release if a run has several."""
        return str(Target(self.framework, self.release))

    @property
    def failing(self) -> bool:
        """Whether the verdict fails a run."""
        return self.verdict in FAILING
