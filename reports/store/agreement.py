"""Decides whether runs of several versions of the suite can be compared, or merged into one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.text import one_line

Run = dict[str, Any]
Located = Sequence[tuple[Path, Run]]  # contents of run.json, each with its folder

_DEMAND: Final = ("statement", "source", "applies", "needs", "note", "kind")


def judges(run: Run) -> tuple[str, ...]:
    """Returns the versions of the suite that judged a run; a merged run may have several."""
    return tuple(run["suite"].get("judged_by") or [run["suite"]["version"]])


def suite_text(run: Run) -> str:
    """Returns the suite that wrote a run, and the versions that judged it if they differ."""
    name, version = run["suite"]["name"], run["suite"]["version"]
    suite = f"{name} {version}"
    return suite if judges(run) == (version,) else f"{suite} (verdicts by {' and '.join(judges(run))})"


def reworded(before: Run, after: Run) -> tuple[str, ...]:
    """Returns the ids of the requirements that both runs examined and that they state differently."""
    known = {entry["id"]: entry for entry in _catalogue(before)}
    return tuple(e["id"] for e in _catalogue(after) if e["id"] in known and _differ(known[e["id"]], e))


def check_one_suite(runs: Located, purpose: str) -> None:
    """Checks that suites of one name wrote all runs; their versions may differ.

    Args:
        runs: at least one run.
        purpose: what the message asks for instead: "compare" or "merge".

    Raises:
        BadRunFolder: naming two folders and their suites.
    """
    (first, run), *others = runs
    for path, other in others:
        if other["suite"]["name"] != run["suite"]["name"]:
            _refuse(
                f"{path}: made by {suite_text(other)}, {first} by {suite_text(run)}: "
                f"{purpose} runs of one suite"
            )


def check_mergeable(runs: Located, catalogue: Iterable[Mapping[str, Any]], version: str) -> None:
    """Checks that the cases and requirements of the runs agree, whichever versions made them.

    Args:
        runs: the parts to be merged, at least one.
        catalogue: the requirements of this suite, as run.json describes them.
        version: the version of this suite.

    Raises:
        BadRunFolder: naming the folders, what differs, and the versions.
    """
    check_one_suite(runs, "merge")
    _check_corpora([(path, run) for path, run in runs if run.get("corpus") is not None])
    (first, run), *others = runs
    for path, other in others:
        # drawn cases have no version number, so shards of two versions may miss some
        if judges(other) != judges(run) and other["profile"] == "full" and _is_shard(other):
            _refuse(
                f"{path}: a shard of the full profile drawn by {suite_text(other)}, {first} by "
                f"{suite_text(run)}: merge such shards of one version"
            )
    _check_catalogues(runs, catalogue, version)


def _check_corpora(runs: Located) -> None:
    for path, run in runs:
        first, other = runs[0]
        if run["corpus"] != other["corpus"]:
            _refuse(
                f"{path}: judged corpus {run['corpus']} ({suite_text(run)}), {first} corpus "
                f"{other['corpus']} ({suite_text(other)}): merge runs of one corpus"
            )


def _check_catalogues(runs: Located, catalogue: Iterable[Mapping[str, Any]], version: str) -> None:
    """Checks that all runs state their requirements as this suite does, because it joins their results."""
    known = {entry["id"]: entry for entry in catalogue}
    for path, run in runs:
        for entry in _catalogue(run):
            mine = known.get(entry["id"])
            if mine is not None and not _differ(mine, entry):
                continue
            problem = "does not have" if mine is None else "states differently"
            _refuse(
                f"{path}: {suite_text(run)} examined {entry['id']}, which this suite, {version}, {problem}: "
                "merge with the version that made the runs"
            )


def _catalogue(run: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (run.get("requirements") or {}).get("catalogue", [])
    return found


def _differ(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return any(one[key] != other[key] for key in _DEMAND)


def _is_shard(run: Run) -> bool:
    return bool(run.get("shard")) and run["shard"][1] > 1


def _refuse(problem: str) -> NoReturn:
    raise BadRunFolder(one_line(problem, 400))
