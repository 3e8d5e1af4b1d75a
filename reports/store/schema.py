"""Checks run.json and divergences.json.

Both may come from strangers and are only data.  This module checks everything that pages rely on; messages
name the file and the key.  Unknown keys are ignored.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NoReturn

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import BadRunFolder, InvalidCase
from conv_transpose_conformance.judging.verdicts import FAILING, Verdict
from conv_transpose_conformance.reports.store.cause_schema import check_cause
from conv_transpose_conformance.reports.store.files import reason
from conv_transpose_conformance.reports.store.findings import members
from conv_transpose_conformance.reports.store.json_node import NONE, Node, short
from conv_transpose_conformance.reports.store.reading_schema import check_readings
from conv_transpose_conformance.reports.store.requirement_schema import (
    check_drift,
    check_requirements,
    check_severity,
)
from conv_transpose_conformance.reports.store.strict_json import jsonable, replay_command
from conv_transpose_conformance.text import one_line

SCHEMA_VERSION: Final = 1
_VERDICTS: Final = frozenset(verdict.value for verdict in Verdict)


def _refuse_literal(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is not a JSON number")


def _whole(literal: str) -> int:
    if len(literal) > 20:  # beyond 64 bits: not written by the suite, and no float could hold it
        raise ValueError(f"the number {literal[:20]}... is too large")
    return int(literal)


def _load(path: Path) -> Node:
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise BadRunFolder(f"{path.parent}: no such folder") from None
        raise BadRunFolder(f"{path.parent}: not a run folder, it has no {path.name}") from None
    except OSError as error:
        raise BadRunFolder(f"{path}: {reason(error)}") from None
    except UnicodeDecodeError as error:
        raise BadRunFolder(f"{path}: not UTF-8 text (byte {error.start})") from None
    try:
        return Node(jsonable(json.loads(text, parse_constant=_refuse_literal, parse_int=_whole)), path)
    except RecursionError:
        raise BadRunFolder(f"{path}: not the JSON of a run: nested too deeply") from None
    except ValueError as error:
        raise BadRunFolder(one_line(f"{path}: not JSON, or truncated: {error}")) from None


def read_run(path: Path) -> dict[str, Any]:
    """Returns the checked content of a run.json.

    Raises:
        BadRunFolder: if it is wrong; names the file and the key.
    """
    return check_run(_load(path))


def read_divergences(path: Path, run: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the checked content of the divergences.json that belongs to ``run``.

    Raises:
        BadRunFolder: if it is wrong; names the file and the key.
    """
    return check_divergences(_load(path), run)


def check_run(run: Node) -> dict[str, Any]:
    """Returns the content of run.json after checking its structure."""
    version = run["schema"].value
    if version != SCHEMA_VERSION or isinstance(version, bool):
        run["schema"].fail(
            f"is {short(version)}, and this version of the suite reads {SCHEMA_VERSION}: "
            f"use the suite that wrote it{_writer(run)}"
        )
    for key in ("name", "version"):
        run["suite"][key].of(str)
    if run["suite"].get("judged_by").of(list, NONE) is not None:
        for judge in run["suite"]["judged_by"]:
            judge.of(str)
    run.get("corpus").of(int, NONE)
    check_severity(run.get("fail_on"))
    _check_time(run["started"])
    run["seconds"].of(float)
    run["profile"].of(str, NONE)
    run["seed"].of(int, NONE)
    run["budget"].of(float, NONE)
    run["interrupted"].of(bool)
    if run["exit_code"].count() > 255:
        run["exit_code"].fail(f"is {short(run['exit_code'].value)}, which is no exit code")
    run["host"].get("command").of(str, NONE)
    if run.get("shard").of(list, NONE) is not None:
        if len(run["shard"].value) != 2:
            run["shard"].fail("must be [index, count]")
        for number in run["shard"]:
            number.count()
    if run.get("coverage").of(dict, NONE) is not None:
        for ndim, entry in run["coverage"].items():
            if ndim not in ("1d", "2d"):
                entry.fail("must be of '1d' or '2d'")
            entry["cases"].count()
            for strength in ("pairs", "triples"):
                if len(entry[strength].of(list)) != 2:
                    entry[strength].fail("must be [seen, possible]")
                for number in entry[strength]:
                    number.count()
    if run.get("requirements").of(dict, NONE) is not None:
        check_requirements(run["requirements"])
    if run.get("readings").of(list, NONE) is not None:
        check_readings(run["readings"])
    if run.get("document_drift").of(list, NONE) is not None:
        check_drift(run["document_drift"])
    if run.get("expectations").of(dict, NONE) is not None:
        run["expectations"]["file"].of(str)
        run["expectations"]["entries"].count()
        for entry in run["expectations"]["stale"]:
            entry["line"].count()
            for key in ("implementation", "reason"):
                entry[key].of(str)
    for key in ("python", "numpy", "platform", "cpu", "reference"):
        run["host"][key].of(str, NONE)
    run["host"]["cpu_count"].of(int, NONE)
    for _, framework in run["frameworks"].items():
        _check_framework(framework)
    for _, implementation in run["implementations"].items():
        _check_implementation(implementation)
    content: dict[str, Any] = run.value
    return content


def _writer(run: Node) -> str:
    """Returns the version in a run.json of another format, as far as it can be read."""
    suite = run.value.get("suite")
    version = suite.get("version") if isinstance(suite, dict) else None
    return f", version {short(version)}" if isinstance(version, str) else ""


def _check_time(node: Node) -> None:
    try:
        datetime.fromisoformat(node.of(str))
    except ValueError:
        node.fail(f"must be an ISO 8601 time, not {short(node.value)}")


def _check_framework(framework: Node) -> None:
    status = framework["status"].of(str)
    if status not in ("ran", "unavailable"):
        framework["status"].fail(f'must be "ran" or "unavailable", not {short(status)}')
    for key in ("reason", "version", "python", "numpy", "r", "device", "interpreter"):
        framework.get(key).of(str, NONE)
    framework.get("optional").of(bool, NONE)
    if framework.get("dtypes").of(list, NONE) is not None:
        for dtype in framework["dtypes"]:
            dtype.of(str)
    if framework.get("packages").of(dict, NONE) is not None:
        for _, version in framework["packages"].items():
            version.of(str, NONE)


def _check_counts(node: Node) -> None:
    for verdict, count in node.items():
        if verdict not in _VERDICTS:
            node.fail(f"has the unknown verdict {short(verdict)}")
        count.count()


def _check_implementation(implementation: Node) -> None:
    implementation["framework"].of(str)
    for key in ("cases", "judged"):
        implementation[key].count()
    _check_counts(implementation["verdicts"])
    for _, counts in implementation["checks"].items():
        _check_counts(counts)
    if implementation.get("messages").of(dict, NONE) is not None:
        for _, verdicts in implementation["messages"].items():
            for verdict, messages in verdicts.items():
                if verdict not in _VERDICTS:
                    verdicts.fail(f"has the unknown verdict {short(verdict)}")
                for message in messages:
                    message["message"].of(str)
                    message["count"].count()
    certificate = implementation["certificate"]
    for key in ("probes", "passed"):
        certificate[key].count()
    for key in ("largest", "median"):
        certificate[key].of(float, NONE)
    certificate["sentence"].of(str)
    if implementation.get("bounded").of(dict, NONE) is not None:
        for _, bounded in implementation["bounded"].items():
            bounded["judged"].count()
            bounded["largest"].number()
            bounded["case"].of(str, NONE)
            for _, count in bounded["met"].items():
                count.count()


def check_divergences(divergences: Node, run: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the content of divergences.json after checking its structure and that it belongs to ``run``."""
    counted: Counter[tuple[str, str, str]] = Counter()
    names: set[str] = set()
    for divergence in divergences:
        _check_divergence(divergence)
        content = divergence.value
        if content["id"] in names:
            divergence["id"].fail(f"is {short(content['id'])} a second time")
        names.add(content["id"])
        for member in members(content):
            for entry in member.get("checks") or [member]:
                counted[member["implementation"], entry["check"], entry["verdict"]] += entry["failing"]
    if counted != _failing(run):
        divergences.fail(
            "its counts differ from those of the run.json beside it: the two belong to different runs"
        )
    content = divergences.value
    found: list[dict[str, Any]] = content
    return found


def _failing(run: dict[str, Any]) -> Counter[tuple[str, str, str]]:
    return Counter(
        {
            (name, check, verdict): count
            for name, implementation in run["implementations"].items()
            for check, counts in implementation["checks"].items()
            for verdict, count in counts.items()
            if verdict in FAILING and count
        }
    )


def _check_divergence(divergence: Node) -> None:
    for key in ("id", "implementation", "framework", "check", "verdict"):
        divergence[key].of(str)
    check_severity(divergence.get("severity"))
    if divergence.get("also").of(list, NONE) is not None:
        for other in divergence["also"]:
            _check_divergence(other)
            if other["id"].value != divergence["id"].value:
                other["id"].fail(f"must be {short(divergence['id'].value)}, as that of the cause around it")
            if "also" in other.value:
                other["also"].fail("must not be within another cause")
    if divergence["verdict"].value not in FAILING:
        divergence["verdict"].fail(f"must be a failing verdict, not {short(divergence['verdict'].value)}")
    for key in ("failing", "judged"):
        divergence[key].count()
    smallest = divergence["smallest"]
    smallest["message"].of(str)
    smallest["level"].of(str)
    smallest["error"].number()
    try:
        case = Case.from_dict(smallest["parameters"].of(dict))
    except InvalidCase as error:
        smallest["parameters"].fail(f"are not a case: {error}")
    if smallest["case"].of(str) != case.id:
        smallest["case"].fail(f"is not the id of the parameters beside it, {case.id}")
    _check_evidence(smallest["evidence"])
    for other in divergence["others"]:
        try:
            Case.parse(other.of(str))
        except InvalidCase as error:
            other.fail(f"is not a case id: {error}")
    check_cause(divergence)
    # a shell command is never taken from a file
    divergence["replay"].of(str)
    divergence.value["replay"] = replay_command(case.id, divergence["implementation"].value)


def _check_evidence(evidence: Node) -> None:
    if evidence.of(dict, NONE) is None:
        return
    for key in ("expected", "actual", "difference"):
        evidence[key].of(list, str, float, bool, NONE)
    for key in ("shape", "index"):
        if evidence[key].of(list, NONE) is not None:
            for size in evidence[key]:
                size.of(int)
    for key in ("wrong", "elements"):
        evidence[key].count()
