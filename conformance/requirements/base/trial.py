"""Trials, and constructors for their five usual verdicts."""

from __future__ import annotations

from attrs import frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.judging.verdicts import Verdict


@frozen
class Trial:
    """One trial: its verdict, a message of one line, and its parameters.

    ``severity`` is that of a failing trial, None for that of its verdict and requirement.
    """

    verdict: Verdict
    message: str = ""
    case: Case | None = None
    severity: Severity | None = None


def passed(case: Case | None = None, message: str = "") -> Trial:
    """Returns the trial of a requirement that holds."""
    return Trial(Verdict.PASS, message, case)


def differs(message: str, case: Case | None = None, severity: Severity | None = None) -> Trial:
    """Returns the trial of a failed requirement; ``message`` has the expected and the actual result."""
    return Trial(Verdict.DIVERGE, message, case, severity)


def unsupported(message: str, case: Case | None = None) -> Trial:
    """Returns the trial of an impossible check; the framework or the suite gives the reason."""
    return Trial(Verdict.UNSUPPORTED, message, case)


def reported(message: str, case: Case | None = None) -> Trial:
    """Returns the trial of an observation that no document decides."""
    return Trial(Verdict.ALLOWED, message, case)


def not_applicable(message: str) -> Trial:
    """Returns the trial of a requirement without meaning for this implementation."""
    return Trial(Verdict.NOT_APPLICABLE, message)
