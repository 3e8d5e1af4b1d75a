"""Evaluates a run's requirements: examines them, adds up their results, and compares with expectations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.execution.engine import Engine
from conv_transpose_conformance.expectations import Expectations
from conv_transpose_conformance.frameworks.registry import framework_of
from conv_transpose_conformance.reports.store.findings import fails
from conv_transpose_conformance.requirements.base.requirement import Requirement, Result
from conv_transpose_conformance.requirements.examine import Subject
from conv_transpose_conformance.requirements.tally import Tally


def subjects_of(engine: Engine, frameworks: Mapping[str, dict[str, Any]]) -> list[Subject]:
    """Returns the implementations of each target that ran; ``frameworks`` are the entries of run.json."""
    return [
        Subject(target, Path(entry["interpreter"]), _columns(engine, Target.parse(target)))
        for target in engine.targets
        if (entry := frameworks[target])["status"] == "ran" and entry.get("interpreter")
    ]


def evaluated(
    requirements: Sequence[Requirement],
    tally: Tally,
    probed: Iterable[Result],
    subjects: Iterable[Subject],
    frameworks: Mapping[str, dict[str, Any]],
    expectations: Expectations,
) -> list[dict[str, Any]]:
    """Returns the results as in run.json: those that the tally decides, and those ``probed``.

    Each failing probed result says whether it was expected; for the others, the divergences of their cases
    say so.
    """
    columns = {column: subject.target for subject in subjects for column in subject.columns.values()}
    order = {requirement.id: position for position, requirement in enumerate(requirements)}
    places = {column: position for position, column in enumerate(columns)}
    results = sorted(
        [*tally.results(columns), *probed],
        key=lambda result: (order[result.requirement], places[result.key]),
    )
    return [with_expected(result.plain(), frameworks, expectations) for result in results]


def with_expected(
    result: dict[str, Any], frameworks: Mapping[str, dict[str, Any]], expectations: Expectations
) -> dict[str, Any]:
    """Returns a result, with its expectation if it fails a run."""
    if not fails(result):
        return result
    version = frameworks.get(result["framework"], {}).get("version") or ""
    expected = expectations.of_requirement(result["requirement"], result["implementation"], version)
    return {**result, "expected": expected}


def _columns(engine: Engine, target: Target) -> dict[str, str]:
    return {
        name: target.key(name) for name in engine.implementations if framework_of(name) == target.framework
    }
