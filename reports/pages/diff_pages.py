"""Comparison of two runs as Markdown and on a terminal."""

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
    """Returns the result in one line."""
    counts = f"{len(found['new']):,} new, {len(found['gone']):,} resolved, {len(found['changed']):,} changed"
    return f"Divergences: {counts}, {found['same']:,} unchanged"


def _sections(found: dict[str, Any]) -> list[Section]:
    before, after = found["before"], found["after"]
    sections: list[Section] = []
    versions = [
        f"{name}: was {old or 'not run'}, is now {new or 'not run'}"
        for name in sorted({*before["frameworks"], *after["frameworks"]})
        if (old := before["frameworks"].get(name)) != (new := after["frameworks"].get(name))
    ]
    if before["suite"] != after["suite"]:
        versions.append(
            f"suite: was {before['suite']}, is now {after['suite']}; verdicts may differ because of this"
        )
    settings = [
        f"{key}: was {before[key]}, is now {after[key]}"
        for key in ("profile", "seed", "budget", "corpus")
        if before[key] != after[key]
    ]
    sections.append(("Versions and settings", versions + settings))
    for key, title in (("new", "New"), ("gone", "Resolved")):
        sections.append((title, [_cause(cause) for cause in found[key]]))
    changed = [f"{_cause(entry['after'])}: {'; '.join(entry['changes'])}" for entry in found["changed"]]
    sections.append(("Changed", changed))
    required = [
        f"{entry['requirement']} on {entry['implementation']}: "
        f"was {entry['before']}, is now {entry['after']} ({entry['message']})"
        for entry in found["requirements"]
    ]
    sections.append(("Requirements", required))
    sections.append(("Requirements stated differently, not compared", found["reworded"]))
    verdicts = found["verdicts"]
    if verdicts["failing"] or verdicts["fixed"]:
        line = (
            f"{counted(verdicts['common'], 'call')} judged in both runs: "
            f"{verdicts['failing']:,} newly failing, {verdicts['fixed']:,} newly passing"
        )
        sections.append(("Calls", [line]))
    speed = [
        f"{entry['implementation']}: takes {entry['ratio']:.2f} times as long (between {entry['low']:.2f} "
        f"and {entry['high']:.2f}, median of {entry['calls']:,} calls)"
        for entry in found["speed"]
        if entry["beyond_noise"]
    ]
    sections.append(("Speed changes beyond noise", speed))
    coverage = [_coverage(entry) for entry in found["coverage"]]
    sections.append(("Coverage", coverage))
    return [section for section in sections if section[1]]


def _cause(cause: dict[str, Any]) -> str:
    where = next((f.text for f in facts(cause) if f.name == "fails where"), "")
    return f"{cause['implementation']}, {subject(cause)}" + (f", where {where}" if where else "")


def _coverage(entry: dict[str, Any]) -> str:
    text = f"{entry['implementation']}: {entry['before']:,} cases judged before, {entry['after']:,} after"
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
    return f"{text} ({', '.join(parts)})" if parts else text


def markdown(found: dict[str, Any]) -> str:
    """Returns the comparison as GitHub-flavoured Markdown."""
    lines = [f"## {escaped(headline(found))}", ""]
    for title, items in _sections(found):
        lines += [f"### {title}", "", *(f"- {escaped(one_line(item, 600))}" for item in items), ""]
    for cause in found["new"]:
        lines += [fenced(cause["replay"], "sh"), ""]
    return "\n".join(lines)


def pretty(console: Console, found: dict[str, Any]) -> None:
    """Prints the comparison on a terminal."""
    style = "bold red" if found["new"] else "bold"
    console.print(Text(headline(found), style=style), soft_wrap=True)
    for title, items in _sections(found):
        console.print(Text(title, style="bold"))
        for item in items:
            console.print(Text(f"  {plain(item)}"), soft_wrap=True)
    for cause in found["new"]:
        console.print(Text(f"  {plain(cause['replay'])}", style="cyan"), soft_wrap=True)
