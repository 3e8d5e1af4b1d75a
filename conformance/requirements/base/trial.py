"""One thing tried, and the five things that can come of it."""

from __future__ import annotations

from attrs import frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import Verdict


@frozen
class Trial:
    """One thing tried: its verdict, one line that says what happened, and the parameters it was tried on."""

    verdict: Verdict
    message: str = ""
    case: Case | None = None


def passed(case: Case | None = None, message: str = "") -> Trial:
    """It holds."""
    return Trial(Verdict.PASS, message, case)


def differs(message: str, case: Case | None = None) -> Trial:
    """It does not hold; ``message`` says what was expected and what came."""
    return Trial(Verdict.DIVERGE, message, case)


def unsupported(message: str, case: Case | None = None) -> Trial:
    """It cannot be checked here: the framework, or the suite, says why."""
    return Trial(Verdict.UNSUPPORTED, message, case)


def reported(message: str, case: Case | None = None) -> Trial:
    """What was seen where no document decides."""
    return Trial(Verdict.ALLOWED, message, case)


def not_applicable(message: str) -> Trial:
    """It means nothing for this implementation."""
    return Trial(Verdict.NOT_APPLICABLE, message)
