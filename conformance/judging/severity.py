"""How grave a failure is, in one closed order by which causes are sorted and runs fail, and whose fault."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from conv_transpose_conformance.errors import UnknownSeverity
from conv_transpose_conformance.judging.verdicts import Check, Verdict


class Attribution(StrEnum):
    """Whose fault it is that a statement does not hold."""

    IMPLEMENTATION = "implementation"
    DOCUMENT = "document"
    UNDECIDED = "undecided"


class Severity(StrEnum):
    """How grave a failure is, the gravest first; the value is the word of ``--fail-on``."""

    VALUES = "values"
    GRADIENTS = "gradients"
    CRASH = "crash"
    HANG = "hang"
    SHAPE = "shape"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    DOCUMENT = "document"

    @property
    def rank(self) -> int:
        """Returns the place in the order, 0 for the gravest."""
        return _ORDER.index(self)

    @property
    def words(self) -> str:
        """Returns the severity in the words of reports."""
        return _WORDS[self]

    def reaches(self, threshold: Severity) -> bool:
        """Whether it is at least as grave as ``threshold``."""
        return self.rank <= threshold.rank


_ORDER: Final = tuple(Severity)
_WORDS: Final = {
    Severity.VALUES: "silently wrong values",
    Severity.GRADIENTS: "silently wrong gradients",
    Severity.CRASH: "crash",
    Severity.HANG: "hang",
    Severity.SHAPE: "wrong shape or dtype",
    Severity.ACCEPTED: "nonsense accepted",
    Severity.REFUSED: "documented call refused",
    Severity.DOCUMENT: "error of a document",
}
_OF_VERDICTS: Final = {
    Verdict.CRASH: Severity.CRASH,
    Verdict.HANG: Severity.HANG,
    Verdict.ERROR: Severity.REFUSED,
}
_OF_CHECKS: Final = {
    Check.ACCEPTANCE: Severity.ACCEPTED,
    Check.PARAMETERS: Severity.SHAPE,
    Check.SHAPE: Severity.SHAPE,
    Check.DTYPE: Severity.SHAPE,
    Check.VALUES: Severity.VALUES,
    Check.GRAD_INPUT: Severity.GRADIENTS,
    Check.GRAD_WEIGHT: Severity.GRADIENTS,
    Check.GRAD_BIAS: Severity.GRADIENTS,
}
FAIL_ON: Final = Severity.REFUSED  # by default everything but errors of documents fails a run


def of_failure(check: str, verdict: str, differing: Severity | None = None) -> Severity:
    """Returns the severity of a failing verdict; ``differing`` replaces that of a check that diverges.

    A check that this version of the suite does not know counts as the gravest.
    """
    found = _OF_VERDICTS.get(Verdict(verdict))
    return found or differing or (_OF_CHECKS[Check(check)] if check in _OF_CHECKS else Severity.VALUES)


def gravest(severities: Iterable[Severity]) -> Severity:
    """Returns the gravest of severities, of which there is at least one."""
    return min(severities, key=lambda severity: severity.rank)


def parse(word: str) -> Severity:
    """Returns the severity of a word.

    Raises:
        UnknownSeverity: for another word; names the nearest.
    """
    known = [severity.value for severity in Severity]
    if word in known:
        return Severity(word)
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    raise UnknownSeverity(f"{word!r} is no severity: {hint}The gravest first, they are {', '.join(known)}")
