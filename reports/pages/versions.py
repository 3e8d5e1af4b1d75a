"""A run of several releases: failures per release, and changes from one to the next."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from conv_transpose_conformance.cases.names import Name
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.reports.pages.words import check_name, failing, judged
from conv_transpose_conformance.text import plain


def by_version(run: dict[str, Any]) -> str:
    """Returns the matrix of implementations and releases as text, then the changes, one per line."""
    columns: dict[str, dict[str, dict[str, Any]]] = {}
    for column, entry in run["implementations"].items():
        name = Name.parse(column)
        columns.setdefault(name.implementation, {})[name.release] = entry
    lines = []
    for implementation, versions in columns.items():
        lines.append(plain(implementation))
        for version in _in_order(versions):
            counts = versions[version]["verdicts"]
            lines.append(
                f"  {plain(version):<12} {failing(counts):>6,} failing of {judged(counts):>8,} judged"
            )
    changes = [change for item in columns.items() for change in _changes(*item)]
    lines += [
        "",
        "What changed:" if changes else "No verdict of a case changed between the releases.",
        *changes,
    ]
    return "\n".join(lines)


def _changes(implementation: str, versions: dict[str, dict[str, Any]]) -> list[str]:
    found = []
    order = _in_order(versions)
    for before, after in pairwise(order):
        old, new = versions[before]["checks"], versions[after]["checks"]
        for check in (str(check) for check in Check):
            was, now = old.get(check, {}), new.get(check, {})
            if was != now:
                verdicts = sorted(set(was) | set(now))
                moved = [
                    f"{v} {was.get(v, 0)} → {now.get(v, 0)}" for v in verdicts if was.get(v) != now.get(v)
                ]
                found.append(
                    plain(f"  {implementation}, {check_name(check)}, {before} → {after}: {', '.join(moved)}")
                )
    return found


def _in_order(versions: dict[str, Any]) -> list[str]:
    def key(version: str) -> list[tuple[int, str]]:
        parts = version.replace("-", ".").replace("+", ".").split(".")
        return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]

    return sorted(versions, key=key)
