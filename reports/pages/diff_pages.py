"""A comparison of two runs as Markdown and on a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from conv_transpose_conformance.reports.pages.cause_words import facts, subject
from conv_transpose_conformance.reports.pages.markdown import escaped, fenced
from conv_transpose_conformance.reports.pages.words import counted
from conv_transpose_conformance.text import one_line, plain

Section = tuple[str, list[str]]


def headline(found: dict[str, Any]) -> str:
    """The result in a line."""
    said = [counted(len(found[key]), f"{key} divergence") for key in ("new", "gone", "changed")]
    return f"{', '.join(said)}; {found['same']:,} as before"


def _sections(found: dict[str, Any]) -> list[Section]:
    before, after = found["before"], found["after"]
    sections: list[Section] = []
    versions = [
        f"{name}: {old or 'not run'} became {new or 'not run'}"
        for name in sorted({*before["frameworks"], *after["frameworks"]})
        if (old := before["frameworks"].get(name)) != (new := after["frameworks"].get(name))
    ]
    if before["suite"] != after["suite"]:
        versions.append(
            f"suite: {before['suite']} became {after['suite']}, so a verdict may differ because of the suite"
        )
    settings = [
        f"{key}: {before[key]} became {after[key]}"
        for key in ("profile", "seed", "budget", "corpus")
        if before[key] != after[key]
    ]
    sections.append(("Versions and settings", versions + settings))
    for key, title in (("new", "New"), ("gone", "Gone")):
        sections.append((title, [_cause(cause) for cause in found[key]]))
    changed = [f"{_cause(entry['after'])}: {'; '.join(entry['changes'])}" for entry in found["changed"]]
    sections.append(("Changed", changed))
    required = [
        f"{entry['requirement']} on {entry['implementation']}: {entry['before']} became {entry['after']} "
        f"({entry['message']})"
        for entry in found["requirements"]
    ]
    sections.append(("Requirements", required))
    sections.append(("Requirements stated differently, not compared", found["reworded"]))
    verdicts = found["verdicts"]
    if verdicts["failing"] or verdicts["fixed"]:
        said = (
            f"of {verdicts['common']:,} calls judged in both, {verdicts['failing']:,} fail now that passed, "
            f"and {verdicts['fixed']:,} pass that failed"
        )
        sections.append(("Calls", [said]))
    speed = [
        f"{entry['implementation']}: takes {entry['ratio']:.2f} times as long (between {entry['low']:.2f} "
        f"and {entry['high']:.2f}, median of {entry['calls']:,} calls)"
        for entry in found["speed"]
        if entry["beyond_noise"]
    ]
    sections.append(("Speed, beyond noise", speed))
    coverage = [_coverage(entry) for entry in found["coverage"]]
    sections.append(("Coverage", coverage))
    return [section for section in sections if section[1]]


def _cause(cause: dict[str, Any]) -> str:
    where = next((f.text for f in facts(cause) if f.name == "fails where"), "")
    return f"{cause['implementation']}, {subject(cause)}" + (f", where {where}" if where else "")


def _coverage(entry: dict[str, Any]) -> str:
    said = f"{entry['implementation']}: {entry['before']:,} cases judged before, {entry['after']:,} after"
    parts = [
        f"{entry[key]:,} {words}"
        for key, words in (
            ("only_before", "only before"),
            ("only_after", "only after"),
            ("fewer_checks", "with fewer checks"),
            ("more_checks", "with more checks"),
        )
        if entry[key]
    ]
    return f"{said} ({', '.join(parts)})" if parts else said


def markdown(found: dict[str, Any]) -> str:
    """The comparison as GitHub-flavoured Markdown."""
    lines = [f"## {escaped(headline(found))}", ""]
    for title, items in _sections(found):
        lines += [f"### {title}", "", *(f"- {escaped(one_line(item, 600))}" for item in items), ""]
    for cause in found["new"]:
        lines += [fenced(cause["replay"], "sh"), ""]
    return "\n".join(lines)


def pretty(console: Console, found: dict[str, Any]) -> None:
    """The comparison on a terminal."""
    style = "bold red" if found["new"] else "bold"
    console.print(Text(headline(found), style=style), soft_wrap=True)
    for title, items in _sections(found):
        console.print(Text(title, style="bold"))
        for item in items:
            console.print(Text(f"  {plain(item)}"), soft_wrap=True)
    for cause in found["new"]:
        console.print(Text(f"  {plain(cause['replay'])}", style="cyan"), soft_wrap=True)
