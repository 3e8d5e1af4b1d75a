"""What the phases and the handlers of a run share."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import Factory, define, field
from rich.console import Console

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.causes.cause import Cause
from conv_transpose_conformance.commands.recorder import Recorder
from conv_transpose_conformance.execution.engine import Engine
from conv_transpose_conformance.expectations import Expectations
from conv_transpose_conformance.reports.divergences import Scripts
from conv_transpose_conformance.reports.store.folder import RunFolder
from conv_transpose_conformance.reports.store.journal import Journal
from conv_transpose_conformance.requirements.base.requirement import Requirement

_DESCRIBED: Final = ("version", "python", "numpy", "r", "device", "interpreter", "dtypes")


def ran(info: Mapping[str, Any]) -> dict[str, Any]:
    """The entry in run.json of a framework whose worker describes itself so."""
    return {"status": "ran", "reason": None, **{key: info.get(key) or None for key in _DESCRIBED}}


def unavailable(reason: str, optional: bool = False) -> dict[str, Any]:
    """The entry in run.json of a framework that could not be started."""
    return {"status": "unavailable", "reason": reason, "optional": optional, **dict.fromkeys(_DESCRIBED)}


@define(kw_only=True)
class RunContext:
    """One run: what was asked for, and what its phases have found so far.

    Attributes:
        facts: the profile, seed, budget and shard.
        explaining: whether the frameworks are asked further about what diverges.
        frameworks: run.json's, by target.
        results: the requirements' results, as run.json has them.
        scripts: the reproduction scripts of ``causes``, once these are looked for.
        divergences: the content of divergences.json.
        written: what run.json and divergences.json hold, once they are written.
        failure: what ended the run before its end.
    """

    engine: Engine
    cases: Iterable[Case]
    folder: RunFolder
    console: Console
    facts: Mapping[str, Any]
    expectations: Expectations
    explaining: bool = False
    requirements: Sequence[Requirement] = ()
    started: datetime.datetime = field(factory=lambda: datetime.datetime.now(datetime.UTC))
    journal: Journal
    recorder: Recorder
    frameworks: dict[str, dict[str, Any]] = field(
        default=Factory(
            lambda self: {target: unavailable("not started") for target in self.engine.targets},
            takes_self=True,
        )
    )
    results: list[dict[str, Any]] = field(factory=list)
    causes: list[Cause] = field(factory=list)
    scripts: Scripts | None = None
    divergences: list[dict[str, Any]] = field(factory=list)
    written: tuple[dict[str, Any], list[dict[str, Any]]] | None = None
    failure: BaseException | None = None

    @property
    def interrupted(self) -> bool:
        """Whether the user asked for the end."""
        return self.engine.interrupt.requested

    @property
    def complete(self) -> bool:
        """Whether the run is written and nothing is left to be asked."""
        lost = any(entry["status"] == "ran" and entry["reason"] for entry in self.frameworks.values())
        return self.written is not None and not self.interrupted and not lost
