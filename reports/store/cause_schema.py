"""Checks the causes in divergences.json; every key is optional."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import InvalidCase
from conv_transpose_conformance.judging.verdicts import FAILING

if TYPE_CHECKING:
    from conv_transpose_conformance.reports.store.json_node import Node

_NONE: Final = type(None)
_FILE: Final = re.compile(r"repro/D\d+_\w+\.(py|R)", re.ASCII)
_STATUS: Final = ("reproduced", "gone", "failed", "not run")


def check_cause(divergence: Node) -> None:
    """Checks condition, diagnosis, located probe, reproduction and expectation.

    Raises:
        BadRunFolder: if a key is wrong; names it.
    """
    for key in ("kind", "detail", "smallest_seen"):
        divergence.get(key).of(str, _NONE)
    divergence.get("cases").of(int, _NONE)
    if divergence.get("checks").of(list, _NONE) is not None:
        for entry in divergence["checks"]:
            entry["check"].of(str)
            if entry["verdict"].of(str) not in FAILING:
                entry["verdict"].fail("must be a failing verdict")
            for key in ("failing", "judged"):
                entry[key].count()
    if divergence.get("condition").of(dict, _NONE) is not None:
        _check_condition(divergence["condition"])
    if divergence.get("diagnosis").of(dict, _NONE) is not None:
        divergence["diagnosis"]["sentence"].of(str)
        divergence["diagnosis"]["cases"].count()
        for fault in divergence["diagnosis"]["faults"]:
            fault["name"].of(str)
            fault["explains"].of(str)
    if divergence.get("located").of(dict, _NONE) is not None:
        divergence["located"]["sentence"].of(str)
        try:
            Case.parse(divergence["located"]["case"].of(str))
        except InvalidCase as error:
            divergence["located"]["case"].fail(f"is not a case id: {error}")
    if divergence.get("reproduction").of(dict, _NONE) is not None:
        _check_reproduction(divergence["reproduction"])
    if divergence.get("expected").of(dict, _NONE) is not None:
        _check_expected(divergence["expected"])


def _check_condition(condition: Node) -> None:
    condition["text"].of(str)
    for key in ("holds", "failing", "exceptions", "passing", "asked"):
        condition[key].count()
    condition["settled"].of(bool)
    if condition["roughly"].of(dict, _NONE) is not None:
        condition["roughly"]["text"].of(str)
        condition["roughly"]["exceptions"].count()


def _check_reproduction(reproduction: Node) -> None:
    if not _FILE.fullmatch(reproduction["file"].of(str)):
        reproduction["file"].fail("must be a script in repro/, named D1_... .py or .R")
    for key in ("script", "output"):
        reproduction[key].of(str)
    if reproduction["status"].of(str) not in _STATUS:
        reproduction["status"].fail(f"must be one of {', '.join(_STATUS)}")
    reproduction["exit_code"].of(int, _NONE)


def _check_expected(expected: Node) -> None:
    expected["all"].of(bool)
    for key in ("covered", "of"):
        expected[key].count()
    for entry in expected["entries"]:
        entry["line"].count()
        for key in ("reason", "link"):
            entry[key].of(str)
