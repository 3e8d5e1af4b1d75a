"""Holds the state that a run's phases and handlers share."""

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
    """Returns the run.json entry of a framework from its worker's description."""
    return {"status": "ran", "reason": None, **{key: info.get(key) or None for key in _DESCRIBED}}


def unavailable(reason: str, optional: bool = False) -> dict[str, Any]:
    """Returns the run.json entry of a framework that could not start."""
    return {"status": "unavailable", "reason": reason, "optional": optional, **dict.fromkeys(_DESCRIBED)}


@define(kw_only=True)
class RunContext:
    """Holds one run: its options, and its phases' findings so far.

    Attributes:
        facts: the profile, seed, budget and shard.
        explaining: whether the run asks the frameworks further questions about divergences.
        frameworks: the entries of run.json, by target.
        results: the requirements' results, as in run.json.
        drift: the documents that have drifted, as in run.json.
        scripts: the reproduction scripts of ``causes``, once the search for causes has begun.
        divergences: the content of divergences.json.
        written: the contents of run.json and divergences.json, once written.
        failure: the exception that ended the run early.
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
    drift: list[dict[str, Any]] = field(factory=list)
    causes: list[Cause] = field(factory=list)
    scripts: Scripts | None = None
    divergences: list[dict[str, Any]] = field(factory=list)
    written: tuple[dict[str, Any], list[dict[str, Any]]] | None = None
    failure: BaseException | None = None

    @property
    def interrupted(self) -> bool:
        """Whether the user asked to stop."""
        return self.engine.interrupt.requested

    @property
    def complete(self) -> bool:
        """Whether the run is written and no call is left."""
        lost = any(entry["status"] == "ran" and entry["reason"] for entry in self.frameworks.values())
        return self.written is not None and not self.interrupted and not lost
