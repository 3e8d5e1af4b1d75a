"""Builds the content of run.json for a run or a merged run, and its exit code."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from typing import Any, Final

from conv_transpose_conformance.cases.names import Name
from conv_transpose_conformance.commands.repeats import linked
from conv_transpose_conformance.expectations import Expectations
from conv_transpose_conformance.reports.store.findings import findings
from conv_transpose_conformance.requirements.attribution import attributed
from conv_transpose_conformance.requirements.base.requirement import Requirement
from conv_transpose_conformance.requirements.catalogue import described, load

DISTRIBUTION: Final = "conv-transpose-conformance"
INTERRUPTED: Final = 130  # a shell's exit code for a program ended by Ctrl-C


def suite_version() -> str:
    """Returns the version of this suite."""
    return importlib.metadata.version(DISTRIBUTION)


def suite() -> dict[str, str]:
    """Returns this suite's name and version."""
    return {"name": DISTRIBUTION, "version": suite_version()}


def run_document(
    about: Mapping[str, Any],
    *,
    frameworks: Mapping[str, dict[str, Any]],
    implementations: Mapping[str, Any],
    requirements: Sequence[Requirement],
    results: Sequence[Mapping[str, Any]],
    drift: Sequence[Mapping[str, Any]],
    divergences: Sequence[dict[str, Any]],
    expectations: Expectations,
    readings: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Returns the content of run.json, without the implementations' own entries.

    ``about`` holds the facts that depend on the kind of run: its start, its options, its host, and its exit
    code if that does not follow from the findings.  The results get whose fault they are, and the causes that
    they repeat.
    """
    told = linked(attributed(results, requirements, load().documents, implementations), divergences)
    catalogue = [described(requirement) for requirement in requirements]
    examined = {"requirements": {"catalogue": catalogue, "results": told}}
    failing = findings({**about, **examined}, divergences).failing
    return {
        "exit_code": exit_code(failing=bool(failing), frameworks=frameworks),
        **about,
        "frameworks": frameworks,
        "readings": list(readings),
        "document_drift": drift,
        **examined,
        "expectations": {
            "file": str(expectations.path),
            "entries": len(expectations.entries),
            "stale": stale(expectations, implementations, frameworks),
        },
    }


def exit_code(*, failing: bool, frameworks: Mapping[str, dict[str, Any]]) -> int:
    """Returns 1 if a finding fails the run, else 3 if a framework was not judged to the end, else 0.

    An absent optional framework does not count, as long as another framework ran.
    """
    if failing:
        return 1
    entries = [entry for entry in frameworks.values() if not entry.get("optional")]
    return 0 if entries and all(e["status"] == "ran" and not e["reason"] for e in entries) else 3


def stale(
    expectations: Expectations, implementations: Mapping[str, Any], frameworks: Mapping[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """Returns the entries that should have matched something in a run and did not."""
    judged = [
        (Name.parse(name).implementation, frameworks.get(entry["framework"], {}).get("version"))
        for name, entry in implementations.items()
        if entry["judged"]
    ]
    return expectations.stale(judged)
