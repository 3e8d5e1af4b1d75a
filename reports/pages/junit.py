"""junit.xml: one test per implementation and check, and per implementation and requirement."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.reports.pages.cause_words import facts, is_expected
from conv_transpose_conformance.reports.pages.requirements import command, fails, fails_alone
from conv_transpose_conformance.reports.pages.requirements import is_expected as is_known
from conv_transpose_conformance.reports.pages.words import (
    WORDS,
    by_framework,
    checks_of,
    counted,
    failing,
    judged,
    missing,
    requirement_results,
)
from conv_transpose_conformance.text import one_line, plain

_SKIPPED = (Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE)


def junit(run: dict[str, Any], divergences: list[dict[str, Any]]) -> str:
    """Returns the run as a JUnit document."""
    root = ET.Element("testsuites", name=one_line(run["suite"]["name"]))
    for framework, implementations in by_framework(run):
        suite = ET.SubElement(root, "testsuite", name=one_line(framework), timestamp=plain(run["started"]))
        about = run["frameworks"].get(framework, {})
        absence = missing(about)
        if absence:
            test = ET.SubElement(suite, "testcase", classname=one_line(framework), name="available")
            ET.SubElement(test, "skipped", message=one_line(": ".join(absence)))
        for implementation in implementations:
            checks = run["implementations"][implementation]["checks"]
            for check in checks_of(run):
                if checks.get(check):
                    _add_test(suite, run, divergences, implementation, check)
        for result in requirement_results(run):
            if result["framework"] == framework and result["verdict"] != Verdict.NOT_APPLICABLE:
                _add_requirement(suite, run, result)
        _count(suite)
    _count(root)
    root.set("time", f"{run['seconds']:.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _count(parent: ET.Element) -> None:
    parent.set("tests", str(len(list(parent.iter("testcase")))))
    parent.set("failures", str(len(list(parent.iter("failure")))))
    parent.set("skipped", str(len(list(parent.iter("skipped")))))
    parent.set("errors", "0")


def _add_test(
    suite: ET.Element, run: dict[str, Any], divergences: list[dict[str, Any]], implementation: str, check: str
) -> None:
    entry = run["implementations"][implementation]
    counts: dict[str, int] = entry["checks"][check]
    test = ET.SubElement(suite, "testcase", classname=one_line(implementation), name=one_line(check))
    if failing(counts):
        mine = [d for d in divergences if d["implementation"] == implementation and check in _checks(d)]
        new = [d for d in mine if not is_expected(d)]
        if mine and not new:
            known = "; ".join(fact.text for d in mine for fact in facts(d) if fact.name == "expected")
            ET.SubElement(test, "skipped", message=one_line(f"diverges as expected: {known}"))
            return
        mine = new
        summary = f"{counted(failing(counts), 'failing verdict')} of {judged(counts):,} judged"
        first = one_line(mine[0]["smallest"]["message"]) if mine else ""
        failure = ET.SubElement(
            test,
            "failure",
            type=", ".join(plain(d["verdict"]) for d in mine),
            message=f"{summary}: {first}" if first else summary,
        )
        failure.text = "\n\n".join(_details(d) for d in mine)
    elif not judged(counts):
        reasons = [
            f"{WORDS[verdict].word}: {one_line(entry['messages'][check][verdict][0]['message'])}"
            for verdict in _SKIPPED
            if (entry.get("messages") or {}).get(check, {}).get(verdict)
        ]
        verdicts = ", ".join(f"{WORDS[v].word} ({counts[v]:,})" for v in _SKIPPED if counts.get(v))
        ET.SubElement(test, "skipped", message="; ".join(reasons) or verdicts)


def _add_requirement(suite: ET.Element, run: dict[str, Any], result: dict[str, Any]) -> None:
    name, classname = one_line(result["requirement"]), one_line(result["implementation"])
    test = ET.SubElement(suite, "testcase", classname=classname, name=name)
    message = one_line(result["message"])
    if result["verdict"] == Verdict.UNSUPPORTED:
        ET.SubElement(test, "skipped", message=message)
    elif fails_alone(result) and is_known(result):
        ET.SubElement(test, "skipped", message=f"fails, as expected: {message}")
    elif fails_alone(result):
        failure = ET.SubElement(test, "failure", type=plain(result["verdict"]), message=message)
        catalogue = {entry["id"]: entry["statement"] for entry in run["requirements"]["catalogue"]}
        text = f"required: {catalogue[result['requirement']]}\nfound: {result['message']}"
        failure.text = plain(f"{text}\nrerun: {command(result)}")
    elif fails(result):
        ET.SubElement(test, "skipped", message=f"see the divergences of its cases: {message}")


def _checks(divergence: dict[str, Any]) -> list[str]:
    return [entry["check"] for entry in divergence.get("checks") or [divergence]]


def _details(divergence: dict[str, Any]) -> str:
    smallest = divergence["smallest"]
    share = f"{divergence['failing']:,} of {divergence['judged']:,} judged"
    lines = [
        f"{divergence['id']}: {divergence['verdict']}, {share}",
        f"smallest case: {smallest['case']}",
        smallest["message"],
        *(f"{fact.name}: {fact.text}" for fact in facts(divergence)),
        f"replay: {divergence['replay']}",
    ]
    return plain("\n".join(lines))
