"""junit.xml: one test per cause, per implementation and check, and per implementation and requirement.

Each finding that fails the run is one failure; what it makes fail elsewhere is skipped and names it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.reports.pages.cause_words import facts, failing_checks, subject
from conv_transpose_conformance.reports.pages.requirements import command, fails, fault
from conv_transpose_conformance.reports.pages.words import (
    WORDS,
    by_framework,
    checks_of,
    counted,
    failing,
    judged,
    listed,
    missing,
    requirement_results,
)
from conv_transpose_conformance.reports.store.findings import Finding, findings, members
from conv_transpose_conformance.text import one_line, plain

_SKIPPED = (Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE)


def junit(run: dict[str, Any], divergences: list[dict[str, Any]]) -> str:
    """Returns the run as a JUnit document."""
    counts = findings(run, divergences)
    of_results = {
        (f.result["requirement"], f.result["implementation"]): f
        for f in (*counts.found, *counts.documents)
        if f.result is not None
    }
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
        names = set[str]()
        for finding in counts.found:
            if finding.divergence is not None and finding.divergence["framework"] == framework:
                _add_cause(suite, finding, finding.divergence, names, counts.fail_on)
        for result in requirement_results(run):
            if result["framework"] == framework and result["verdict"] != Verdict.NOT_APPLICABLE:
                of_result = of_results.get((result["requirement"], result["implementation"]))
                _add_requirement(suite, result, of_result, counts.fail_on)
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
        mine = [
            cause["id"]
            for cause in divergences
            for one in members(cause)
            if one["implementation"] == implementation
            and check in [entry["check"] for entry in failing_checks(one)]
        ]
        summary = f"{counted(failing(counts), 'failing verdict')} of {judged(counts):,} judged"
        ET.SubElement(
            test, "skipped", message=one_line(f"{summary}: see {listed(mine)}" if mine else summary)
        )
    elif not judged(counts):
        reasons = [
            f"{WORDS[verdict].word}: {one_line(entry['messages'][check][verdict][0]['message'])}"
            for verdict in _SKIPPED
            if (entry.get("messages") or {}).get(check, {}).get(verdict)
        ]
        verdicts = ", ".join(f"{WORDS[v].word} ({counts[v]:,})" for v in _SKIPPED if counts.get(v))
        ET.SubElement(test, "skipped", message="; ".join(reasons) or verdicts)


def _add_cause(
    suite: ET.Element, finding: Finding, divergence: dict[str, Any], names: set[str], threshold: Severity
) -> None:
    """Adds the test of a cause; ``names`` are those that the suite has given to causes."""
    about = divergence.get("condition") or {}
    name = f"{subject(divergence)}: {about.get('text') or divergence.get('detail') or divergence['id']}"
    if (key := f"{divergence['implementation']} {name}") in names:
        name += f" ({divergence['id']})"
    names.add(key)
    classname = one_line(divergence["implementation"])
    test = ET.SubElement(suite, "testcase", classname=classname, name=one_line(name))
    if not finding.fails:
        known = "; ".join(fact.text for fact in facts(divergence) if fact.name == "expected")
        why = f"diverges as expected: {known}" if finding.expected else _below(finding, threshold)
        ET.SubElement(test, "skipped", message=one_line(why))
        return
    first = one_line(divergence["smallest"]["message"])
    summary = f"{finding.severity.words}: {_share(divergence)}"
    message = f"{summary}: {first}" if first else summary
    failure = ET.SubElement(test, "failure", type=plain(divergence["verdict"]), message=message)
    failure.text = "\n\n".join(_details(one) for one in members(divergence))


def _add_requirement(
    suite: ET.Element, result: dict[str, Any], finding: Finding | None, threshold: Severity
) -> None:
    """Adds the test of a requirement; ``finding`` is its finding, or the error of its document."""
    name, classname = one_line(result["requirement"]), one_line(result["implementation"])
    test = ET.SubElement(suite, "testcase", classname=classname, name=name)
    message = one_line(result["message"])
    if result["verdict"] == Verdict.UNSUPPORTED:
        ET.SubElement(test, "skipped", message=message)
    elif finding is not None and finding.fails:
        assert finding.requirement is not None
        failure = ET.SubElement(test, "failure", type=plain(result["verdict"]), message=message)
        text = f"required: {finding.requirement['statement']}\nfound: {result['message']}\n{fault(result)}"
        failure.text = plain(f"{text}\nrerun: {command(result)}")
    elif finding is not None and finding.expected:
        ET.SubElement(test, "skipped", message=f"fails, as expected: {message}")
    elif finding is not None:
        why = fault(result) if finding.severity is Severity.DOCUMENT else _below(finding, threshold)
        ET.SubElement(test, "skipped", message=one_line(f"{why}: {message}"))
    elif result.get("repeats"):
        ET.SubElement(test, "skipped", message=one_line(f"repeats {listed(result['repeats'])}: {message}"))
    elif fails(result):
        ET.SubElement(test, "skipped", message=f"see the divergences of its cases: {message}")


def _below(finding: Finding, threshold: Severity) -> str:
    """Returns why an unexpected finding does not fail the run."""
    return f"{finding.severity.words}, below --fail-on {threshold}"


def _share(divergence: dict[str, Any]) -> str:
    return f"{divergence['failing']:,} of {divergence['judged']:,} judged"


def _details(divergence: dict[str, Any]) -> str:
    smallest = divergence["smallest"]
    lines = [
        f"{divergence['id']} {divergence['implementation']}: {divergence['verdict']}, {_share(divergence)}",
        f"smallest case: {smallest['case']}",
        smallest["message"],
        *(f"{fact.name}: {fact.text}" for fact in facts(divergence)),
        f"replay: {divergence['replay']}",
    ]
    return plain("\n".join(lines))
