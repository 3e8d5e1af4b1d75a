"""Reads a run's dataset back as records, call by call, for commands on several runs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.errors import BadRunFolder, InvalidCase
from conv_transpose_conformance.judging.observation import at
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.reference_impl import Geometry
from conv_transpose_conformance.reports.store.dataset import load_run
from conv_transpose_conformance.reports.store.files import RECORDS

_COLUMNS = (
    "implementation",
    "framework",
    "framework_version",
    "check",
    "verdict",
    "level",
    "met",
    "error",
    "escape",
    "microseconds",
    "message",
    "observed_crop_0",
    "observed_crop_1",
    "observed_size_0",
    "observed_size_1",
    "case",
)


def calls(directory: Path) -> Iterator[list[Record]]:
    """Yields the records of each call, without evidence, in the order of the file.

    Raises:
        BadRunFolder: if the dataset cannot be read, or if a row is no record of this suite.
    """
    frame = load_run(directory)
    # labels distinguish several versions of a framework; run.json gives them with the versions
    labels = {
        (Target.parse(name).framework, entry.get("version") or ""): Target.parse(name).release
        for name, entry in frame.attrs["run"]["frameworks"].items()
    }
    cases: dict[str, Case] = {}
    current: tuple[Any, ...] | None = None
    batch: list[Record] = []
    for row in zip(*(frame[name].tolist() for name in _COLUMNS), strict=True):
        fields = dict(zip(_COLUMNS, row, strict=True))
        key = (fields["implementation"], fields["framework_version"], fields["case"])
        if key != current:
            if batch:
                yield batch
            batch, current = [], key
        batch.append(_record(fields, cases, labels, directory))
    if batch:
        yield batch


def _record(
    fields: dict[str, Any], cases: dict[str, Case], labels: dict[tuple[str, str], str], directory: Path
) -> Record:
    identifier = fields.pop("case")
    try:
        case = cases.get(identifier)
        if case is None:
            case = cases[identifier] = Case.parse(identifier)
        check, verdict = Check(fields.pop("check")), Verdict(fields.pop("verdict"))
    except (InvalidCase, ValueError) as error:
        raise BadRunFolder(
            f"{directory / RECORDS}: was written by another version of the suite: {error}"
        ) from None
    observed = [fields.pop(f"observed_{name}_{d}") for name in ("crop", "size") for d in (0, 1)]
    words = {name: "" if value is None else str(value) for name, value in fields.items()}
    return Record(
        case=case,
        implementation=words["implementation"],
        framework=words["framework"],
        framework_version=words["framework_version"],
        release=labels.get((words["framework"], words["framework_version"]), ""),
        check=check,
        verdict=verdict,
        level=words["level"],
        met=words["met"],
        error=_number(fields["error"]),
        escape=_number(fields["escape"]),
        microseconds=_number(fields["microseconds"]),
        message=words["message"],
        observed=_geometry(case, observed),
    )


def _geometry(case: Case, observed: list[Any]) -> Geometry | None:
    """Returns the geometry of the columns ``observed_*``, None where they are empty."""
    crop, size = observed[: case.ndim], observed[2 : 2 + case.ndim]
    if any(pd.isna(value) for value in (*crop, *size)):
        return None
    return at(case, tuple(map(int, crop)), tuple(map(int, size)))


def _number(value: Any) -> float | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    return float(value)
