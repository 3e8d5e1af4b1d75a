"""Converts causes to plain data for divergences.json."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

from attrs import define, field

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Name
from conv_transpose_conformance.causes.cause import Cause
from conv_transpose_conformance.frameworks.framework import PYTHON_SCRIPTS, Framework
from conv_transpose_conformance.frameworks.registry import framework, framework_of, interpret
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.reports.grouping import numbered
from conv_transpose_conformance.reports.pages.words import judged
from conv_transpose_conformance.reports.scripts.execution import Executions
from conv_transpose_conformance.reports.store.strict_json import jsonable, replay_command
from conv_transpose_conformance.reports.store.summary import OTHERS, Summary


@define
class Scripts:
    """Writes and runs the scripts of causes as soon as the causes are known."""

    executions: Executions
    versions: Mapping[str, str]
    devices: Mapping[str, str] = field(factory=dict)  # by target; the CPU by default
    _begun: dict[int, Future[dict[str, Any] | None]] = field(factory=dict, init=False)

    def begin(self, causes: Sequence[Cause]) -> None:
        """Starts the scripts of complete causes; any thread may call it."""
        for cause in causes:
            version = self.versions.get(cause.framework, "")
            written = _scripts(cause, version, self.devices.get(cause.framework, "cpu"))
            self._begun[id(cause)] = self.executions.begin(cause.framework, written, _ending(cause))

    def close(self) -> None:
        """Leaves out the scripts that are not yet executed, and waits for those that are being."""
        self.executions.close()

    def of(self, cause: Cause) -> dict[str, Any] | None:
        """Returns the outcome of a cause's script; waits for it."""
        if id(cause) not in self._begun:
            self.begin([cause])
        return self._begun[id(cause)].result()


def divergences(causes: Sequence[Cause], summary: Summary, scripts: Scripts) -> list[dict[str, Any]]:
    """Returns an entry of divergences.json for each cause; those of one cause have the same id.

    ``grouping.grouped`` makes one entry of them.
    """
    implementations = summary.implementations()
    found = [_plain(cause, implementations) for cause in causes]
    for entry, number in zip(found, numbered(found), strict=True):
        entry["id"] = f"D{number}"
    for entry, cause in zip(found, causes, strict=True):
        came = scripts.of(cause)
        entry["reproduction"] = came and {"file": f"repro/{_file_name(entry)}{_ending(cause)}", **came}
    return [jsonable(entry) for entry in found]


def _file_name(entry: Mapping[str, Any]) -> str:
    name = re.sub(r"\W", "_", entry["implementation"])  # dots, and @ before a version
    return f"{entry['id']}_{name}_{entry['check']}"


def _plain(cause: Cause, implementations: Mapping[str, Any]) -> dict[str, Any]:
    first = cause.first
    assert cause.smallest is not None
    counts = Counter((r.check, r.verdict) for records in cause.records.values() for r in records)
    checks = [
        {
            "check": check,
            "verdict": verdict,
            "failing": counts[check, verdict],
            "judged": judged(implementations[cause.implementation]["checks"][check.value]),
        }
        for check in Check
        for verdict in Verdict
        if counts[check, verdict]
    ]
    # the smallest case may come from an extra call, and fail in a check in which no case of the run fails
    shown = next((entry for entry in checks if entry["check"] == first.check), checks[0])
    seen = sorted(cause.records, key=lambda case: case.complexity)
    return {
        "id": "",
        "severity": cause.severity,
        "implementation": cause.implementation,
        "framework": cause.framework,
        "check": shown["check"],
        "verdict": shown["verdict"],
        "failing": shown["failing"],
        "judged": shown["judged"],
        "kind": cause.family.kind,
        "detail": cause.family.detail,
        "checks": checks,
        "cases": len(seen),
        "condition": _condition(cause),
        "diagnosis": _diagnosis(cause),
        "located": _located(cause),
        "smallest": smallest(first),
        "smallest_seen": seen[0].id,
        "others": [case.id for case in seen if case != cause.smallest][:OTHERS],
        "replay": replay_command(cause.smallest.id, cause.implementation),
        "reproduction": None,
        "expected": None,
    }


def smallest(record: Record) -> dict[str, Any]:
    """Returns what a divergence shows of its smallest case."""
    evidence = record.evidence
    shown = None
    if evidence is not None:
        shown = {
            "expected": evidence.expected,
            "actual": evidence.actual,
            "difference": evidence.difference,
            "shape": evidence.shape,
            "index": evidence.index,
            "wrong": evidence.wrong,
            "elements": evidence.elements,
        }
    return {
        "case": record.case.id,
        "parameters": record.case.to_dict(),
        "message": record.message,
        "level": record.level,
        "error": record.error,
        "evidence": shown,
    }


def _condition(cause: Cause) -> dict[str, Any] | None:
    if cause.formula is None:
        return None
    roughly = cause.roughly and {"text": cause.roughly[0].text, "exceptions": cause.roughly[1]}
    return {
        "text": cause.formula.text,
        "holds": cause.held_by,
        "failing": cause.failing,
        "exceptions": cause.excepted,
        "passing": cause.passing,
        "asked": cause.asked,
        "settled": cause.settled,
        "roughly": roughly,
    }


def _diagnosis(cause: Cause) -> dict[str, Any] | None:
    if cause.diagnosis is None:
        return None
    return {
        "sentence": cause.diagnosis.sentence.removeprefix("behaves as: "),
        "faults": [{"name": f.name, "explains": f.explains} for f in cause.diagnosis.faults],
        "cases": cause.diagnosis.cases,
    }


def _located(cause: Cause) -> dict[str, Any] | None:
    if cause.located is None:
        return None
    return {"case": cause.located.case.id, "sentence": cause.located.sentence}


def about(cause: Cause, version: str) -> list[str]:
    """Returns the lines that explain a script or an issue."""
    lines = [f"Seen with {cause.framework} {version}."] if version else []
    if cause.formula is not None:
        lines.append(f"Fails where: {cause.formula.text}.")
    if cause.diagnosis is not None:
        lines.append(f"Behaves as: {cause.diagnosis.sentence.removeprefix('behaves as: ')}.")
    return lines


def _ending(cause: Cause) -> str:
    """Returns the suffix of a script's file."""
    ending: str = _writer(framework(framework_of(cause.implementation))).ENDING
    return ending


def _writer(whose: Framework) -> Any:
    """Returns the module that writes scripts in the language of a framework's interpreter."""
    return importlib.import_module(whose.scripts)


def _scripts(cause: Cause, version: str, device: str) -> list[Callable[[], str]]:
    """Returns the scripts of a cause, the preferred one first; none if the framework has no idiom."""
    name, record, lines = Name.parse(cause.implementation).implementation, cause.first, about(cause, version)
    whose = framework(framework_of(name))
    if whose.idiom is None and whose.scripts == PYTHON_SCRIPTS:
        return []
    scripts = _writer(whose)
    where = {"device": device} if len(whose.devices) > 1 else {}
    case = record.case
    geometry = interpret(case, name).geometry
    output = None if geometry is None else _output(case, geometry.output_size)
    kind = cause.family.kind
    if cause.example is not None:
        example = cause.example
        return [lambda: scripts.values_script(name, example, lines, **where)]
    if kind == "shape" and record.evidence is not None:
        wanted = list(record.evidence.expected)
        return [lambda: scripts.fact_script(name, case, Check.SHAPE, wanted, lines, **where)]
    if kind == "dtype":
        return [lambda: scripts.fact_script(name, case, Check.DTYPE, case.dtype, lines, **where)]
    if kind == "parameters":
        described = {"weight": (list(case.weight_shape), case.dtype)}
        if case.bias:
            described["bias"] = ([case.out_channels], case.dtype)
        return [lambda: scripts.fact_script(name, case, Check.PARAMETERS, described, lines, **where)]
    if kind in ("refused", "raised"):
        return [lambda: scripts.refused_script(name, case, output, lines, **where)]
    if kind in ("values", "no-geometry"):
        return []  # without a worker the wrong elements are unknown
    refuse = interpret(case, name).reason if kind == "accepted" else ""
    return [
        lambda: scripts.process_script(name, case, must_refuse=refuse, output=output, about=lines, **where)
    ]


def _output(case: Case, size: tuple[int, ...]) -> tuple[int, ...]:
    lead = () if case.batch is None else (case.batch,)
    return (*lead, case.out_channels, *size)
