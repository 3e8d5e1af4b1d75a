"""Annotations of a CI job: one workflow command per divergence."""

from __future__ import annotations

from typing import Any

from conv_transpose_conformance.reports.pages.cause_words import expectations, facts, subject
from conv_transpose_conformance.reports.pages.requirements import command, fault
from conv_transpose_conformance.reports.store.findings import Finding, findings
from conv_transpose_conformance.text import one_line


def workflow_commands(run: dict[str, Any], divergences: list[dict[str, Any]]) -> list[str]:
    """Returns errors for findings that fail the run, notices for others, warnings for stale entries."""
    lines = []
    counts = findings(run, divergences)
    for finding in (*counts.found, *counts.documents):
        kind = "error" if finding.fails else "notice"
        title, text = _words(finding)
        lines.append(f"::{kind} title={_property(title)}::{_data(text)}")
    lines += [
        f"::warning title={_property('stale expectation')}::{_data(text)}" for text in expectations(run)
    ]
    return lines


def _words(finding: Finding) -> tuple[str, str]:
    """Returns the title and the text of a finding."""
    divergence, result, requirement = finding.divergence, finding.result, finding.requirement
    if divergence is not None:
        title = f"{divergence['implementation']}: {subject(divergence)}"
        known = [f"{fact.name}: {fact.text}" for fact in facts(divergence)]
        parts = [*known, one_line(divergence["smallest"]["message"]), divergence["replay"]]
        return title, "; ".join([finding.severity.words, *parts])
    assert result is not None
    assert requirement is not None
    title = f"{result['implementation']}: {result['requirement']}"
    stated = f"required: {requirement['statement']} found: {result['message']}; {command(result)}"
    return title, f"{fault(result)}; {stated}"


def _data(text: str) -> str:
    # a runner would read these as the end of the line or of an escape
    return one_line(text, 1000).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
