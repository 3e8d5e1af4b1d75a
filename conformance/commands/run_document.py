"""Builds the content of run.json for a run or a merged run, and its exit code."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from conv_transpose_conformance.cases.names import Name
from conv_transpose_conformance.expectations import Expectations
from conv_transpose_conformance.requirements.base.requirement import Requirement, fails
from conv_transpose_conformance.requirements.catalogue import described

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
    divergences: Sequence[Mapping[str, Any]],
    expectations: Expectations,
    readings: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Returns the content of run.json, without the implementations' own entries.

    ``about`` holds the facts that depend on the kind of run: its start, its options, its host, and its exit
    code if that does not follow from the findings.
    """
    return {
        "exit_code": exit_code([*divergences, *filter(fails, results)], frameworks),
        **about,
        "frameworks": frameworks,
        "requirements": {"catalogue": [described(r) for r in requirements], "results": results},
        "readings": list(readings),
        "document_drift": drift,
        "expectations": {
            "file": str(expectations.path),
            "entries": len(expectations.entries),
            "stale": stale(expectations, implementations, frameworks),
        },
    }


def unexpected(divergence: Mapping[str, Any]) -> bool:
    """Whether a divergence fails a run."""
    expected = divergence.get("expected")
    return expected is None or not expected["all"]


def exit_code(divergences: Iterable[Mapping[str, Any]], frameworks: Mapping[str, dict[str, Any]]) -> int:
    """Returns 1 if a divergence fails the run, else 3 if a framework was not judged to the end, else 0.

    An absent optional framework does not count, as long as another framework ran.
    """
    if any(map(unexpected, divergences)):
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
