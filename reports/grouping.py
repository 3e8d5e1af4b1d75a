"""Joins the entries of causes that several implementations of one framework share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from conv_transpose_conformance.reports.store.findings import severity_of_divergence

_PREFIX: Final = "in some dimension: "  # of a condition on cases with several dimensions

Entry = dict[str, Any]


def numbered(entries: Sequence[Entry]) -> list[int]:
    """Returns the number of each entry's cause, from 1 on; entries of one cause have the same.

    Entries have the same cause if they are of different implementations of one framework, fail in the same
    way under the same condition, and behave as no different fault models.
    """
    firsts: list[list[Entry]] = []
    numbers = []
    for entry in entries:
        place = next((n for n, group in enumerate(firsts) if _joins(entry, group)), len(firsts))
        if place == len(firsts):
            firsts.append([])
        firsts[place].append(entry)
        numbers.append(place + 1)
    return numbers


def grouped(entries: Sequence[Entry]) -> list[Entry]:
    """Returns one entry per cause: the first with its id, those of other implementations in its ``also``."""
    found: dict[str, Entry] = {}
    for entry in entries:
        first = found.setdefault(entry["id"], entry)
        if first is not entry:
            first.setdefault("also", []).append(entry)
    for first in found.values():
        first["severity"] = severity_of_divergence(first).value
    return list(found.values())


def _joins(entry: Entry, group: Sequence[Entry]) -> bool:
    if any(other["implementation"] == entry["implementation"] for other in group):
        return False
    return all(_same(entry, other) for other in group)


def _same(one: Entry, other: Entry) -> bool:
    if any(one[key] != other[key] for key in ("framework", "kind", "detail")):
        return False
    conditions = [
        entry["condition"] and entry["condition"]["text"].removeprefix(_PREFIX) for entry in (one, other)
    ]
    faults = [
        {f["name"] for f in entry["diagnosis"]["faults"]} for entry in (one, other) if entry["diagnosis"]
    ]
    shared = len(faults) == 2 and bool(faults[0] & faults[1])
    if len(faults) == 2 and not shared:
        return False
    return conditions[0] == conditions[1] and (conditions[0] is not None or shared)
