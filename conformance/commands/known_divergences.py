"""Builds the content of divergences.json: causes as plain data, with their scripts and expectations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from conv_transpose_conformance.causes.cause import Cause
from conv_transpose_conformance.expectations import Expectations
from conv_transpose_conformance.reports.divergences import Scripts, divergences
from conv_transpose_conformance.reports.scripts.execution import Executions
from conv_transpose_conformance.reports.store.summary import Summary

Frameworks = Mapping[str, Mapping[str, Any]]


def interpreters_of(frameworks: Frameworks) -> dict[str, Path]:
    """Returns the interpreters of the targets that ran; ``frameworks`` are the entries of run.json."""
    return {
        target: Path(entry["interpreter"])
        for target, entry in frameworks.items()
        if entry["status"] == "ran" and entry.get("interpreter")
    }


def scripts_of(
    frameworks: Frameworks,
    interpreters: Mapping[str, Path],
    cancelled: Callable[[], bool] = lambda: False,
) -> Scripts:
    """Returns the scripts of a run's causes; the interpreters execute them until ``cancelled``."""
    ran = {target: entry for target, entry in frameworks.items() if entry["status"] == "ran"}
    return Scripts(
        Executions(interpreters, cancelled),
        versions={target: entry.get("version") or "" for target, entry in ran.items()},
        devices={target: entry.get("device") or "cpu" for target, entry in ran.items()},
    )


def known_divergences(
    causes: Sequence[Cause], summary: Summary, scripts: Scripts, expectations: Expectations
) -> list[dict[str, Any]]:
    """Returns an entry of divergences.json for each cause, in order; waits for the scripts."""
    found = divergences(causes, summary, scripts)
    for cause, entry in zip(causes, found, strict=True):
        records = [record for of_case in cause.records.values() for record in of_case]
        entry["expected"] = expectations.explain(records, scripts.versions.get(cause.framework))
    return found
