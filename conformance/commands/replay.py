"""``conformance replay``: one case on one implementation, with what was expected and what came."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.commands.replay_all import STILL, answer
from conv_transpose_conformance.errors import InvalidCase, NothingRan
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.execution.engine import Engine
from conv_transpose_conformance.execution.interrupts import signals
from conv_transpose_conformance.execution.session import make_engine
from conv_transpose_conformance.frameworks.registry import framework_of, wrong_ndim
from conv_transpose_conformance.frameworks.targets import Targets
from conv_transpose_conformance.judging.verdicts import Record, Verdict
from conv_transpose_conformance.text import plain


def replay(case: Case, implementation: str, targets: Targets, console: Console) -> int:
    """Shows every check of the case; 1 where one fails, else 0.

    Raises:
        InvalidCase: where the implementation has no way to say the case.
        NothingRan: where its framework cannot be had.
    """
    reason = wrong_ndim(implementation, case)
    if reason:
        raise InvalidCase(f"cannot run: {implementation} cannot run {case.id}: {reason}")
    engine = make_engine((implementation,), targets)
    with signals(engine.interrupt):
        records, framework = _run(engine, case, console)
    if records and records[0].verdict is Verdict.NOT_APPLICABLE:
        raise InvalidCase(f"cannot run: {implementation} cannot express {case.id}: {records[0].message}")
    name = framework_of(implementation)
    console.print(Text(plain(f"{implementation} · {name} {framework['version']} · {framework['device']}")))
    console.print(Text(case.id, style="bold"), soft_wrap=True)
    for record in records:
        _show(record, console)
    word, _ = answer(records)
    console.print(Text(word, style="bold red" if word == STILL else "bold green"))
    return int(any(record.failing for record in records))


def _run(engine: Engine, case: Case, console: Console) -> tuple[list[Record], dict[str, Any]]:
    records: list[Record] = []
    info: dict[str, Any] = {"version": "", "device": ""}
    for event in engine.run([case]):
        match event:
            case events.Judged(found):
                records += found
            case events.Ready(_, described):
                info = described
            case events.Unavailable(framework, reason):
                raise NothingRan(f"cannot run: {framework}: {reason}")
            case events.Preparing(framework, message):
                Console(stderr=True).print(Text(plain(f"{framework}: {message}"), style="dim"))
    return records, info


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
