"""What a requirement is, what is found of it, and how findings add up to a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Name
from conv_transpose_conformance.judging.verdicts import FAILING, Check, Record, Verdict
from conv_transpose_conformance.requirements.base.trial import Trial, not_applicable

if TYPE_CHECKING:
    from conv_transpose_conformance.requirements.base.probe import Prober

EVERY: Final = ("*",)
# Which finding speaks for a requirement: the gravest failure, else a pass, else what came nearest to one.
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
# A crash or a hang takes fresh workers; what is unsupported may have compiled a graph.
_COSTLY: Final = (Verdict.CRASH, Verdict.HANG, Verdict.UNSUPPORTED)


@frozen
class Document:
    """A document that statements are taken from; ``page`` says where it is found."""

    title: str
    page: str


@frozen(kw_only=True)
class Requirement:
    """A statement that implementations are held to.

    ``source`` is the key of its document in the catalogue.  ``applies`` holds names or globs of
    implementations; a variant (``name+variant``) is held to what its implementation is held to.  ``needs``
    names the device without which it cannot be checked ("cuda").  ``note`` says which reading is taken where
    the document contradicts itself or another.
    """

    id: str
    statement: str
    source: str
    applies: tuple[str, ...] = EVERY
    needs: str = ""
    note: str = ""

    def concerns(self, implementation: str) -> bool:
        """Whether an implementation is held to it."""
        api = Name.parse(implementation).api
        return any(fnmatchcase(api, glob) for glob in self.applies)


@frozen(kw_only=True)
class Judged(Requirement):
    """Decided by the records of the cases that ``of`` picks, for these checks.

    One of what must work (``working``) is not decided by calls that should have been refused and were not.
    """

    checks: tuple[Check, ...]
    of: Callable[[Case], bool] = field(eq=False)
    working: bool = False

    def decides(self, record: Record) -> bool:
        """Whether a record of a case that it picks decides it."""
        accepted = record.check is Check.ACCEPTANCE and record.verdict is Verdict.DIVERGE
        return record.check in self.checks and not (self.working and accepted)


@frozen(kw_only=True)
class Probed(Requirement):
    """Decided by what ``trials`` finds at a prober.  With ``quick`` it is part of every run.

    One of ``making`` asks how a layer is made, which happens before any variant of it exists.
    """

    trials: Callable[[Prober], Iterable[Trial]] = field(eq=False)
    quick: bool = False
    making: bool = False


@define
class Result:
    """What was found of one requirement on one implementation (``key``: with its release, where a run
    holds several)."""

    requirement: str
    key: str
    target: str
    probed: bool
    counts: Counter[Verdict] = field(factory=Counter)
    left_out: int = 0  # tries, of an implementation that is slow by nature
    _telling: Trial | None = None

    def add(self, trial: Trial) -> None:
        """Takes a finding; the simplest of the gravest is the one that is told."""
        self.counts[trial.verdict] += 1
        if self._telling is None or _rank(trial) < _rank(self._telling):
            self._telling = trial

    @property
    def verdict(self) -> Verdict:
        """The requirement's verdict; ``not-applicable`` where nothing was tried."""
        return Verdict.NOT_APPLICABLE if self._telling is None else self._telling.verdict

    @property
    def failing(self) -> bool:
        """Whether it does not hold."""
        return self.verdict in FAILING

    def plain(self) -> dict[str, Any]:
        """As run.json has it."""
        telling = self._telling
        message = "nothing was tried" if telling is None else telling.message
        if self.left_out:
            more = f"{self.left_out} more not tried on a slow variant"
            message = f"{message} ({more})" if message else more
        return {
            "requirement": self.requirement,
            "implementation": self.key,
            "framework": self.target,
            "probed": self.probed,
            "verdict": self.verdict.value,
            "counts": {verdict.value: self.counts[verdict] for verdict in Verdict if self.counts[verdict]},
            "message": message,
            "case": telling.case.id if telling is not None and telling.case is not None else None,
        }


def _rank(trial: Trial) -> tuple[Any, ...]:
    return (
        _ORDER.index(trial.verdict),
        () if trial.case is None else trial.case.complexity,
        trial.message,
    )


def for_each(
    check: Callable[[Prober, Case], Trial | Iterable[Trial]], cases: Callable[[Prober], Iterable[Case]]
) -> Callable[[Prober], Iterator[Trial]]:
    """Trials of a check on each of some parameter sets; not applicable where there are none.

    No more are tried after the second that ends like one before in a way that costs much and tells little,
    nor where the prober has had enough.
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
    """The trials of all the parts."""

    def trials(prober: Prober) -> Iterator[Trial]:
        for part in parts:
            yield from part(prober)

    return trials


def fails(result: Mapping[str, Any]) -> bool:
    """Whether a result, as run.json has it, fails a run of its own.

    One that cases decided does not: it is as expected or unexpected as the divergences of those cases.
    """
    return bool(result["probed"]) and result["verdict"] in FAILING
