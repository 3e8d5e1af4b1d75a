"""Says of every failing requirement whose fault it is: the implementation's, the document's, or undecided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from conv_transpose_conformance.judging.severity import Attribution
from conv_transpose_conformance.judging.verdicts import FAILING, Check, Verdict
from conv_transpose_conformance.requirements.base.requirement import DEFINITION, Document, Requirement

_DEFINING: Final = (Check.SHAPE, Check.VALUES)  # the checks that hold an output to the definition
_SILENT: Final = (Verdict.NOT_APPLICABLE, Verdict.UNSUPPORTED)

Result = Mapping[str, Any]


def attributed(
    results: Sequence[Result],
    requirements: Iterable[Requirement],
    documents: Mapping[str, Document],
    implementations: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Returns the results, the failing ones with ``attribution`` and, as ``because``, its reason.

    Args:
        results: all results of a run, in the form of run.json.
        requirements: the requirements of the results.
        documents: the documents by their keys.
        implementations: the entries of run.json, with the verdicts of the run's cases.
    """
    known = {requirement.id: requirement for requirement in requirements}
    verdicts = {(r["requirement"], r["implementation"]): Verdict(r["verdict"]) for r in results}
    found = []
    for result in results:
        if result["verdict"] not in FAILING:
            found.append(dict(result))
            continue
        requirement = known[result["requirement"]]
        official = documents[requirement.source].official
        whose, why = _decide(requirement, official, result, verdicts, implementations)
        found.append({**result, "attribution": whose.value, "because": why})
    return found


def _decide(
    requirement: Requirement,
    official: bool,
    result: Result,
    verdicts: Mapping[tuple[str, str], Verdict],
    implementations: Mapping[str, Any],
) -> tuple[Attribution, str]:
    """Returns whose fault a failing result is, and why in one sentence."""
    column = result["implementation"]
    if requirement.source == "suite":
        return Attribution.IMPLEMENTATION, "the suite requires it of every implementation"
    if not result["probed"]:
        return Attribution.IMPLEMENTATION, "the cases are judged by the framework's own documents"
    if not official:
        return Attribution.DOCUMENT, "the page is not one of the framework's own"
    others = {name: verdicts.get((name, column)) for name in requirement.contradicts if name != DEFINITION}
    holding = [name for name, verdict in others.items() if verdict is Verdict.PASS]
    if holding:
        return Attribution.DOCUMENT, f"it contradicts {' and '.join(holding)}, which holds"
    if DEFINITION in requirement.contradicts and _keeps_definition(implementations.get(column)):
        everywhere = [
            verdict
            for (name, _), verdict in verdicts.items()
            if name == requirement.id and verdict not in _SILENT
        ]
        if all(verdict in FAILING for verdict in everywhere):
            return Attribution.DOCUMENT, (
                "it contradicts the definition of the operator, by which all judged cases of the "
                "implementation pass, and it holds on no implementation that it is about"
            )
    if requirement.contradicts:
        return Attribution.UNDECIDED, _open(requirement, others)
    return Attribution.IMPLEMENTATION, "nothing contradicts the statement"


def _keeps_definition(entry: Mapping[str, Any] | None) -> bool:
    """Whether cases of an implementation were judged by the definition, and none failed."""
    counts = [] if entry is None else [entry["checks"].get(check.value, {}) for check in _DEFINING]
    passes = bool(counts) and all(count.get(Verdict.PASS.value) for count in counts)
    return passes and not any(count.get(verdict.value) for count in counts for verdict in FAILING)


def _open(requirement: Requirement, others: Mapping[str, Verdict | None]) -> str:
    parts = [
        f"{name}, which {'fails too' if verdict in FAILING else 'was not decided'}"
        for name, verdict in others.items()
    ]
    if DEFINITION in requirement.contradicts:
        parts.append("the definition of the operator, by which the cases of the run do not all pass")
    return f"it contradicts {' and '.join(parts)}"
