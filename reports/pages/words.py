"""Verdicts, checks and results in symbols and words, the same on every page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from attrs import frozen

from conv_transpose_conformance.judging.verdicts import FAILING, Check, Verdict
from conv_transpose_conformance.reports.store.agreement import judges
from conv_transpose_conformance.text import plain


@frozen
class Word:
    """How a verdict is shown: never by colour alone."""

    symbol: str
    ascii: str
    word: str
    meaning: str
    short: str = ""  # for narrow cells

    @property
    def brief(self) -> str:
        """The word, as short as it can be understood."""
        return self.short or self.word


WORDS: Final = {
    Verdict.CRASH: Word("†", "#", "crash", "the framework's process died of a signal"),
    Verdict.HANG: Word("…", "~", "hang", "no answer within the deadline"),
    Verdict.ERROR: Word("!", "!", "error", "an exception where the document promises a result"),
    Verdict.DIVERGE: Word("✗", "x", "diverge", "another result than the document demands"),
    Verdict.PASS: Word("✓", "+", "pass", "what the document demands"),
    Verdict.ALLOWED: Word("≈", "=", "allowed", "differs where the document permits either"),
    Verdict.UNSUPPORTED: Word(
        "○", "o", "unsupported", "not offered, and the framework or its document says so"
    ),
    Verdict.NOT_APPLICABLE: Word(
        "·", ".", "not applicable", "the question does not arise for this interface", "n/a"
    ),
}  # in the order in which one verdict stands for a cell that has several

CHECKS: Final = {
    Check.ACCEPTANCE.value: ("acceptance", "accept"),
    Check.PARAMETERS.value: ("parameters", "param"),
    Check.SHAPE.value: ("output shape", "shape"),
    Check.DTYPE.value: ("output dtype", "dtype"),
    Check.VALUES.value: ("values", "values"),
    Check.GRAD_INPUT.value: ("gradient of input", "∂x"),
    Check.GRAD_WEIGHT.value: ("gradient of weight", "∂w"),
    Check.GRAD_BIAS.value: ("gradient of bias", "∂b"),
}


def counted(number: int, one: str, many: str | None = None) -> str:
    """``3 cases``, ``1 case``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def check_name(check: str) -> str:
    """A check in words; one of another version of the suite keeps its name."""
    return CHECKS[check][0] if check in CHECKS else plain(check)


def checks_of(run: dict[str, Any]) -> list[str]:
    """The columns of a matrix: the checks that were judged at all, in their order."""
    present = {check for entry in run["implementations"].values() for check in entry["checks"]}
    return [check for check in CHECKS if check in present] + sorted(present - CHECKS.keys())


def in_order(counts: dict[str, int]) -> list[tuple[Verdict, int]]:
    """The verdicts that occurred, the one that stands for the cell first."""
    return [(verdict, counts[verdict]) for verdict in WORDS if counts.get(verdict)]


def failing(counts: dict[str, int]) -> int:
    """How many of the verdicts fail a run."""
    return sum(count for verdict, count in counts.items() if verdict in FAILING)


def judged(counts: dict[str, int]) -> int:
    """How many of the verdicts are a judgement."""
    unjudged = (Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE)
    return sum(count for verdict, count in counts.items() if verdict not in unjudged)


def by_framework(run: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """The frameworks, each with its implementations, also where it has none."""
    groups: dict[str, list[str]] = {name: [] for name in run["frameworks"]}
    for name, entry in run["implementations"].items():
        groups.setdefault(entry["framework"], []).append(name)
    return list(groups.items())


def missing(framework: dict[str, Any]) -> tuple[str, str] | None:
    """In words, that a framework could not be judged (to the end), and the reason; None where it was."""
    reason = framework.get("reason")
    if framework.get("status") == "unavailable":
        return "unavailable", reason or "no reason given"
    return ("lost before the end", reason) if reason else None


def absences(run: dict[str, Any]) -> str:
    """In words, which frameworks were not judged, or not to the end."""
    frameworks = run["frameworks"]
    if not any(entry["status"] == "ran" for entry in frameworks.values()):
        return "no framework could be run"
    found = [
        f"{plain(name)} {about[0]}"
        for name, entry in frameworks.items()
        if (about := missing(entry)) and not entry.get("optional")
    ]
    return f"not everything was judged: {listed(found)}"


def listed(names: Iterable[str]) -> str:
    """``a, b and c``."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def requirement_results(run: dict[str, Any]) -> list[dict[str, Any]]:
    """The results of a run's requirements; empty where it examined none."""
    found: list[dict[str, Any]] = (run.get("requirements") or {}).get("results", [])
    return found


def headline(run: dict[str, Any]) -> str:
    """The result in a few words."""
    about = run.get("expectations") or {}
    # An implementation that no case reached has nothing to be clean of.
    implementations = [entry for entry in run["implementations"].values() if entry["judged"]]
    if implementations and about.get("entries") and run["exit_code"] == 0:
        return "As expected: no new divergence"
    broken = {r["implementation"] for r in requirement_results(run) if r["verdict"] in FAILING}
    unjudged = (Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE)
    if not implementations and any(r["verdict"] not in unjudged for r in requirement_results(run)):
        return (
            f"{counted(len(broken), 'implementation')} broke a requirement"
            if broken
            else "Every requirement examined holds"
        )
    if not implementations:
        return "Nothing was judged"
    total = len(implementations)
    diverging = sum(
        bool(failing(entry["verdicts"])) or name in broken
        for name, entry in run["implementations"].items()
        if entry["judged"]
    )
    if not diverging:
        return f"No divergence in {counted(total, 'implementation')}"
    return (
        f"{diverging:,} of {counted(total, 'implementation')} {'diverges' if diverging == 1 else 'diverge'}"
    )


def sentences(run: dict[str, Any], divergences: list[dict[str, Any]]) -> list[str]:
    """The result in two or three sentences of plain text."""
    implementations = run["implementations"]
    absent = [plain(name) for name, entry in run["frameworks"].items() if entry["status"] == "unavailable"]
    lost = [
        plain(name)
        for name, entry in run["frameworks"].items()
        if entry["status"] == "ran" and entry.get("reason")
    ]
    said = []
    if implementations:
        cases = [entry["judged"] for entry in implementations.values()]
        each = counted(max(cases), "case")
        if min(cases) != max(cases):
            each = f"{min(cases):,} to {each}"
        verdicts = sum(judged(entry["verdicts"]) for entry in implementations.values())
        names = "One implementation was"
        if len(implementations) > 1:
            names, each = f"{len(implementations):,} implementations were", f"{each} each"
        result = f"{names} judged on {each}, {counted(verdicts, 'verdict')} in all"
        if divergences:
            fails = sum(failing(entry["verdicts"]) for entry in implementations.values())
            result += f": {counted(fails, 'failing verdict')} in {counted(len(divergences), 'group')}"
            known = sum(bool(d.get("expected") and d["expected"]["all"]) for d in divergences)
            result += f", {known:,} of them expected." if known else "."
        else:
            result += ", none of them failing."
        said.append(result)
    said += _covered(run.get("coverage") or {})
    if absent:
        one = len(absent) == 1
        verb, whose = ("was", "its") if one else ("were", "their")
        said.append(f"{listed(absent)} {verb} unavailable: none of {whose} implementations was judged.")
    if lost:
        said.append(f"{listed(lost)} {'was' if len(lost) == 1 else 'were'} lost before the end.")
    if len(judges(run)) > 1:
        said.append(f"Versions {listed(map(plain, judges(run)))} of the suite judged its parts.")
    if run["interrupted"]:
        said.append("The run was interrupted: this is what had been found until then.")
    return said


def _covered(coverage: dict[str, Any]) -> list[str]:
    """What the cases saw of the parameter space."""
    if not coverage:
        return []
    parts = []
    for ndim, entry in coverage.items():
        pairs, triples = (
            f"{seen:,} of {possible:,}" for seen, possible in (entry["pairs"], entry["triples"])
        )
        parts.append(f"{pairs} pairs and {triples} triples in {ndim[0]}-D")
    return [f"Of the possible combinations of parameter levels its cases held {' and '.join(parts)}."]


def command(run: dict[str, Any]) -> str:
    """The command of the run: as recorded, or put together from its settings."""
    recorded = run["host"].get("command")
    if recorded:
        return plain(recorded)
    parts = ["conformance run"]
    for option in ("profile", "budget", "seed"):
        if run[option] is not None:
            parts.append(f"--{option} {run[option]}")
    return plain(" ".join(parts))


def error_in_units(error: object) -> str:
    """A rounding error in units of u·A."""
    if error is None:
        return ""
    if isinstance(error, str):
        return {"nan": "NaN", "inf": "∞", "-inf": "−∞"}.get(error, plain(error))
    assert isinstance(error, int | float)
    return f"{error:.3g}"
