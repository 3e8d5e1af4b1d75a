"""``conformance replay --all``: what failed in an earlier run again, each with its answer.

That is the smallest case of every divergence, and every probed requirement that did not hold; the judged ones
are as the divergences are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from attrs import define, field
from rich.console import Console
from rich.text import Text

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Name
from conv_transpose_conformance.errors import BadRelease, ConformanceError, InvalidCase
from conv_transpose_conformance.execution.case_runner import CaseRunner
from conv_transpose_conformance.execution.driver import reason_of
from conv_transpose_conformance.execution.interrupts import Interrupt, interruptible
from conv_transpose_conformance.frameworks.registry import framework_of
from conv_transpose_conformance.frameworks.targets import Targets, choose, release_of
from conv_transpose_conformance.judging.verdicts import FAILING, Record, Verdict
from conv_transpose_conformance.reports.store.folder import read
from conv_transpose_conformance.requirements.base.requirement import Result, fails
from conv_transpose_conformance.requirements.catalogue import catalogue
from conv_transpose_conformance.requirements.examine import Examined, Subject, examine
from conv_transpose_conformance.text import one_line, plain

FIXED: Final = "fixed"
STILL: Final = "still diverges"
CANNOT: Final = "cannot run"
_STYLES: Final = {FIXED: "bold green", STILL: "bold red", CANNOT: "bold yellow"}


@define
class _Asked:
    """What came of asking, by the implementation's name (with its release)."""

    records: dict[tuple[str, Case], list[Record]] = field(factory=dict)
    results: dict[tuple[str, str], Result] = field(factory=dict)  # by requirement first
    invalid: dict[tuple[str, Case], str] = field(factory=dict)  # why a case cannot be asked
    reasons: dict[tuple[str, str], str] = field(factory=dict)  # why a framework's release cannot be had

    def reason(self, name: str, case: Case | None = None) -> str:
        """Why an implementation could not be asked, or not this case."""
        if case is not None and (name, case) in self.invalid:
            return self.invalid[name, case]
        return self.reasons.get((framework_of(name), Name.parse(name).release), "it was not asked")


def replay_all(directory: Path, targets: Targets, console: Console) -> int:
    """Asks what failed in a run again; 1 where something still diverges, 3 where nothing could run.

    Raises:
        BadRunFolder: where the folder cannot be read.
        KeyboardInterrupt: where the user asks for the end.
    """
    run, divergences = read(directory)
    failing = [result for result in (run.get("requirements") or {}).get("results", ()) if fails(result)]
    if not divergences and not failing:
        console.print(Text(f"{directory} has nothing that failed to replay"))
        return 0
    wanted = [(d, Case.from_dict(d["smallest"]["parameters"])) for d in divergences]
    asked = _ask([(d["implementation"], case) for d, case in wanted], failing, targets)
    words = []

    def told(word: str, subject: str, why: str) -> None:
        words.append(word)
        line = Text.assemble((f"{word:<15}", _STYLES[word]), plain(subject))
        if why:
            line.append(f"  {one_line(why)}", style="dim")
        console.print(line, soft_wrap=True)

    for divergence, case in wanted:
        name = divergence["implementation"]
        word, why = answer(asked.records.get((name, case), []), asked.reason(name, case))
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
        return CANNOT, reason if requirement in catalogue() else "the catalogue has it no longer"
    found = result.plain()
    if result.verdict in FAILING:
        return STILL, f"{found['verdict']}: {found['message']}"
    if result.verdict in (Verdict.PASS, Verdict.ALLOWED):
        return FIXED, ""
    return CANNOT, found["message"]


def say(target: str, message: str) -> None:
    """Shows what takes time before a target answers."""
    Console(stderr=True).print(Text(plain(f"{target}: {message}"), style="dim"))


def _ask(cases: Sequence[tuple[str, Case]], failing: Sequence[Mapping[str, Any]], targets: Targets) -> _Asked:
    """Asks the cases and the requirements that failed, implementation by implementation.

    Raises:
        KeyboardInterrupt: where the user asks for the end.
    """
    asked = _Asked()
    names = dict.fromkeys([*(name for name, _ in cases), *(result["implementation"] for result in failing)])
    with interruptible() as interrupt, ExitStack() as stack:
        known: dict[tuple[str, str], list[CaseRunner]] = {}
        for name in names:
            parsed = Name.parse(name)
            place = (framework_of(name), parsed.release)
            if place not in known:
                known[place] = [
                    stack.enter_context(one) for one in _runners(parsed, targets, interrupt, asked)
                ]
            mine = [case for implementation, case in cases if implementation == name]
            requirements = [result["requirement"] for result in failing if result["implementation"] == name]
            for runner in known[place]:
                _ask_target(name, mine, requirements, runner, interrupt, asked)
    return asked


def _runners(name: Name, targets: Targets, interrupt: Interrupt, asked: _Asked) -> list[CaseRunner]:
    """Those for a name's release; of a name without one, for where its framework can be had."""
    framework = framework_of(name.implementation)
    if name.release:
        try:
            targets = choose((), (release_of(name.implementation, name.release),))
        except BadRelease as error:  # a release of what the suite does not install
            asked.reasons[framework, name.release] = str(error)
            return []
    return [
        CaseRunner(target, targets, interrupt, partial(say, str(target))) for target in targets.of(framework)
    ]


def _ask_target(
    name: str,
    cases: Sequence[Case],
    requirements: Sequence[str],
    runner: CaseRunner,
    interrupt: Interrupt,
    asked: _Asked,
) -> None:
    parsed = Name.parse(name)
    try:
        interpreter = Path(runner.start()["interpreter"])
        for case in cases:
            try:
                records = runner.run(case, parsed.implementation).records
            except InvalidCase as error:
                asked.invalid[name, case] = str(error)
            else:
                asked.records.setdefault((name, case), []).extend(records)
    except ConformanceError as error:
        framework = runner.target.framework
        asked.reasons[framework, parsed.release] = reason_of(error, framework)
        return
    subject = Subject(str(runner.target), interpreter, {parsed.implementation: name})
    wanted = [catalogue()[one] for one in requirements if one in catalogue()]
    for event in examine(wanted, [subject], interrupt):
        if isinstance(event, Examined):
            known = asked.results.get((event.result.requirement, name))
            if known is None or not known.failing:
                asked.results[event.result.requirement, name] = event.result
