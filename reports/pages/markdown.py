"""The result as Markdown, for the summary page of a CI job."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from conv_transpose_conformance.reports.pages import readings
from conv_transpose_conformance.reports.pages.cause_words import (
    expectations,
    facts,
    in_reading_order,
    script_status,
    severity,
    subject,
)
from conv_transpose_conformance.reports.pages.drift import drift_line
from conv_transpose_conformance.reports.pages.requirements import documents, fault, sentence
from conv_transpose_conformance.reports.pages.words import (
    WORDS,
    by_framework,
    check_name,
    checks_of,
    command,
    counted,
    headline,
    in_order,
    missing,
    sentences,
)
from conv_transpose_conformance.reports.store.findings import Finding, Findings, findings, is_expected
from conv_transpose_conformance.text import one_line, plain

_SHOWN: Final = 50  # divergences; a job summary has a limited size
_ENTITIES: Final = re.compile(r"[&<>@|]")
_PUNCTUATION: Final = re.compile(r"([\\`*_\[\]#!~$])")
_LEADING: Final = re.compile(r"^(\d*)([-+=.)])")  # lists and underlined headings


def escaped(text: object) -> str:
    """Returns ``text`` on one line, with everything escaped that Markdown, its tables or HTML would read."""
    line = _LEADING.sub(r"\1\\\2", _PUNCTUATION.sub(r"\\\1", one_line(text)))
    return _ENTITIES.sub(lambda match: f"&#{ord(match[0])};", line)


def fenced(text: object, language: str = "") -> str:
    """Returns ``text`` as a block of code, with a fence longer than any in the text."""
    content = plain(text).strip("\n")
    longest = max((len(run) for run in re.findall("`+", content)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{content}\n{fence}"


def _cell(counts: dict[str, int]) -> str:
    shown = (
        f"{WORDS[verdict].symbol} {count:,} {WORDS[verdict].word}" for verdict, count in in_order(counts)
    )
    return "<br>".join(shown) or "–"


def markdown(run: dict[str, Any], divergences: list[dict[str, Any]]) -> str:
    """Returns the run as GitHub-flavoured Markdown."""
    lines = [f"## Transposed convolution: {escaped(headline(run, divergences))}", ""]
    lines += [" ".join(map(escaped, [*sentences(run, divergences), sentence(run)])).strip(), ""]
    checks = checks_of(run)
    for framework, implementations in by_framework(run):
        about = run["frameworks"].get(framework, {})
        lines += [f"### {escaped(framework)} {escaped(about.get('version') or '')}".rstrip(), ""]
        absence = missing(about)
        if absence:
            lines += [f"{absence[0].capitalize()}: {escaped(absence[1])}", ""]
        if implementations:
            header = ["implementation", "cases judged", *map(check_name, checks)]
            lines.append("| " + " | ".join(map(escaped, header)) + " |")
            lines.append("| --- | ---: |" + " --- |" * len(checks))
            for name in implementations:
                entry = run["implementations"][name]
                cells = [_cell(entry["checks"].get(check, {})) for check in checks]
                lines.append(f"| {escaped(name)} | {entry['judged']:,} | " + " | ".join(cells) + " |")
            lines.append("")
    certified = [
        f"- {escaped(name)}: {escaped(entry['certificate']['sentence'])}"
        for name, entry in run["implementations"].items()
        if entry["certificate"]["probes"]
    ]
    if certified:
        lines += ["### What a pass certifies", "", *certified, ""]
    known = [f"- {escaped(sentence)}" for sentence in expectations(run)]
    if known:
        lines += ["### Stale expectations", "", *known, ""]
    counts = findings(run, divergences)
    lines += _requirements(run, counts)
    lines += _readings(run)
    if drift_line(run):
        lines += [escaped(drift_line(run)), ""]
    if divergences:
        lines += ["### Divergences", ""]
    for divergence in in_reading_order(counts)[:_SHOWN]:
        lines += _divergence(divergence)
    if len(divergences) > _SHOWN:
        lines += [f"{counted(len(divergences) - _SHOWN, 'more divergence')} in divergences.json.", ""]
    lines += ["Command:", "", fenced(command(run), "sh"), ""]
    return "\n".join(lines)


def _requirements(run: dict[str, Any], counts: Findings) -> list[str]:
    """Returns the lines on requirements: verdicts per document, the findings, and the errors of documents."""
    parts = documents(run)
    if not parts:
        return []
    lines = ["### Requirements", "", "| document | verdicts |", "| --- | --- |"]
    for document in parts:
        found = Counter(cell.verdict for row in document.rows for cell in row.cells if cell)
        lines.append(f"| {escaped(document.title)} | {_cell({v.value: n for v, n in found.items()})} |")
    lines.append("")
    broken = sorted((f for f in counts.found if f.result is not None), key=lambda f: f.expected)
    lines += [*_statements(broken), ""]
    if counts.documents:
        lines += ["### Errors of documents", "", *_statements(counts.documents), ""]
    return lines


def _statements(failing: Sequence[Finding]) -> list[str]:
    """Returns a list of failing requirements."""
    lines = []
    for finding in failing[:_SHOWN]:
        result, requirement = finding.result, finding.requirement
        assert result is not None
        assert requirement is not None
        what = f"{result['requirement']} on {result['implementation']}: {result['verdict']}"
        what += " (expected)" if finding.expected else ""
        lines += [f"- **{escaped(what)}**", f"  required: {escaped(requirement['statement'])}<br>"]
        lines += [f"  found: {escaped(result['message'])}<br>", f"  {escaped(fault(result))}"]
    if len(failing) > _SHOWN:
        lines.append(f"- {len(failing) - _SHOWN:,} more in run.json")
    return lines


def _readings(run: dict[str, Any]) -> list[str]:
    """Returns the table of what paddings in words mean, and calls that documents leave open."""
    found = readings.rows(run)
    if not found:
        return []
    lines = ["### Readings", "", "| where | implementation | follows | in |", "| --- | --- | --- | --- |"]
    for row in found:
        cells = (row.region, ", ".join(row.implementations), row.follows, row.details)
        lines.append("| " + " | ".join(map(escaped, cells)) + " |")
    return [*lines, ""]


def _divergence(divergence: dict[str, Any]) -> list[str]:
    smallest = divergence["smallest"]
    share = f"{divergence['failing']:,} of {divergence['judged']:,} judged"
    what = f"{subject(divergence)}: {divergence['verdict']}{severity(divergence)}"
    if is_expected(divergence):
        what += " (expected)"
    known = [
        f"- {escaped(fact.name)}: {escaped(fact.text)}" + (f" ({escaped(fact.small)})" if fact.small else "")
        for fact in facts(divergence)
    ]
    script = divergence.get("reproduction")
    return [
        f"#### {escaped(divergence['id'])} {escaped(divergence['implementation'])}, {escaped(what)}",
        "",
        f"{share}. Smallest case: {escaped(smallest['case'])}",
        "",
        *([fenced(smallest["message"], "text"), ""] if smallest["message"] else []),
        *([*known, ""] if known else []),
        fenced(divergence["replay"], "sh"),
        "",
        *(_script(script) if script else []),
    ]


def _script(script: dict[str, Any]) -> list[str]:
    return [
        f"<details><summary>Reproduction script, {script_status(script)}</summary>",
        "",
        fenced(script["script"], "r" if script["file"].endswith(".R") else "python"),
        "",
        "</details>",
        "",
    ]
