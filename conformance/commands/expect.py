"""``conformance expect``: writes or updates a file of expectations from a run, and keeps its comments."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import tomlkit
from attrs import frozen
from tomlkit.items import AoT, Table

from conv_transpose_conformance.expectations import BadExpectations, load
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.reports.store.files import reason, write_atomically
from conv_transpose_conformance.reports.store.findings import findings, members
from conv_transpose_conformance.text import one_line

_HEAD: Final = (
    "Known divergences: a run that finds no others exits 0.\n"
    "Give each entry a reason and a link. 'conformance expect RUN_DIR' adds new ones."
)


@frozen
class Written:
    """Holds the changes to the file: the added, the removed, and the stale entries that stay."""

    added: int
    removed: int
    stale: int


def expect(run: dict[str, Any], divergences: list[dict[str, Any]], path: Path, *, prune: bool) -> Written:
    """Adds an entry for each divergence of a run that no entry expects yet.

    With ``prune`` it removes the entries that the run showed to be stale.

    Raises:
        BadExpectations: if the file is broken, or cannot be written.
    """
    known = load(path)
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
    if not path.exists():
        for line in _HEAD.split("\n"):
            document.add(tomlkit.comment(line))
    entries = document.get("expected")
    if entries is None:
        entries = document["expected"] = tomlkit.aot()
    assert isinstance(entries, AoT)
    lines = {entry.line: position for position, entry in enumerate(known.entries)}
    about = run.get("expectations") or {}
    stale = [entry["line"] for entry in about.get("stale", []) if entry["line"] in lines]
    same_file = Path(str(about.get("file") or "")).name == path.name
    removed = sorted((lines[line] for line in stale), reverse=True) if prune and same_file else []
    for position in removed:
        del entries[position]
    added = 0
    for divergence in (one for cause in divergences for one in members(cause)):
        expected = divergence.get("expected")
        if expected is not None and expected["all"] and same_file and path.exists():
            continue
        entries.append(_entry(run, divergence))
        added += 1
    for result in failing_requirements(run, divergences):
        if result.get("expected") is not None and same_file and path.exists():
            continue
        entries.append(_of_requirement(run, result))
        added += 1
    text = tomlkit.dumps(document)
    if added or removed:
        _check(text, path)
        try:
            write_atomically(path, text)
        except OSError as error:
            raise BadExpectations(f"{path}: cannot be written: {reason(error)}") from None
    return Written(added, len(removed), 0 if removed else len(stale))


def _check(text: str, path: Path) -> None:
    from conv_transpose_conformance.expectations import read

    try:
        read(text, path)
    except BadExpectations as error:
        raise BadExpectations(
            f"nothing was written: with the run's divergences added, {error}; "
            "was the run made with this file (--expected)?"
        ) from None


def failing_requirements(run: dict[str, Any], divergences: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the results that are findings, with the errors of documents where they fail the run."""
    counted = findings(run, divergences)
    documents = counted.documents if counted.fail_on is Severity.DOCUMENT else ()
    return [finding.result for finding in (*counted.found, *documents) if finding.result is not None]


def _of_requirement(run: dict[str, Any], result: dict[str, Any]) -> Table:
    table = tomlkit.table()
    table["implementation"] = result["implementation"]
    version = run["frameworks"].get(result["framework"], {}).get("version")
    if version:
        table["versions"] = f"=={version.split('+')[0]}"
    table["requirement"] = result["requirement"]
    table["reason"] = one_line(result["message"], 200) or "not yet investigated"
    table["link"] = ""
    return table


def _entry(run: dict[str, Any], divergence: dict[str, Any]) -> Table:
    table = tomlkit.table()
    table["implementation"] = divergence["implementation"]
    version = run["frameworks"].get(divergence["framework"], {}).get("version")
    if version:
        table["versions"] = f"=={version.split('+')[0]}"
    checks = dict.fromkeys(entry["check"] for entry in divergence.get("checks") or [divergence])
    table["requirement"] = list(checks)
    condition = divergence.get("condition")
    if condition and condition["holds"] == condition["failing"]:
        table["condition"] = condition["text"]
    else:
        seen = divergence.get("smallest_seen")
        cases = dict.fromkeys([*([seen] if seen else []), *divergence["others"]])
        table["case"] = list(cases or [divergence["smallest"]["case"]])
    diagnosis = divergence.get("diagnosis")
    said = f"behaves as: {diagnosis['sentence']}" if diagnosis else divergence["smallest"]["message"]
    table["reason"] = one_line(said, 200) or "not yet investigated"
    table["link"] = ""
    return table
