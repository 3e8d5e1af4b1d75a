"""Facts about a divergence in words that every page shares."""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from conv_transpose_conformance.reports.pages.words import check_name, counted, listed
from conv_transpose_conformance.reports.store.findings import Findings, members, severity_of_divergence

_TERMS: Final = {
    "tail_terms": "tail_terms: the number of output-padding positions that some product reaches",
    "extent": "extent: dilation * (kernel_size - 1) + 1",
    "output": "output: the documented output size",
    "channels_left": "channels_left: 1 if groups does not divide the channels",
    "in_per_group": "in_per_group: input channels per group",
    "out_per_group": "out_per_group: output channels per group",
}
_STATUS: Final = {
    "reproduced": "run for this report: reproduces the divergence",
    "gone": "run for this report: does NOT reproduce the divergence",
    "failed": "run for this report: failed before its end",
    "not run": "not run",
}


@frozen
class Fact:
    """One line of facts: a name, a text, and small print."""

    name: str
    text: str
    code: bool = False
    small: str = ""


def subject(divergence: dict[str, Any]) -> str:
    """Returns the failing checks of a divergence in words."""
    return listed(dict.fromkeys(check_name(entry["check"]) for entry in failing_checks(divergence)))


def failing_checks(divergence: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the failing checks of one implementation's entry, each with its counts."""
    found: list[dict[str, Any]] = divergence.get("checks") or [divergence]
    return found


def in_reading_order(counts: Findings) -> list[dict[str, Any]]:
    """Returns the divergences, the gravest first, and those that were expected last."""
    found = [finding for finding in counts.found if finding.divergence is not None]
    return [f.divergence for f in sorted(found, key=lambda f: f.expected) if f.divergence is not None]


def severity(divergence: dict[str, Any]) -> str:
    """Returns how grave a divergence is, in words after a comma; "" where its verdict says it already."""
    words = severity_of_divergence(divergence).words
    return "" if words == divergence["verdict"] else f", {words}"


def facts(divergence: dict[str, Any]) -> list[Fact]:
    """Returns the facts about a divergence, the condition first."""
    found = []
    others = members(divergence)[1:]
    if others:
        shares = [f"{one['implementation']} ({_share(one)})" for one in others]
        found.append(Fact("also in", listed(shares)))
    condition = divergence.get("condition")
    if condition:
        found.append(Fact("fails where", condition["text"], True, _counts(condition)))
        if condition["roughly"]:
            rough = condition["roughly"]
            exceptions = f"{rough['exceptions']:,} of the {condition['passing']:,} passing calls"
            found.append(
                Fact("roughly where", rough["text"], True, f"shorter, but also true for {exceptions}")
            )
    elif "condition" in divergence:
        found.append(Fact("fails where", "no condition separates the failing calls from the passing ones"))
    diagnosis = divergence.get("diagnosis")
    if diagnosis:
        cases = diagnosis["cases"]
        compared = "the only failing case" if cases == 1 else f"all {cases:,} failing cases"
        small = f"identical, bit for bit, on {compared} compared"
        found.append(Fact("behaves as", diagnosis["sentence"], False, small))
    if divergence.get("located"):
        located = divergence["located"]
        found.append(Fact("one-hot probe", located["sentence"], True, located["case"]))
    for one in members(divergence):
        expected = one.get("expected")
        if not expected:
            continue
        reasons = "; ".join(
            f"{entry['reason']} (line {entry['line']})" + (f" {entry['link']}" if entry["link"] else "")
            for entry in expected["entries"]
        )
        part = "" if expected["all"] else f" only {expected['covered']:,} of {expected['of']:,} verdicts:"
        where = f" in {one['implementation']}:" if others else ""
        found.append(Fact("expected", f"{where}{part} {reasons}".strip()))
    return found


def _share(divergence: dict[str, Any]) -> str:
    return f"{divergence['failing']:,} of {divergence['judged']:,} judged"


def _counts(condition: dict[str, Any]) -> str:
    holds, failing = condition["holds"], condition["failing"]
    exceptions, passing = condition["exceptions"], condition["passing"]
    if holds == failing == 1:
        text = "true for the only failing call"
    elif holds == failing:
        text = f"true for all {failing:,} failing calls"
    else:
        text = f"true for {holds:,} of the {failing:,} failing calls"
    if passing == 1:
        text += f" and {'also' if exceptions else 'not'} for the only passing one"
    elif passing:
        text += f" and {f'{exceptions:,}' if exceptions else 'none'} of the {passing:,} passing ones"
    if condition["asked"]:
        extra = counted(condition["asked"], "extra call")
        text += f" ({extra} {'was' if condition['asked'] == 1 else 'were'} made to narrow it down"
        text += ")" if condition["settled"] else "; it may still be too wide or too narrow)"
    terms = [words for term, words in _TERMS.items() if f"{term} " in condition["text"]]
    return "; ".join([text, *terms])


def script_status(reproduction: dict[str, Any]) -> str:
    """Returns in words whether the script reproduced its divergence."""
    return _STATUS[reproduction["status"]]


def expectations(run: dict[str, Any]) -> list[str]:
    """Returns one sentence per stale entry of the file of expectations."""
    about = run.get("expectations")
    if not about:
        return []
    return [
        f"{about['file']}:{entry['line']}: stale: no failing verdict of {entry['implementation']} matches "
        f"this entry any more ({entry['reason']})."
        for entry in about["stale"]
    ]
