"""``conformance replay --all``: reruns the failures of an earlier run, and shows each answer.

It reruns the smallest case of every divergence, and every probed requirement that failed; the divergences
already cover the requirements that records decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
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
from conv_transpose_conformance.reports.store.findings import fails, members
from conv_transpose_conformance.reports.store.folder import read
from conv_transpose_conformance.requirements.base.requirement import Result
from conv_transpose_conformance.requirements.catalogue import catalogue
from conv_transpose_conformance.requirements.examine import Examined, Subject, examine
from conv_transpose_conformance.text import one_line, plain

FIXED: Final = "fixed"
STILL: Final = "still diverges"
CANNOT: Final = "cannot run"
_STYLES: Final = {FIXED: "bold green", STILL: "bold red", CANNOT: "bold yellow"}


def replay_all(directory: Path, targets: Targets, console: Console) -> int:
    """Reruns a run's failures; returns 1 if something still diverges, 3 if nothing could run.

    Raises:
        BadRunFolder: if the folder cannot be read.
        KeyboardInterrupt: if the user asks to stop.
    """
    run, causes = read(directory)
    divergences = [one for cause in causes for one in members(cause)]
    failing = [result for result in (run.get("requirements") or {}).get("results", ()) if fails(result)]
    if not divergences and not failing:
        console.print(Text(f"{directory} has no failure to replay"))
        return 0
    cases = [(d["implementation"], Case.from_dict(d["smallest"]["parameters"])) for d in divergences]
    replays = _ask(cases, failing, targets)
    words = []
    for divergence, (name, case) in zip(divergences, cases, strict=True):
        word, why = answer(replays.records.get((name, case), []), replays.reason(name, case))
        _show(console, word, f"{divergence['id']} {name}  {case.id}", why)
        words.append(word)
    for result in failing:
        name, requirement = result["implementation"], result["requirement"]
        word, why = answer_of(requirement, replays.results.get((requirement, name)), replays.reason(name))
        _show(console, word, f"{requirement} {name}", why)
        words.append(word)
    if STILL in words:
        return 1
    return 3 if all(word == CANNOT for word in words) else 0


def _ask(
    cases: Sequence[tuple[str, Case]], failing: Sequence[Mapping[str, Any]], targets: Targets
) -> _Replays:
    """Reruns the failed cases and requirements, implementation by implementation."""
    names = dict.fromkeys([*(name for name, _ in cases), *(result["implementation"] for result in failing)])
    with interruptible() as interrupt, closing(_Replays(targets, interrupt)) as replays:
        for name in names:
            replays.ask(
                name,
                [case for implementation, case in cases if implementation == name],
                [result["requirement"] for result in failing if result["implementation"] == name],
            )
    return replays


def _show(console: Console, word: str, subject: str, why: str) -> None:
    line = Text.assemble((f"{word:<15}", _STYLES[word]), plain(subject))
    if why:
        line.append(f"  {one_line(why)}", style="dim")
    console.print(line, soft_wrap=True)


def answer(records: list[Record], reason: str = "") -> tuple[str, str]:
    """Returns the word for a replayed divergence, and a note about it."""
    failing = [record for record in records if record.failing]
    if failing:
        return STILL, f"{failing[0].check}: {failing[0].message}"
    judged = [r for r in records if r.verdict in (Verdict.PASS, Verdict.ALLOWED)]
    if judged:
        return FIXED, ""
    return CANNOT, records[0].message if records else reason


def answer_of(requirement: str, result: Result | None, reason: str = "") -> tuple[str, str]:
    """Returns the word for a re-examined requirement, and a note about it."""
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


def say(target: str, message: str) -> None:
    """Shows progress before a target answers."""
    Console(stderr=True).print(Text(plain(f"{target}: {message}"), style="dim"))


@define
class _Replays:
    """Reruns a run's failures; names implementations as reports do, with their release."""

    targets: Targets
    interrupt: Interrupt
    records: dict[tuple[str, Case], list[Record]] = field(factory=dict, init=False)
    results: dict[tuple[str, str], Result] = field(factory=dict, init=False)  # by requirement first
    _invalid: dict[tuple[str, Case], str] = field(factory=dict, init=False)  # why a case cannot run
    _unavailable: dict[tuple[str, str], str] = field(factory=dict, init=False)  # why a release is missing
    _runners: dict[tuple[str, str], list[CaseRunner]] = field(factory=dict, init=False)

    def ask(self, name: str, cases: Iterable[Case], requirements: Iterable[str]) -> None:
        """Reruns an implementation's failed cases and requirements on each of its targets."""
        parsed = Name.parse(name)
        for runner in self._runners_of(parsed):
            try:
                self._run(name, cases, runner)
                self._examine(name, requirements, runner)
            except ConformanceError as error:
                self._unavailable[_release(parsed)] = reason_of(error, runner.target.framework)

    def reason(self, name: str, case: Case | None = None) -> str:
        """Returns why an implementation could not run at all, or could not run this case."""
        if case is not None and (name, case) in self._invalid:
            return self._invalid[name, case]
        return self._unavailable.get(_release(Name.parse(name)), "it was not run")

    def close(self) -> None:
        """Ends the workers."""
        for runners in self._runners.values():
            for runner in runners:
                runner.close()

    def _runners_of(self, name: Name) -> list[CaseRunner]:
        """Returns the named release's runner, or, without a release, those of the framework's targets."""
        release = _release(name)
        if release not in self._runners:
            try:
                where = self.targets
                if name.release:
                    where = choose((), (release_of(name.implementation, name.release),))
            except BadRelease as error:  # the suite does not install this framework
                self._unavailable[release] = str(error)
                return []
            self._runners[release] = [
                CaseRunner(target, where, self.interrupt, partial(say, str(target)))
                for target in where.of(release[0])
            ]
        return self._runners[release]

    def _run(self, name: str, cases: Iterable[Case], runner: CaseRunner) -> None:
        runner.start()
        for case in cases:
            try:
                records = runner.run(case, Name.parse(name).implementation).records
            except InvalidCase as error:
                self._invalid[name, case] = str(error)
            else:
                self.records.setdefault((name, case), []).extend(records)

    def _examine(self, name: str, requirements: Iterable[str], runner: CaseRunner) -> None:
        wanted = [catalogue()[requirement] for requirement in requirements if requirement in catalogue()]
        python = Path(runner.start()["interpreter"])
        subject = Subject(str(runner.target), python, {Name.parse(name).implementation: name})
        for event in examine(wanted, [subject], self.interrupt):
            if isinstance(event, Examined):
                key = (event.result.requirement, name)
                if key not in self.results or not self.results[key].failing:
                    self.results[key] = event.result


def _release(name: Name) -> tuple[str, str]:
    return framework_of(name.implementation), name.release
