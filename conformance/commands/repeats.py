"""Links failing probed requirements to the causes that they only repeat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.condition import parse
from conv_transpose_conformance.judging.severity import Severity, of_failure
from conv_transpose_conformance.reports.store.findings import fails, members, severity_of_result
from conv_transpose_conformance.requirements.base.requirement import MOST_FAILED

Entry = dict[str, Any]


def linked(results: Iterable[Entry], divergences: Sequence[Entry]) -> list[Entry]:
    """Returns the results of a run, those that only repeat causes with the causes' ids as ``repeats``.

    A probed requirement repeats causes if each of its failing trials has a case that belongs to a cause of
    the same implementation which fails as gravely: one of the cause's cases, or one that meets its condition.
    """
    return [
        {**result, "repeats": found} if (found := _repeated(result, divergences)) else result
        for result in results
    ]


def _repeated(result: Mapping[str, Any], divergences: Sequence[Entry]) -> list[str]:
    """Returns the ids of the causes that explain all failing trials of a result, else nothing."""
    failed = result.get("failed") or [None]
    severity = severity_of_result(result)
    if not fails(result) or severity is Severity.DOCUMENT or None in failed or len(failed) > MOST_FAILED:
        return []
    causes = [
        (divergence["id"], one)
        for divergence in divergences
        for one in members(divergence)
        if one["implementation"] == result["implementation"] and severity in _severities(one)
    ]
    found: dict[str, None] = {}
    for identifier in failed:
        explained = [name for name, cause in causes if _belongs(Case.parse(identifier), cause)]
        if not explained:
            return []
        found[explained[0]] = None
    return list(found)


def _severities(cause: Entry) -> set[Severity]:
    return {of_failure(entry["check"], entry["verdict"]) for entry in cause.get("checks") or [cause]}


def _belongs(case: Case, cause: Entry) -> bool:
    seen = (cause["smallest"]["case"], cause.get("smallest_seen"), *cause["others"])
    condition = cause.get("condition")
    return case.id in seen or (condition is not None and parse(condition["text"]).holds(case))
