"""junit.xml: one test per implementation and check, for a CI service."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from conformance.verdicts import Verdict
from reports.cause_words import facts, is_expected
from reports.text import one_line, plain
from reports.wording import WORDS, by_framework, checks_of, counted, failing, judged, missing

_SKIPPED = (Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE)


def junit(run: dict[str, Any], divergences: list[dict[str, Any]]) -> str:
    """The run as a JUnit document."""
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
        said = [
            f"{WORDS[verdict].word}: {one_line(entry['messages'][check][verdict][0]['message'])}"
            for verdict in _SKIPPED
            if (entry.get("messages") or {}).get(check, {}).get(verdict)
        ]
        unsaid = ", ".join(f"{WORDS[v].word} ({counts[v]:,})" for v in _SKIPPED if counts.get(v))
        ET.SubElement(test, "skipped", message="; ".join(said) or unsaid)


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
