"""Requirements as every page shows them: a matrix per document, and the failures."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import Any, Final

from attrs import frozen

from conv_transpose_conformance.cases.names import Name
from conv_transpose_conformance.judging.severity import Attribution
from conv_transpose_conformance.judging.verdicts import FAILING, Verdict
from conv_transpose_conformance.reports.pages.words import WORDS, Word, counted, requirement_results
from conv_transpose_conformance.reports.store.findings import (
    blames_document,
    findings,
    is_finding,
    severity_of_result,
)
from conv_transpose_conformance.text import plain

_SILENT: Final = (Verdict.NOT_APPLICABLE,)


@frozen
class Cell:
    """One requirement on one implementation."""

    verdict: Verdict
    word: Word
    count: int  # trials or cases with this verdict
    tried: int  # trials or cases that the API can express
    message: str
    link: str  # anchor of the failure below the table, "" if there is none


@frozen
class Row:
    """One requirement on the implementations of its document."""

    requirement: dict[str, Any]
    cells: list[Cell | None]
    verdicts: str  # the verdicts that occur, and "failing" with a finding, for the filter


@frozen
class Failing:
    """A requirement that an implementation fails: the statement, and what happened."""

    anchor: str
    requirement: dict[str, Any]
    result: dict[str, Any]
    word: Word
    share: str
    fault: str
    command: str
    known: str  # why it was expected, "" if it was not
    counted: bool  # whether it is a finding


@frozen
class Document:
    """A document with its requirements and the implementations they apply to."""

    title: str
    page: str
    columns: list[str]
    rows: list[Row]
    failing: list[Failing]


def fails(result: dict[str, Any]) -> bool:
    """Returns whether a requirement fails."""
    return result["verdict"] in FAILING


def is_expected(result: dict[str, Any]) -> bool:
    """Returns whether the file of expectations has an entry for it."""
    return bool(result.get("expected"))


def fault(result: dict[str, Any]) -> str:
    """Returns how grave a failing requirement is, and where it is known whose fault and why, in words."""
    grave = severity_of_result(result).words
    whose, why = result.get("attribution"), plain(result.get("because") or "")
    if not whose or (whose == Attribution.DOCUMENT and not why):
        return grave
    subject = {
        Attribution.IMPLEMENTATION: "the implementation's fault",
        Attribution.DOCUMENT: "the document's fault",
        Attribution.UNDECIDED: "undecided whether the implementation's or the document's fault",
    }[Attribution(whose)]
    parts = [subject] if whose == Attribution.DOCUMENT else [grave, subject]
    return ", ".join(parts) + (f": {why}" if why else "")


def command(result: dict[str, Any]) -> str:
    """Returns the shell command that examines it again."""
    name = Name.parse(plain(result["implementation"])).implementation
    wanted = shlex.quote(plain(result["requirement"]))
    return f"conformance run --requirement {wanted} --implementation {shlex.quote(name)}"


def counts(run: dict[str, Any]) -> Counter[Verdict]:
    """Returns the number of results per verdict."""
    return Counter(Verdict(result["verdict"]) for result in requirement_results(run))


def sentence(run: dict[str, Any]) -> str:
    """Returns one sentence on all requirements, "" if none was examined."""
    every = requirement_results(run)
    held = [result for result in every if Verdict(result["verdict"]) not in _SILENT]
    if not held:
        return ""
    broken = [result for result in held if fails(result)]
    known = sum(is_expected(result) and is_finding(result) for result in broken)
    wrong = sum(map(blames_document, broken))
    repeated = len(broken) - wrong - sum(map(is_finding, broken))
    number = len({r["requirement"] for r in held})
    text = (
        f"{counted(number, 'requirement')} {'was' if number == 1 else 'were'} examined on "
        f"{counted(len({r['implementation'] for r in held}), 'implementation')}: "
        f"{counted(len(held), 'verdict')}, "
    )
    if not broken:
        return text + "none failing."
    notes = []
    if repeated:
        notes.append(f"{repeated:,} {'repeats' if repeated == 1 else 'repeat'} divergences of cases")
    if wrong:
        notes.append(
            f"{wrong:,} {'is an error of its document' if wrong == 1 else 'are errors of documents'}"
        )
    if known:
        notes.append(f"{known:,} {'is' if known == 1 else 'are'} expected")
    return f"{text}{len(broken):,} failing" + (f" ({', '.join(notes)})." if notes else ".")


def documents(run: dict[str, Any]) -> list[Document]:
    """Returns the matrix of requirements, one part per document."""
    about = run.get("requirements") or {}
    by_key = {(r["requirement"], r["implementation"]): r for r in requirement_results(run)}
    names = list(dict.fromkeys(r["implementation"] for r in requirement_results(run)))
    anchors = _anchors(run)
    grouped: dict[str, list[dict[str, Any]]] = {}
    for requirement in about.get("catalogue", []):
        grouped.setdefault(requirement["document"], []).append(requirement)
    found = []
    for title, requirements in grouped.items():
        columns = [name for name in names if any(_spoken(by_key.get((r["id"], name))) for r in requirements)]
        rows = [_row(r, columns, by_key, anchors) for r in requirements]
        failing = [
            _failing(anchors[r["id"], name], r, by_key[r["id"], name])
            for r in requirements
            for name in columns
            if (r["id"], name) in by_key
            and fails(by_key[r["id"], name])
            and not blames_document(by_key[r["id"], name])
        ]
        found.append(Document(title, requirements[0]["page"], columns, rows, failing))
    return found


def _anchors(run: dict[str, Any]) -> dict[tuple[str, str], str]:
    """Returns the anchor of each result, by requirement and implementation."""
    return {
        (result["requirement"], result["implementation"]): f"requirement-{n}"
        for n, result in enumerate(requirement_results(run), 1)
    }


def anchor_of(run: dict[str, Any], result: dict[str, Any]) -> str:
    """Returns the anchor of one result."""
    return _anchors(run)[result["requirement"], result["implementation"]]


def document_errors(run: dict[str, Any], divergences: list[dict[str, Any]]) -> list[Failing]:
    """Returns the failing statements that are their document's fault."""
    anchors = _anchors(run)
    return [
        _failing(anchors[r["requirement"], r["implementation"]], finding.requirement, r)
        for finding in findings(run, divergences).documents
        if (r := finding.result) is not None and finding.requirement is not None
    ]


def _spoken(result: dict[str, Any] | None) -> bool:
    return result is not None and Verdict(result["verdict"]) not in _SILENT


def _row(
    requirement: dict[str, Any],
    columns: list[str],
    by_key: dict[tuple[str, str], dict[str, Any]],
    anchors: dict[tuple[str, str], str],
) -> Row:
    cells: list[Cell | None] = []
    for name in columns:
        key = (requirement["id"], name)
        result = by_key.get(key)
        if result is None:
            cells.append(None)
            continue
        verdict = Verdict(result["verdict"])
        tried = _tried(result)
        link = anchors[key] if fails(result) else ""
        count = result["counts"].get(verdict, 0)
        cells.append(Cell(verdict, WORDS[verdict], count, tried, result["message"], link))
    present = dict.fromkeys(cell.verdict.value for cell in cells if cell)
    if any(is_finding(by_key[key]) for name in columns if (key := (requirement["id"], name)) in by_key):
        present["failing"] = None
    return Row(requirement, cells, " ".join(present))


def _failing(anchor: str, requirement: dict[str, Any], result: dict[str, Any]) -> Failing:
    verdict = Verdict(result["verdict"])
    failed = sum(count for name, count in result["counts"].items() if name in FAILING)
    tried = _tried(result)
    what = "trial" if result["probed"] else "verdict"
    known = "; ".join(entry["reason"] for entry in (result.get("expected") or {}).get("entries", []))
    share = f"{failed:,} of {counted(tried, what)}"
    return Failing(
        anchor,
        requirement,
        result,
        WORDS[verdict],
        share,
        fault(result),
        command(result),
        known,
        is_finding(result),
    )


def _tried(result: dict[str, Any]) -> int:
    """Returns the number of trials or verdicts, without those that do not apply to the API."""
    return sum(count for name, count in result["counts"].items() if Verdict(name) not in _SILENT)
