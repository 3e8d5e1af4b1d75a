"""Annotations of a CI job: one workflow command per divergence."""

from __future__ import annotations

from typing import Any

from conv_transpose_conformance.reports.pages.cause_words import expectations, facts, is_expected, subject
from conv_transpose_conformance.reports.pages.requirements import command, failing_alone
from conv_transpose_conformance.reports.pages.requirements import is_expected as is_known
from conv_transpose_conformance.text import one_line


def workflow_commands(run: dict[str, Any], divergences: list[dict[str, Any]]) -> list[str]:
    """Returns errors for new failures, notices for expected ones, warnings for stale entries."""
    lines = []
    for divergence in divergences:
        kind = "notice" if is_expected(divergence) else "error"
        title = f"{divergence['implementation']}: {subject(divergence)}"
        known = [f"{fact.name}: {fact.text}" for fact in facts(divergence)]
        text = "; ".join([*known, one_line(divergence["smallest"]["message"]), divergence["replay"]])
        lines.append(f"::{kind} title={_property(title)}::{_data(text)}")
    for requirement, result in failing_alone(run):
        kind = "notice" if is_known(result) else "error"
        title = f"{result['implementation']}: {result['requirement']}"
        text = f"required: {requirement['statement']} found: {result['message']}; {command(result)}"
        lines.append(f"::{kind} title={_property(title)}::{_data(text)}")
    lines += [
        f"::warning title={_property('stale expectation')}::{_data(text)}" for text in expectations(run)
    ]
    return lines


def _data(text: str) -> str:
    # a runner would read these as the end of the line or of an escape
    return one_line(text, 1000).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
