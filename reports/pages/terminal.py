"""Prints the result at the end of a run on a terminal."""

from __future__ import annotations

import os
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from conv_transpose_conformance.judging.verdicts import FAILING, Verdict
from conv_transpose_conformance.reports.pages.cause_words import (
    expectations,
    facts,
    in_reading_order,
    script_status,
    severity,
    subject,
)
from conv_transpose_conformance.reports.pages.drift import drift_line
from conv_transpose_conformance.reports.pages.requirements import command, fault, sentence
from conv_transpose_conformance.reports.pages.words import (
    CHECKS,
    WORDS,
    by_framework,
    checks_of,
    failing,
    headline,
    in_order,
    judged,
    missing,
    sentences,
)
from conv_transpose_conformance.reports.store.findings import Finding, findings, is_expected
from conv_transpose_conformance.text import one_line, plain

_SHOWN: Final = 10  # divergences; the report has the others
_UNLIMITED: Final = 10_000
_STYLES: Final = {
    Verdict.PASS: "green",
    Verdict.ALLOWED: "cyan",
    Verdict.UNSUPPORTED: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
}


class _Printer:
    """Prints text on one console: never as markup, and only characters that its encoding has."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.unicode = (console.encoding or "ascii").lower().startswith("utf")

    def text(self, text: str, style: str = "") -> Text:
        text = plain(text)
        if not self.unicode:
            encoding = self.console.encoding or "ascii"
            text = text.encode(encoding, "replace").decode(encoding)
        return Text(text, style=style)

    def symbol(self, verdict: Verdict) -> str:
        return WORDS[verdict].symbol if self.unicode else WORDS[verdict].ascii

    def line(self, text: str = "", style: str = "", indent: int = 0) -> None:
        for part in text.split("\n"):
            self.console.print(self.text(" " * indent + part, style), soft_wrap=True, highlight=False)


def _style(verdict: Verdict) -> str:
    return "bold red" if verdict in FAILING else _STYLES[verdict]


def print_summary(
    console: Console, run: dict[str, Any], divergences: list[dict[str, Any]], out_dir: str | os.PathLike[str]
) -> None:
    """Prints a table of the implementations, the divergences, and the place of the report."""
    printer = _Printer(console)
    if run["implementations"]:
        table = _table(printer, run, narrow=False)
        if console.measure(table, options=console.options.update(width=_UNLIMITED)).maximum > console.width:
            table = _table(printer, run, narrow=True)
        console.print(table)
        _legend(printer, run)
    for name, framework in run["frameworks"].items():
        absence = missing(framework)
        if absence:
            printer.line(f"{one_line(name)}: {absence[0]}", "bold yellow")
            printer.line(absence[1], indent=2)
    counts = findings(run, divergences)
    for divergence in in_reading_order(counts)[:_SHOWN]:
        _print_divergence(printer, divergence)
    if len(divergences) > _SHOWN:
        printer.line(f"and {len(divergences) - _SHOWN:,} more, all in the report")
    broken = sorted((f for f in counts.found if f.result is not None), key=lambda f: f.expected)
    for finding in broken[:_SHOWN]:
        _print_requirement(printer, finding)
    if len(broken) > _SHOWN:
        printer.line(f"and {len(broken) - _SHOWN:,} more requirements, all in the report")
    if counts.documents:
        printer.line()
        printer.line("Errors of documents", "bold")
    for finding in counts.documents[:_SHOWN]:
        _print_requirement(printer, finding)
    if len(counts.documents) > _SHOWN:
        printer.line(f"and {len(counts.documents) - _SHOWN:,} more errors of documents, all in the report")
    printer.line()
    printer.line(headline(run, divergences), "bold red" if run["exit_code"] else "bold")
    for line in [*sentences(run, divergences), *filter(None, [sentence(run)])]:
        printer.line(line)
    for line in expectations(run):
        printer.line(line, "yellow")
    if drift_line(run):
        printer.line(drift_line(run), "yellow")
    printer.line(f"Report: {os.path.join(out_dir, 'index.html')}")


def _table(printer: _Printer, run: dict[str, Any], *, narrow: bool) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    # at least the two lines into which a name is broken
    table.add_column("implementation", min_width=22 if narrow else None, overflow="fold")
    if not narrow:
        table.add_column("cases", justify="right", no_wrap=True, overflow="crop")
    checks = checks_of(run)
    for check in checks:
        short = CHECKS[check][1] if check in CHECKS else check
        table.add_column(printer.text(short), no_wrap=True, overflow="crop")
    for _, names in by_framework(run):
        for name in names:
            entry = run["implementations"][name]
            cells = [_cell(printer, entry["checks"].get(check, {}), narrow) for check in checks]
            style = "bold" if failing(entry["verdicts"]) else ""
            shown = one_line(name)
            if narrow:
                shown = ".\n  ".join(shown.rsplit(".", 1))
            cases = [] if narrow else [f"{entry['judged']:,}"]
            table.add_row(printer.text(shown, style), *cases, *cells)
    return table


def _cell(printer: _Printer, counts: dict[str, int], narrow: bool) -> Text:
    present = in_order(counts)
    if not present:
        return printer.text("")
    verdict, count = present[0]
    number = f"{failing(counts):,}/{judged(counts):,}" if verdict in FAILING else f"{count:,}"
    if narrow:
        number = f"{failing(counts):,}" if verdict in FAILING else ""
    return printer.text(f"{printer.symbol(verdict)} {number}".strip(), _style(verdict))


def _legend(printer: _Printer, run: dict[str, Any]) -> None:
    present = {verdict for entry in run["implementations"].values() for verdict in entry["verdicts"]}
    words = [
        f"{printer.symbol(verdict)} {word.word}" for verdict, word in WORDS.items() if verdict in present
    ]
    printer.line("  ".join(words), "dim")


def _print_requirement(printer: _Printer, finding: Finding) -> None:
    requirement, result = finding.requirement, finding.result
    assert requirement is not None
    assert result is not None
    verdict = Verdict(result["verdict"])
    printer.line()
    printer.line(
        f"{printer.symbol(verdict)} {one_line(result['requirement'])} {one_line(result['implementation'])}: "
        f"{WORDS[verdict].word}" + (", expected" if finding.expected else ""),
        "bold red" if finding.fails else "cyan",
    )
    printer.line(one_line(fault(result), 400), "bold", indent=2)
    printer.line(f"required {one_line(requirement['statement'], 400)}", indent=2)
    printer.line(f"found {one_line(result['message'], 400)}", indent=2)
    printer.line(command(result), "cyan", indent=2)


def _print_divergence(printer: _Printer, divergence: dict[str, Any]) -> None:
    smallest, verdict = divergence["smallest"], Verdict(divergence["verdict"])
    printer.line()
    printer.line(
        f"{printer.symbol(verdict)} {one_line(divergence['id'])} {one_line(divergence['implementation'])}, "
        f"{subject(divergence)}: {WORDS[verdict].word}{severity(divergence)} "
        f"({divergence['failing']:,} of {divergence['judged']:,} judged)"
        + (", expected" if is_expected(divergence) else ""),
        "cyan" if is_expected(divergence) else "bold red",
    )
    for fact in facts(divergence):
        printer.line(one_line(f"{fact.name} {fact.text}", 400), "bold", indent=2)
        if fact.small:
            printer.line(one_line(fact.small, 400), "dim", indent=4)
    printer.line(f"smallest case {smallest['case']}", indent=2)
    for part in smallest["message"].strip().splitlines()[:6]:
        printer.line(one_line(part), indent=2)
    printer.line(divergence["replay"], "cyan", indent=2)
    script = divergence.get("reproduction")
    if script:
        printer.line(f"{script['file']}: {script_status(script)}", "cyan", indent=2)
