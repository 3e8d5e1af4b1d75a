"""``conformance replay``: reruns one case on one implementation, and shows expected and actual results."""

from __future__ import annotations

from functools import partial
from typing import Any

from rich.console import Console
from rich.text import Text

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.commands.replay_all import STILL, answer, say
from conv_transpose_conformance.errors import ConformanceError, InvalidCase, NothingRan
from conv_transpose_conformance.execution.case_runner import CaseRunner, cannot_ask
from conv_transpose_conformance.execution.driver import reason_of
from conv_transpose_conformance.execution.interrupts import interruptible
from conv_transpose_conformance.execution.planner import check_size
from conv_transpose_conformance.frameworks.registry import framework_of
from conv_transpose_conformance.frameworks.targets import Targets
from conv_transpose_conformance.judging.verdicts import Record, Verdict
from conv_transpose_conformance.text import plain


def replay(case: Case, implementation: str, targets: Targets, console: Console) -> int:
    """Shows every check of the case; returns 1 if one fails, else 0.

    Raises:
        InvalidCase: if the implementation cannot express the case.
        NothingRan: if its framework is unavailable.
    """
    reason = cannot_ask(case, implementation)
    if reason is not None:
        raise InvalidCase(f"cannot run: {implementation} {reason}")
    check_size(case)
    failing = False
    with interruptible() as interrupt:
        for target in targets.of(framework_of(implementation)):
            with CaseRunner(target, targets, interrupt, partial(say, str(target))) as runner:
                failing |= _replay(case, implementation, runner, console)
    return int(failing)


def _replay(case: Case, implementation: str, runner: CaseRunner, console: Console) -> bool:
    """Shows the case's result on one target, and returns whether a check fails."""
    framework = runner.target.framework
    try:
        hello = runner.start()
        records = runner.run(case, implementation).records
    except ConformanceError as error:
        raise NothingRan(f"cannot run: {runner.target}: {reason_of(error, framework)}") from None
    console.print(Text(plain(f"{implementation} · {framework} {hello['version']} · {hello['device']}")))
    console.print(Text(case.id, style="bold"), soft_wrap=True)
    for record in records:
        _show(record, console)
    word, _ = answer(records)
    console.print(Text(word, style="bold red" if word == STILL else "bold green"))
    return any(record.failing for record in records)


def _show(record: Record, console: Console) -> None:
    style = "bold red" if record.failing else "green" if record.verdict is Verdict.PASS else "yellow"
    line = Text.assemble(f"{record.check:<12} ", (f"{record.verdict}", style))
    if record.met:
        line.append(f"  {record.met}, at most {record.error:.3g} u·A" if record.error else f"  {record.met}")
    if record.message:
        line.append(f"  {plain(record.message)}")
    console.print(line, soft_wrap=True)
    if record.evidence is not None:
        for name in ("expected", "actual", "difference"):
            value = getattr(record.evidence, name)
            if value is not None:
                console.print(Text(f"  {name:<11}{_numbers(value)}"), soft_wrap=True)


def _numbers(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_numbers, value)) + "]"
    return f"{value:.9g}" if isinstance(value, float) else str(value)
