"""The one count of a run: its findings, and which of them fail it.

A *finding* is a cause of failing cases, or a failing probed requirement that repeats no cause.  Statements
that are their document's fault are counted apart.  Headline, pages, JUnit, annotations and exit code all
count these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from conv_transpose_conformance.judging.severity import FAIL_ON, Attribution, Severity, gravest, of_failure
from conv_transpose_conformance.judging.verdicts import FAILING

Entry = dict[str, Any]


@frozen
class Finding:
    """One finding: a ``divergence`` of divergences.json, or the ``result`` of a ``requirement``.

    ``expected`` says that the file of expectations covers all of it, ``fails`` that it fails the run.
    """

    id: str
    severity: Severity
    implementations: tuple[str, ...]
    expected: bool
    fails: bool
    divergence: Entry | None = None
    requirement: Entry | None = None
    result: Entry | None = None


@frozen
class Findings:
    """The findings of a run, the gravest first, and apart from them the errors of documents."""

    found: tuple[Finding, ...]
    documents: tuple[Finding, ...]
    fail_on: Severity

    @property
    def failing(self) -> tuple[Finding, ...]:
        """Returns the findings that fail the run, errors of documents included."""
        return tuple(finding for finding in (*self.found, *self.documents) if finding.fails)

    @property
    def expected(self) -> int:
        """Returns the number of findings that were expected, without errors of documents."""
        return sum(finding.expected for finding in self.found)

    @property
    def implementations(self) -> list[str]:
        """Returns the implementations that have a finding."""
        return list(dict.fromkeys(name for finding in self.found for name in finding.implementations))

    def of(self, implementation: str) -> list[Finding]:
        """Returns the findings about an implementation."""
        return [finding for finding in self.found if implementation in finding.implementations]


def members(divergence: Entry) -> list[Entry]:
    """Returns the entries of one cause, one for each implementation that it shows in."""
    return [divergence, *(divergence.get("also") or ())]


def severity_of_divergence(divergence: Entry) -> Severity:
    """Returns how grave a cause is: as grave as the gravest of its failing verdicts."""
    checks = [entry for one in members(divergence) for entry in one.get("checks") or [one]]
    return gravest(of_failure(entry["check"], entry["verdict"]) for entry in checks)


def severity_of_result(result: Mapping[str, Any]) -> Severity:
    """Returns how grave the failure of a requirement is; of a run that did not say, by its verdict."""
    if blames_document(result):
        return Severity.DOCUMENT
    said = result.get("severity")
    return Severity(said) if said else of_failure("", result["verdict"])


def is_expected(divergence: Entry) -> bool:
    """Whether the file of expectations covers all of a cause, in each implementation that it shows in."""
    return all((one.get("expected") or {}).get("all") for one in members(divergence))


def fails(result: Mapping[str, Any]) -> bool:
    """Whether a requirement fails on its own: one that cases decide fails by the causes of those cases."""
    return bool(result["probed"]) and result["verdict"] in FAILING


def blames_document(result: Mapping[str, Any]) -> bool:
    """Whether a failing requirement is an error of its document."""
    return fails(result) and result.get("attribution") == Attribution.DOCUMENT


def is_finding(result: Mapping[str, Any]) -> bool:
    """Whether the failure of a requirement is counted: it repeats no cause, and is not a document's fault."""
    return fails(result) and not blames_document(result) and not result.get("repeats")


def fail_on(run: Mapping[str, Any]) -> Severity:
    """Returns the severity from which on a finding fails the run."""
    said = run.get("fail_on")
    return Severity(said) if said else FAIL_ON


def findings(run: Mapping[str, Any], divergences: Sequence[Entry]) -> Findings:
    """Returns the findings of a run; ``run`` and ``divergences`` are run.json and divergences.json."""
    threshold = fail_on(run)
    about = run.get("requirements") or {}
    known = {entry["id"]: entry for entry in about.get("catalogue", ())}
    found = [_of_divergence(divergence, threshold) for divergence in divergences]
    documents = []
    for result in about.get("results", ()):
        if is_finding(result):
            found.append(_of_result(result, known, threshold))
        elif blames_document(result):
            documents.append(_of_result(result, known, threshold))
    found.sort(key=lambda finding: finding.severity.rank)
    return Findings(tuple(found), tuple(documents), threshold)


def _of_divergence(divergence: Entry, threshold: Severity) -> Finding:
    severity, expected = severity_of_divergence(divergence), is_expected(divergence)
    return Finding(
        divergence["id"],
        severity,
        tuple(dict.fromkeys(one["implementation"] for one in members(divergence))),
        expected,
        not expected and severity.reaches(threshold),
        divergence=divergence,
    )


def _of_result(result: Entry, known: Mapping[str, Entry], threshold: Severity) -> Finding:
    severity, expected = severity_of_result(result), bool(result.get("expected"))
    return Finding(
        result["requirement"],
        severity,
        (result["implementation"],),
        expected,
        not expected and severity.reaches(threshold),
        requirement=known[result["requirement"]],
        result=result,
    )
