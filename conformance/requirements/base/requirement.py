"""Requirements, their results, and the verdicts that their trials add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Name
from conv_transpose_conformance.judging.severity import Severity, gravest, of_failure
from conv_transpose_conformance.judging.verdicts import FAILING, Check, Record, Verdict
from conv_transpose_conformance.requirements.base.trial import Trial, not_applicable

if TYPE_CHECKING:
    from conv_transpose_conformance.requirements.base.probe import Prober

EVERY: Final = ("*",)
DEFINITION: Final = "definition"  # contradicted by a statement: the operator itself, as the cases judge it
# Ranks trials for the verdict: the gravest failure, else a pass, else the nearest to a pass.
_ORDER: Final = (
    Verdict.CRASH,
    Verdict.HANG,
    Verdict.ERROR,
    Verdict.DIVERGE,
    Verdict.PASS,
    Verdict.ALLOWED,
    Verdict.UNSUPPORTED,
    Verdict.NOT_APPLICABLE,
)
MOST_FAILED: Final = 100  # failing cases that a result lists
# A crash or a hang costs fresh workers; an unsupported call may have compiled a graph.
_COSTLY: Final = (Verdict.CRASH, Verdict.HANG, Verdict.UNSUPPORTED)


@frozen
class Document:
    """A document with statements; ``page`` is its location.

    ``official`` says whether those who make the framework publish it; another can fail no implementation.
    """

    title: str
    page: str
    official: bool = True


@frozen(kw_only=True)
class Requirement:
    """A statement that implementations must satisfy.

    ``source`` is the key of its document in the catalogue.  ``applies`` has names or globs of
    implementations; a variant (``name+variant``) has the requirements of its implementation.  ``needs`` names
    the device that the check requires ("cuda").  ``note`` names the chosen reading where the document
    contradicts itself or another.  ``contradicts`` has the statements that cannot hold together with it: ids
    of requirements of the same API, or ``DEFINITION``.  ``severity`` is that of a probe whose result differs.
    """

    id: str
    statement: str
    source: str
    applies: tuple[str, ...] = EVERY
    needs: str = ""
    note: str = ""
    contradicts: tuple[str, ...] = ()
    severity: Severity = Severity.VALUES

    def concerns(self, implementation: str) -> bool:
        """Whether the requirement applies to an implementation."""
        api = Name.parse(implementation).api
        return any(fnmatchcase(api, glob) for glob in self.applies)


@frozen(kw_only=True)
class Judged(Requirement):
    """A requirement that records decide: those of the cases that ``of`` picks, for these checks.

    Accepted invalid calls do not decide a requirement about valid calls (``working``).
    """

    checks: tuple[Check, ...]
    of: Callable[[Case], bool] = field(eq=False)
    working: bool = False

    def decides(self, record: Record) -> bool:
        """Whether a record of a picked case decides the requirement."""
        accepted = record.check is Check.ACCEPTANCE and record.verdict is Verdict.DIVERGE
        return record.check in self.checks and not (self.working and accepted)


@frozen(kw_only=True)
class Probed(Requirement):
    """A requirement that the ``trials`` of a prober decide; with ``quick`` it is part of every run.

    With ``making`` it concerns the construction of a layer, which precedes any variant of it.
    """

    trials: Callable[[Prober], Iterable[Trial]] = field(eq=False)
    quick: bool = False
    making: bool = False


@frozen(kw_only=True)
class Ruled(Requirement):
    """A requirement that one rule gives the geometry of every call with the padding ``word``."""

    word: str

    def of(self, case: Case) -> bool:
        """Whether a case decides the requirement."""
        return case.padding == self.word


@define
class Result:
    """The result of one requirement on one implementation.

    ``key`` is the implementation, with its release where a run has several.  ``differing`` is the severity of
    a trial that differs and has none of its own.
    """

    requirement: str
    key: str
    target: str
    probed: bool
    counts: Counter[Verdict] = field(factory=Counter)
    left_out: int = 0  # number of omitted tries, of a slow implementation
    differing: Severity = Severity.VALUES
    _telling: Trial | None = None
    _severities: set[Severity] = field(factory=set)
    _failed: dict[str | None, None] = field(factory=dict)  # ids of failing cases, in order

    def add(self, trial: Trial) -> None:
        """Adds a trial; reports show the simplest of the gravest trials."""
        self.counts[trial.verdict] += 1
        if trial.verdict in FAILING:
            self._severities.add(trial.severity or of_failure("", trial.verdict, self.differing))
            if self.probed and len(self._failed) <= MOST_FAILED:
                self._failed[trial.case.id if trial.case is not None else None] = None
        if self._telling is None or _rank(trial) < _rank(self._telling):
            self._telling = trial

    @property
    def verdict(self) -> Verdict:
        """Returns the requirement's verdict; ``not-applicable`` without any trial."""
        return Verdict.NOT_APPLICABLE if self._telling is None else self._telling.verdict

    @property
    def failing(self) -> bool:
        """Whether the requirement fails."""
        return self.verdict in FAILING

    def plain(self) -> dict[str, Any]:
        """Returns the result in the form of run.json."""
        telling = self._telling
        message = "nothing was tried" if telling is None else telling.message
        if self.left_out:
            more = f"{self.left_out} more not tried on a slow variant"
            message = f"{message} ({more})" if message else more
        plain = {
            "requirement": self.requirement,
            "implementation": self.key,
            "framework": self.target,
            "probed": self.probed,
            "verdict": self.verdict.value,
            "counts": {verdict.value: self.counts[verdict] for verdict in Verdict if self.counts[verdict]},
            "message": message,
            "case": telling.case.id if telling is not None and telling.case is not None else None,
        }
        if self.failing:
            plain["severity"] = gravest(self._severities).value
            if self.probed:
                plain["failed"] = list(self._failed)
        return plain


def _rank(trial: Trial) -> tuple[Any, ...]:
    return (
        _ORDER.index(trial.verdict),
        () if trial.case is None else trial.case.complexity,
        trial.message,
    )


def for_each(
    check: Callable[[Prober, Case], Trial | Iterable[Trial]], cases: Callable[[Prober], Iterable[Case]]
) -> Callable[[Prober], Iterator[Trial]]:
    """Returns the trials of a check on each parameter set; not applicable without a parameter set.

    The trials end when a costly verdict (crash, hang, unsupported) repeats, or when the prober is exhausted.
    """

    def trials(prober: Prober) -> Iterator[Trial]:
        ends: set[tuple[Verdict, str]] = set()
        waiting = list(cases(prober))
        if not waiting:
            yield not_applicable("the API cannot express any of the parameter sets")
            return
        for case in prober.limited(waiting):
            found = check(prober, case)
            for trial in [found] if isinstance(found, Trial) else found:
                yield trial
                if trial.verdict in _COSTLY:
                    end = (trial.verdict, trial.message if trial.verdict is Verdict.UNSUPPORTED else "")
                    if end in ends:
                        return
                    ends.add(end)

    return trials


def together(*parts: Callable[[Prober], Iterable[Trial]]) -> Callable[[Prober], Iterator[Trial]]:
    """Returns the trials of all parts, one part after the other."""

    def trials(prober: Prober) -> Iterator[Trial]:
        for part in parts:
            yield from part(prober)

    return trials
