"""``conformance replay --all``: every divergence of an earlier run again, each with its answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from adapters import framework_of
from conformance import events
from conformance.case import Case
from conformance.errors import BadRequirement
from conformance.session import make_engine
from conformance.targets import Targets, choose, release_of
from conformance.verdicts import Record, Verdict
from reports.folder import read
from reports.text import one_line, plain

FIXED: Final = "fixed"
STILL: Final = "still diverges"
CANNOT: Final = "cannot run"
_STYLES: Final = {FIXED: "bold green", STILL: "bold red", CANNOT: "bold yellow"}


def replay_all(directory: Path, targets: Targets, console: Console) -> int:
    """Asks the smallest case of each divergence; 1 where one still diverges, 3 where none could run.

    Raises:
        BadRunFolder: where the folder cannot be read.
    """
    _, divergences = read(directory)
    if not divergences:
        console.print(Text(f"{directory} has no divergence to replay"))
        return 0
    wanted = [(d, Case.from_dict(d["smallest"]["parameters"])) for d in divergences]
    found, reasons = _run(wanted, targets, console)
    answers = []
    for divergence, case in wanted:
        records = found.get((divergence["implementation"], case), [])
        word, why = answer(records, reasons.get(divergence["framework"], "it was not asked"))
        answers.append(word)
        line = Text.assemble((f"{word:<15}", _STYLES[word]), plain(divergence["id"]), " ")
        line.append(f"{plain(divergence['implementation'])}  {case.id}")
        if why:
            line.append(f"  {one_line(why)}", style="dim")
        console.print(line, soft_wrap=True)
    if STILL in answers:
        return 1
    return 3 if all(word == CANNOT for word in answers) else 0


def answer(records: list[Record], reason: str = "") -> tuple[str, str]:
    """The word for a replayed divergence, and what there is to say about it."""
    failing = [record for record in records if record.failing]
    if failing:
        return STILL, f"{failing[0].check}: {failing[0].message}"
    judged = [r for r in records if r.verdict in (Verdict.PASS, Verdict.ALLOWED)]
    if judged:
        return FIXED, ""
    return CANNOT, records[0].message if records else reason


def _run(
    wanted: list[tuple[dict[str, Any], Case]], targets: Targets, console: Console
) -> tuple[dict[tuple[str, Case], list[Record]], dict[str, str]]:
    """The records of every case, implementation by implementation, and why frameworks could not be had."""
    found: dict[tuple[str, Case], list[Record]] = {}
    reasons: dict[str, str] = {}
    names = dict.fromkeys(divergence["implementation"] for divergence, _ in wanted)
    for name in names:
        if framework_of(name) in reasons:
            continue
        cases = [case for divergence, case in wanted if divergence["implementation"] == name]
        plainly, _, version = name.partition("@")
        try:
            where = choose((), (release_of(plainly, version),)) if version else targets
        except BadRequirement as error:  # a release of what the suite does not install
            reasons[framework_of(name)] = str(error)
            continue
        for event in make_engine((plainly,), where, profile="full").run(cases):
            match event:
                case events.Judged(records):
                    found[name, records[0].case] = records
                case events.Unavailable(framework, reason):
                    reasons[framework] = reason
                case events.Preparing(framework, message):
                    Console(stderr=True).print(Text(plain(f"{framework}: {message}"), style="dim"))
    return found, reasons
