"""What is known of a divergence, in words that every page shares."""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from conv_transpose_conformance.reports.pages.words import check_name, counted, listed

_TERMS: Final = {
    "tail_terms": "tail_terms: how many positions of the output padding some product reaches",
    "extent": "extent: dilation * (kernel_size - 1) + 1",
    "output": "output: the documented output size",
    "channels_left": "channels_left: 1 where the groups do not divide the channels",
    "in_per_group": "in_per_group: input channels of a group",
    "out_per_group": "out_per_group: output channels of a group",
}
_STATUS: Final = {
    "reproduced": "executed while this report was made: it reproduces the divergence",
    "gone": "executed while this report was made: it does NOT reproduce the divergence",
    "failed": "executed while this report was made: it did not run to its end",
    "not run": "not executed",
}


@frozen
class Fact:
    """A line of what is known: a name, the text, and what is said in small print."""

    name: str
    text: str
    code: bool = False
    small: str = ""


def is_expected(divergence: dict[str, Any]) -> bool:
    """Whether all of it is in the file of expectations."""
    expected = divergence.get("expected")
    return bool(expected and expected["all"])


def subject(divergence: dict[str, Any]) -> str:
    """The checks in which it shows, as words."""
    names = [check_name(entry["check"]) for entry in divergence.get("checks") or [divergence]]
    return listed(dict.fromkeys(names))


def facts(divergence: dict[str, Any]) -> list[Fact]:
    """What is known, the condition first."""
    found = []
    condition = divergence.get("condition")
    if condition:
        found.append(Fact("fails where", condition["text"], True, _counts(condition)))
        if condition["roughly"]:
            rough = condition["roughly"]
            found.append(
                Fact(
                    "roughly where",
                    rough["text"],
                    True,
                    f"shorter, but holds for {rough['exceptions']:,} of {condition['passing']:,} passing",
                )
            )
    elif "condition" in divergence:
        found.append(Fact("fails where", "no condition was found that parts it from what passes"))
    diagnosis = divergence.get("diagnosis")
    if diagnosis:
        small = f"bit for bit on all of {counted(diagnosis['cases'], 'failing case')} compared"
        found.append(Fact("behaves as", diagnosis["sentence"], False, small))
    if divergence.get("located"):
        located = divergence["located"]
        found.append(Fact("single numbers", located["sentence"], True, located["case"]))
    expected = divergence.get("expected")
    if expected:
        reasons = "; ".join(
            f"{entry['reason']} (line {entry['line']})" + (f" {entry['link']}" if entry["link"] else "")
            for entry in expected["entries"]
        )
        part = "" if expected["all"] else f" only {expected['covered']:,} of {expected['of']:,} verdicts:"
        found.append(Fact("expected", f"{part} {reasons}".strip()))
    return found


def _counts(condition: dict[str, Any]) -> str:
    said = (
        f"holds for {condition['holds']:,} of {condition['failing']:,} failing calls and "
        f"{condition['exceptions']:,} of {condition['passing']:,} passing ones"
    )
    if condition["asked"]:
        said += f", {condition['asked']:,} of them asked to sharpen it"
        said += " until it stayed" if condition["settled"] else " (it may still be too wide or too narrow)"
    terms = [words for term, words in _TERMS.items() if f"{term} " in condition["text"]]
    return "; ".join([said, *terms])


def script_status(reproduction: dict[str, Any]) -> str:
    """Whether the script did what it says, in words."""
    return _STATUS[reproduction["status"]]


def expectations(run: dict[str, Any]) -> list[str]:
    """Sentences about the file of expectations: its stale entries."""
    about = run.get("expectations")
    if not about:
        return []
    return [
        f"{about['file']}:{entry['line']}: stale: nothing of {entry['implementation']} diverges this way any "
        f"more ({entry['reason']})."
        for entry in about["stale"]
    ]
