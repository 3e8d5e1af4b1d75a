"""Checks the requirements and drifted documents in run.json, a file that may come from strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import InvalidCase
from conv_transpose_conformance.judging.severity import Attribution, Severity
from conv_transpose_conformance.judging.verdicts import Verdict

if TYPE_CHECKING:
    from conv_transpose_conformance.reports.store.json_node import Node

_NONE: Final = type(None)
_VERDICTS: Final = frozenset(verdict.value for verdict in Verdict)
_TEXTS: Final = ("id", "statement", "source", "document", "page", "needs", "note", "kind")


def check_requirements(requirements: Node) -> None:
    """Checks the catalogue and the results of a run."""
    known = set()
    for entry in requirements["catalogue"]:
        for key in _TEXTS:
            entry[key].of(str)
        for name in entry["applies"]:
            name.of(str)
        entry.get("official").of(bool, _NONE)
        if entry.get("contradicts").of(list, _NONE) is not None:
            for name in entry["contradicts"]:
                name.of(str)
        known.add(entry["id"].value)
    for result in requirements["results"]:
        if result["requirement"].of(str) not in known:
            result["requirement"].fail("is not in the catalogue")
        for key in ("implementation", "framework", "message"):
            result[key].of(str)
        result["probed"].of(bool)
        if result["verdict"].of(str) not in _VERDICTS:
            result["verdict"].fail("is not a verdict")
        for verdict, count in result["counts"].items():
            if verdict not in _VERDICTS:
                result["counts"].fail("has an unknown verdict")
            count.count()
        if result["case"].of(str, _NONE) is not None:
            try:
                Case.parse(result["case"].value)
            except InvalidCase as error:
                result["case"].fail(f"is not a case id: {error}")
        result.get("expected").of(dict, _NONE)
        _check_fault(result)


def check_drift(drift: Node) -> None:
    """Checks the documents that have drifted."""
    for entry in drift:
        for key in ("implementation", "framework", "version", "recorded"):
            entry[key].of(str)
        for key in ("new", "gone"):
            entry[key].count()
        for sentence in entry["sentences"]:
            sentence.of(str)


def check_severity(node: Node) -> None:
    """Checks an optional severity."""
    if node.of(str, _NONE) is not None and node.value not in list(Severity):
        node.fail(f"must be one of {', '.join(Severity)}")


def _check_fault(result: Node) -> None:
    """Checks whose fault a failing result is, how grave it is, and what it repeats."""
    check_severity(result.get("severity"))
    whose = result.get("attribution")
    if whose.of(str, _NONE) is not None and whose.value not in list(Attribution):
        whose.fail(f"must be one of {', '.join(Attribution)}")
    result.get("because").of(str, _NONE)
    for key in ("repeats", "failed"):
        if result.get(key).of(list, _NONE) is not None:
            for entry in result[key]:
                entry.of(str, *([_NONE] if key == "failed" else []))
