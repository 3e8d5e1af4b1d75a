"""What run.json holds, put together for a run and for a merged one, and the exit code in it."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from conv_transpose_conformance.cases.names import Name
from conv_transpose_conformance.expectations import Expectations
from conv_transpose_conformance.requirements.base.requirement import Requirement, fails
from conv_transpose_conformance.requirements.catalogue import described

DISTRIBUTION: Final = "conv-transpose-conformance"
INTERRUPTED: Final = 130  # what a shell reports of a program ended by Ctrl-C


def suite_version() -> str:
    """The version of this suite."""
    return importlib.metadata.version(DISTRIBUTION)


def suite() -> dict[str, str]:
    """This suite's name and version."""
    return {"name": DISTRIBUTION, "version": suite_version()}


def run_document(
    about: Mapping[str, Any],
    *,
    frameworks: Mapping[str, dict[str, Any]],
    implementations: Mapping[str, Any],
    requirements: Sequence[Requirement],
    results: Sequence[Mapping[str, Any]],
    divergences: Sequence[Mapping[str, Any]],
    expectations: Expectations,
) -> dict[str, Any]:
    """The content of run.json, but for the implementations' own entries.

    ``about`` has what only the kind of run knows: when it was started, what was asked for, its host, and its
    exit code where that does not follow from what was found.
    """
    return {
        "exit_code": exit_code([*divergences, *filter(fails, results)], frameworks),
        **about,
        "frameworks": frameworks,
        "requirements": {"catalogue": [described(r) for r in requirements], "results": results},
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
    """1 where a divergence fails the run, else 3 where a framework was not judged to the end, else 0.

    An optional framework that is not there is not missed, as long as another ran.
    """
    if any(map(unexpected, divergences)):
        return 1
    entries = [entry for entry in frameworks.values() if not entry.get("optional")]
    return 0 if entries and all(e["status"] == "ran" and not e["reason"] for e in entries) else 3


def stale(
    expectations: Expectations, implementations: Mapping[str, Any], frameworks: Mapping[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """The entries that should have matched something in a run and did not."""
    judged = [
        (Name.parse(name).implementation, frameworks.get(entry["framework"], {}).get("version"))
        for name, entry in implementations.items()
        if entry["judged"]
    ]
    return expectations.stale(judged)
