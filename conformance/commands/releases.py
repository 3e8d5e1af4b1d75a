"""Releases of a framework: which there are, and between which two a verdict changed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import (
    BadRelease,
    ConformanceError,
    EnvironmentFailed,
    InvalidCase,
    NothingRan,
)
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.execution.session import make_engine
from conv_transpose_conformance.frameworks.registry import framework_of, wrong_ndim
from conv_transpose_conformance.frameworks.targets import choose, distributions
from conv_transpose_conformance.workers.environment import installer_environment
from conv_transpose_conformance.workers.launch import run

Say = Callable[[str], None]
Outcome = tuple[tuple[str, str], ...]  # check and verdict of each

_PATIENCE: Final = 300.0  # seconds that pip may take to list releases
_LIST: Final = re.compile(r"^Available versions: (.+)$", re.MULTILINE)


def expand(entries: Sequence[str]) -> tuple[str, ...]:
    """``paddlepaddle==2.6.2,3.0.0`` as one requirement a release.

    Raises:
        BadRelease: where an entry is not of that form.
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
    """The releases that the user's pip offers for this Python, the oldest first.

    Raises:
        EnvironmentFailed: where pip cannot say.
    """
    done = run(
        [sys.executable, "-m", "pip", "index", "versions", distribution, "--disable-pip-version-check"],
        installer_environment,
        name="pip",
        deadline=_PATIENCE,
        cwd=Path(),  # pip's settings may name places relative to it
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
    """The verdicts before and from ``version`` on; ``before`` is the release that precedes it."""

    before: str
    version: str
    old: Outcome
    new: Outcome


def bisect(
    case: Case, implementation: str, distribution: str, versions: Sequence[str], say: Say
) -> Change | None:
    """The first release whose verdicts on a case differ from the first's, or None where the last's do not.

    Assumes, as every bisection does, that they changed once.  A release that cannot be installed or started
    is left out.

    Raises:
        NothingRan: where fewer than two releases can be had.
        InvalidCase: where the implementation cannot express the case.
    """
    reason = wrong_ndim(implementation, case)
    if reason:
        raise InvalidCase(f"{implementation} cannot run {case.id}: {reason}")
    left = list(versions)
    known: dict[str, Outcome] = {}

    def outcome(at: int, step: int) -> int:
        """Asks the release at an index, or the nearest towards ``step`` that answers; where that is."""
        while 0 <= at < len(left):
            version = left[at]
            if version not in known:
                try:
                    known[version] = _verdicts(case, implementation, f"{distribution}=={version}", say)
                    failing = [f"{check} {verdict}" for check, verdict in known[version] if verdict != "pass"]
                    say(f"{distribution} {version}: {', '.join(failing) or 'pass'}")
                except InvalidCase:
                    raise
                except ConformanceError as error:
                    say(f"{distribution} {version}: skipped: {error}")
                    del left[at]
                    at += 0 if step > 0 else -1
                    continue
            return at
        raise NothingRan(f"no release of {distribution} could run; choose others with --versions")

    first = outcome(0, 1)
    last = outcome(len(left) - 1, -1)
    old = known[left[first]]
    if first == last:
        raise NothingRan(f"only {distribution} {left[first]} could run; choose others with --versions")
    if known[left[last]] == old:
        return None
    low, high = left[first], left[last]
    while left.index(high) - left.index(low) > 1:
        middle = left.index(low) + (left.index(high) - left.index(low)) // 2
        version = left[outcome(middle, -1)]
        if version == low:
            continue  # what lay between from here down is left out
        if known[version] == old:
            low = version
        else:
            high = version
    return Change(low, high, old, known[high])


def _verdicts(case: Case, implementation: str, requirement: str, say: Say) -> Outcome:
    engine = make_engine((implementation,), choose((), (requirement,)))
    found: list[tuple[str, str]] = []
    for event in engine.run([case]):
        match event:
            case events.Judged(records):
                if str(records[0].verdict) == "not-applicable":
                    raise InvalidCase(f"{implementation} cannot express {case.id}: {records[0].message}")
                found += [(str(record.check), str(record.verdict)) for record in records]
            case events.Unavailable(_, reason):
                raise NothingRan(reason)
            case events.Preparing(_, message):
                say(f"{requirement}: {message}")
    return tuple(found)


def distribution_of(framework: str, implementation: str) -> str:
    """The distribution that ``--framework`` names, for an implementation of that framework.

    Raises:
        BadRelease: where it names none, or another framework's.
    """
    mine = framework_of(implementation)
    for distribution, of in distributions().items():
        if framework in (distribution, of):
            if of == mine:
                return distribution
            raise BadRelease(f"--framework {framework!r}: {implementation} belongs to {mine}")
    raise BadRelease(f"--framework {framework!r} is none of {', '.join(distributions())}")
