"""``conformance replay --all``: what failed in an earlier run again, each with its answer.

That is the smallest case of every divergence, and every probed requirement that did not hold; the judged ones
are as the divergences are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import define, field
from rich.console import Console
from rich.text import Text

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Name
from conv_transpose_conformance.errors import BadRelease
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.execution.engine import Interrupt
from conv_transpose_conformance.execution.interrupts import signals
from conv_transpose_conformance.execution.session import make_engine
from conv_transpose_conformance.frameworks.registry import framework_of
from conv_transpose_conformance.frameworks.targets import Targets, choose, release_of
from conv_transpose_conformance.judging.verdicts import FAILING, Record, Verdict
from conv_transpose_conformance.reports.store.folder import read
from conv_transpose_conformance.requirements.base.requirement import Result, fails
from conv_transpose_conformance.requirements.catalogue import catalogue
from conv_transpose_conformance.requirements.examine import Subject, examine
from conv_transpose_conformance.text import one_line, plain

FIXED: Final = "fixed"
STILL: Final = "still diverges"
CANNOT: Final = "cannot run"
_STYLES: Final = {FIXED: "bold green", STILL: "bold red", CANNOT: "bold yellow"}


@define
class _Asked:
    """What came of asking: by implementation (with its release), and why frameworks could not be had."""

    records: dict[tuple[str, Case], list[Record]] = field(factory=dict)
    results: dict[tuple[str, str], Result] = field(factory=dict)  # by requirement first
    interpreters: dict[str, Path] = field(factory=dict)
    reasons: dict[str, str] = field(factory=dict)

    def reason(self, implementation: str) -> str:
        """Why an implementation could not be asked."""
        return self.reasons.get(framework_of(implementation), "it was not run")


def replay_all(directory: Path, targets: Targets, console: Console) -> int:
    """Asks what failed in a run again; 1 where something still diverges, 3 where nothing could run.

    Raises:
        BadRunFolder: where the folder cannot be read.
        KeyboardInterrupt: where the user asks for the end.
    """
    run, divergences = read(directory)
    failing = [result for result in (run.get("requirements") or {}).get("results", ()) if fails(result)]
    if not divergences and not failing:
        console.print(Text(f"{directory} has no failure to replay"))
        return 0
    wanted = [(d, Case.from_dict(d["smallest"]["parameters"])) for d in divergences]
    asked = _Asked()
    _run([(d["implementation"], case) for d, case in wanted], failing, targets, console, asked)
    _examine(failing, asked)
    words = []

    def told(word: str, subject: str, why: str) -> None:
        words.append(word)
        line = Text.assemble((f"{word:<15}", _STYLES[word]), plain(subject))
        if why:
            line.append(f"  {one_line(why)}", style="dim")
        console.print(line, soft_wrap=True)

    for divergence, case in wanted:
        name = divergence["implementation"]
        word, why = answer(asked.records.get((name, case), []), asked.reason(name))
        told(word, f"{divergence['id']} {name}  {case.id}", why)
    for result in failing:
        name, requirement = result["implementation"], result["requirement"]
        word, why = answer_of(requirement, asked.results.get((requirement, name)), asked.reason(name))
        told(word, f"{requirement} {name}", why)
    if STILL in words:
        return 1
    return 3 if all(word == CANNOT for word in words) else 0


def answer(records: list[Record], reason: str = "") -> tuple[str, str]:
    """The word for a replayed divergence, and what there is to say about it."""
    failing = [record for record in records if record.failing]
    if failing:
        return STILL, f"{failing[0].check}: {failing[0].message}"
    judged = [r for r in records if r.verdict in (Verdict.PASS, Verdict.ALLOWED)]
    if judged:
        return FIXED, ""
    return CANNOT, records[0].message if records else reason


def answer_of(requirement: str, result: Result | None, reason: str = "") -> tuple[str, str]:
    """The word for a requirement that was examined again, and what there is to say about it."""
    if result is None:
        return (
            CANNOT,
            reason if requirement in catalogue() else "the catalogue no longer has this requirement",
        )
    found = result.plain()
    if result.verdict in FAILING:
        return STILL, f"{found['verdict']}: {found['message']}"
    if result.verdict in (Verdict.PASS, Verdict.ALLOWED):
        return FIXED, ""
    return CANNOT, found["message"]


def _run(
    cases: Sequence[tuple[str, Case]],
    failing: Iterable[Mapping[str, Any]],
    targets: Targets,
    console: Console,
    asked: _Asked,
) -> None:
    """Asks the cases, implementation by implementation; of those without one, where they can be had."""
    for name in dict.fromkeys([*(name for name, _ in cases), *(r["implementation"] for r in failing)]):
        if framework_of(name) in asked.reasons:
            continue
        parsed = Name.parse(name)
        plainly, version = parsed.implementation, parsed.release
        try:
            where = choose((), (release_of(plainly, version),)) if version else targets
        except BadRelease as error:  # a release of what the suite does not install
            asked.reasons[framework_of(name)] = str(error)
            continue
        mine = [case for implementation, case in cases if implementation == name]
        for event in make_engine((plainly,), where, profile="full").run(mine):
            match event:
                case events.Judged(records):
                    asked.records[name, records[0].case] = records
                case events.Ready(_, info):
                    asked.interpreters[name] = Path(info["interpreter"])
                case events.Unavailable(framework, reason):
                    asked.reasons[framework] = reason
                    asked.interpreters.pop(name, None)
                case events.Preparing(framework, message):
                    Console(stderr=True).print(Text(plain(f"{framework}: {message}"), style="dim"))


def _examine(failing: Iterable[Mapping[str, Any]], asked: _Asked) -> None:
    """Examines the requirements again, implementation by implementation."""
    interrupt = Interrupt()
    with signals(interrupt):
        for name, identifiers in _by_implementation(failing):
            if name not in asked.interpreters:
                continue
            subject = Subject(
                framework_of(name), asked.interpreters[name], {Name.parse(name).implementation: name}
            )
            requirements = [catalogue()[one] for one in identifiers if one in catalogue()]
            for result in examine(
                requirements, [subject], say=lambda _line: None, cancelled=lambda: interrupt.requested
            ):
                asked.results[result.requirement, name] = result
            if interrupt.requested:
                raise KeyboardInterrupt


def _by_implementation(failing: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for result in failing:
        found.setdefault(result["implementation"], []).append(result["requirement"])
    yield from found.items()
