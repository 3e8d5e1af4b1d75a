"""Words on documents that have drifted from the ones that statements were written for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def told(entry: Mapping[str, Any]) -> str:
    """Returns the sentence on one implementation's docstring, without a full stop."""
    sentences = "sentence" if entry["new"] == 1 else "sentences"
    return (
        f"the docstring of {entry['implementation']} in {entry['framework'].partition('@')[0]} "
        f"{entry['version']} differs from the one that its statements were written for "
        f"({entry['recorded']}): {entry['new']:,} {sentences} new, {entry['gone']:,} gone"
    )


def drifted(run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns the entries of a run, none for one that knows of no drift."""
    return list(run.get("document_drift") or ())


def drift_line(run: Mapping[str, Any]) -> str:
    """Returns one line on all that has drifted in a run, "" where nothing has."""
    entries = drifted(run)
    if not entries:
        return ""
    others = f"; and {len(entries) - 1:,} more, all in the report" if len(entries) > 1 else ""
    return f"Document drift: {told(entries[0])}{others}."
