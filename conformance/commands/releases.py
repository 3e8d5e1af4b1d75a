"""Lists a framework's releases, and finds the two releases between which a verdict changed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import (
    BadRelease,
    ConformanceError,
    EnvironmentFailed,
    InvalidCase,
    NothingRan,
)
from conv_transpose_conformance.execution.case_runner import CaseRunner, cannot_ask
from conv_transpose_conformance.execution.driver import reason_of
from conv_transpose_conformance.execution.interrupts import Interrupt, interruptible
from conv_transpose_conformance.execution.planner import check_size
from conv_transpose_conformance.frameworks.registry import framework_of
from conv_transpose_conformance.frameworks.targets import choose, distributions
from conv_transpose_conformance.workers.environment import installer_environment
from conv_transpose_conformance.workers.launch import run

Say = Callable[[str], None]
Outcome = tuple[tuple[str, str], ...]  # pairs of check and verdict

_PATIENCE: Final = 300.0  # seconds that pip may take to list releases
_LIST: Final = re.compile(r"^Available versions: (.+)$", re.MULTILINE)


def expand(entries: Sequence[str]) -> tuple[str, ...]:
    """Expands e.g. ``paddlepaddle==2.6.2,3.0.0`` to one requirement for each release.

    Raises:
        BadRelease: if an entry does not have that form.
    """
    found: list[str] = []
    for entry in entries:
        distribution, equals, versions = entry.partition("==")
        if not equals or distribution not in distributions() or not all(versions.split(",")):
            raise BadRelease(
                f"{entry!r} is not of the form DISTRIBUTION==VERSION,VERSION with one of "
                f"{', '.join(distributions())}"
            )
        found += [f"{distribution}=={version.strip()}" for version in versions.split(",")]
    return tuple(found)


def available(distribution: str) -> list[str]:
    """Returns the releases that the user's pip offers for this Python, the oldest first.

    Raises:
        EnvironmentFailed: if pip cannot list them.
    """
    done = run(
        [sys.executable, "-m", "pip", "index", "versions", distribution, "--disable-pip-version-check"],
        installer_environment,
        name="pip",
        deadline=_PATIENCE,
        cwd=Path(),  # pip's settings may contain paths relative to it
    )
    if done.code is None:
        raise EnvironmentFailed(
            f"pip cannot list the releases of {distribution}: no answer within {_PATIENCE:g} seconds"
        )
    match = _LIST.search(done.output)
    if match is None:
        said = (done.errors.strip().splitlines() or ["it says nothing"])[-1]
        raise EnvironmentFailed(f"pip cannot list the releases of {distribution}: {said[:300]}")
    return [version.strip() for version in reversed(match[1].split(","))]


@frozen
class Change:
    """Holds the verdicts before ``version`` and from it on; ``before`` is the preceding release."""

    before: str
    version: str
    old: Outcome
    new: Outcome


def bisect(
    case: Case, implementation: str, distribution: str, versions: Sequence[str], say: Say
) -> Change | None:
    """Returns the first release whose verdicts on a case differ from the oldest's, or None.

    None means that the last release's verdicts equal the oldest's.  Like every bisection, this assumes that
    the verdicts changed once.  It skips a release that cannot be installed or started.

    Raises:
        NothingRan: if fewer than two releases are available.
        InvalidCase: if the implementation cannot express the case.
    """
    reason = cannot_ask(case, implementation)
    if reason is not None:
        raise InvalidCase(f"{implementation} {reason}")
    check_size(case)
    with interruptible() as interrupt:
        ask = partial(_verdicts, case, implementation, say=say, interrupt=interrupt)
        return _Releases(distribution, list(versions), ask, say, interrupt).first_change()


@define
class _Releases:
    """Holds the releases left to compare, the oldest first; runs the case on each once."""

    distribution: str
    left: list[str]
    ask: Callable[[str], Outcome]
    say: Say
    interrupt: Interrupt
    _known: dict[str, Outcome] = field(factory=dict, init=False)

    def first_change(self) -> Change | None:
        """Returns the first release whose outcome differs from the oldest's, by halving."""
        low = self._nearest(0, 1)
        high = self._nearest(len(self.left) - 1, -1)
        old = self._known[low]
        if low == high:
            raise NothingRan(f"only {self.distribution} {low} could run; choose others with --versions")
        if self._known[high] == old:
            return None
        while (between := self.left.index(high) - self.left.index(low)) > 1:
            version = self._nearest(self.left.index(low) + between // 2, -1)
            if version == low:
                continue  # no release between here and the lower end can run
            if self._known[version] == old:
                low = version
            else:
                high = version
        return Change(low, high, old, self._known[high])

    def _nearest(self, at: int, step: int) -> str:
        """Returns the release at an index, or the nearest one towards ``step`` that can run the case."""
        while 0 <= at < len(self.left):
            version = self.left[at]
            if version in self._known or self._ask(version):
                return version
            del self.left[at]
            at += 0 if step > 0 else -1
        raise NothingRan(f"no release of {self.distribution} could run; choose others with --versions")

    def _ask(self, version: str) -> bool:
        """Runs the case on a release; returns whether the release could run it."""
        try:
            outcome = self._known[version] = self.ask(f"{self.distribution}=={version}")
        except ConformanceError as error:
            if self.interrupt.requested:
                raise
            self.say(f"{self.distribution} {version}: skipped: {error}")
            return False
        failing = [f"{check} {verdict}" for check, verdict in outcome if verdict != "pass"]
        self.say(f"{self.distribution} {version}: {', '.join(failing) or 'pass'}")
        return True


def _verdicts(case: Case, implementation: str, release: str, *, say: Say, interrupt: Interrupt) -> Outcome:
    def preparing(message: str) -> None:
        say(f"{release}: {message}")

    targets = choose((), (release,))
    (target,) = targets.of(framework_of(implementation))
    with CaseRunner(target, targets, interrupt, preparing) as runner:
        try:
            records = runner.run(case, implementation).records
        except ConformanceError as error:
            raise NothingRan(reason_of(error, target.framework)) from None
    return tuple((str(record.check), str(record.verdict)) for record in records)


def distribution_of(framework: str, implementation: str) -> str:
    """Returns the distribution that ``--framework`` names, for an implementation of that framework.

    Raises:
        BadRelease: if it names no distribution, or another framework's.
    """
    mine = framework_of(implementation)
    for distribution, of in distributions().items():
        if framework in (distribution, of):
            if of == mine:
                return distribution
            raise BadRelease(f"--framework {framework!r}: {implementation} belongs to {mine}")
    raise BadRelease(f"--framework {framework!r} is none of {', '.join(distributions())}")
