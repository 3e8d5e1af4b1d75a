"""The readings that paddings in words, and calls that documents leave open, follow, as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen


@frozen
class Row:
    """One open region of the implementations that answered alike."""

    region: str
    implementations: tuple[str, ...]
    follows: str
    details: str


def rows(run: Mapping[str, Any]) -> list[Row]:
    """Returns the rows of the table of readings; equal answers of several implementations are one row."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for fit in run.get("readings") or ():
        key = (_region(fit), _follows(fit), _details(fit))
        found.setdefault(key, []).append(fit["implementation"])
    return [Row(region, tuple(names), said, more) for (region, said, more), names in sorted(found.items())]


def _region(fit: Mapping[str, Any]) -> str:
    return fit["region"] if fit["word"] == "numbers" else f"padding {fit['word']!r}"


def _follows(fit: Mapping[str, Any]) -> str:
    if fit["follows"]:
        return " or ".join(reading["name"] for reading in fit["follows"])
    if fit["formula"]:
        return f"no known reading: length {fit['formula']['length']}, crop {fit['formula']['crop']}"
    if fit["conflict"]:
        return "no rule: equal parameters of a dimension give different outputs"
    return "no known reading" if fit["nearest"] else "no crop of the operator"


def _details(fit: Mapping[str, Any]) -> str:
    said = [f"{fit['cases']:,} cases"]
    if fit["documented"]:
        said.append(f"{fit['documented']:,} of them documented")
    if fit["no_geometry"]:
        said.append(f"{fit['no_geometry']:,} more are no crop of the operator with all parameters")
    if fit["follows"]:
        said += [f"{reading['name']}: {reading['text']} ({reading['source']})" for reading in fit["follows"]]
    near = fit["nearest"]
    if near:
        said.append(
            f"nearest is {near['name']}, in {near['agrees']:,} of {fit['dimensions']:,} parameter sets; "
            f"{near['case']} has the (length, crop) {tuple(near['found'])} instead of "
            f"{tuple(near['reading'])}"
        )
    return "; ".join(said)
