"""Verdicts, checks and results in the symbols and words that every page shares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from attrs import frozen

from conv_transpose_conformance.judging.verdicts import FAILING, Check, Verdict
from conv_transpose_conformance.reports.store.agreement import judges
from conv_transpose_conformance.text import plain


@frozen
class Word:
    """How pages show a verdict: never by colour alone."""

    symbol: str
    ascii: str
    word: str
    meaning: str
    short: str = ""  # for narrow cells

    @property
    def brief(self) -> str:
        """Returns the shortest word that can be understood."""
        return self.short or self.word


WORDS: Final = {
    Verdict.CRASH: Word("†", "#", "crash", "a signal killed the framework's process"),
    Verdict.HANG: Word("…", "~", "hang", "no answer within the deadline"),
    Verdict.ERROR: Word("!", "!", "error", "an exception, although the documentation promises a result"),
    Verdict.DIVERGE: Word("✗", "x", "diverge", "a result that contradicts the documentation"),
    Verdict.PASS: Word("✓", "+", "pass", "the documented result"),
    Verdict.ALLOWED: Word("≈", "=", "allowed", "the documentation leaves it open"),
    Verdict.UNSUPPORTED: Word(
        "○", "o", "unsupported", "not offered, as the framework or its documentation says"
    ),
    Verdict.NOT_APPLICABLE: Word("·", ".", "not applicable", "the check does not apply to this API", "n/a"),
}  # the first of these verdicts that occurs stands for its cell

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
    """Returns ``3 cases`` or ``1 case``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def check_name(check: str) -> str:
    """Returns a check in words; a check of another version of the suite keeps its name."""
    return CHECKS[check][0] if check in CHECKS else plain(check)


def checks_of(run: dict[str, Any]) -> list[str]:
    """Returns the columns of a matrix: the checks that occur, in their order."""
    present = {check for entry in run["implementations"].values() for check in entry["checks"]}
    return [check for check in CHECKS if check in present] + sorted(present - CHECKS.keys())


def in_order(counts: dict[str, int]) -> list[tuple[Verdict, int]]:
    """Returns the verdicts that occurred with their counts; the first stands for the cell."""
    return [(verdict, counts[verdict]) for verdict in WORDS if counts.get(verdict)]


def failing(counts: dict[str, int]) -> int:
    """Returns the number of failing verdicts."""
    return sum(count for verdict, count in counts.items() if verdict in FAILING)


def judged(counts: dict[str, int]) -> int:
    """Returns the number of verdicts other than unsupported and not applicable."""
    unjudged = (Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE)
    return sum(count for verdict, count in counts.items() if verdict not in unjudged)


def by_framework(run: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Returns all frameworks, each with its implementations."""
    groups: dict[str, list[str]] = {name: [] for name in run["frameworks"]}
    for name, entry in run["implementations"].items():
        groups.setdefault(entry["framework"], []).append(name)
    return list(groups.items())


def missing(framework: dict[str, Any]) -> tuple[str, str] | None:
    """Returns how a framework is missing, and the reason; None if it was judged to the end."""
    reason = framework.get("reason")
    if framework.get("status") == "unavailable":
        return "unavailable", reason or "no reason given"
    return ("stopped before the end", reason) if reason else None


def absences(run: dict[str, Any]) -> str:
    """Returns in words which frameworks were not judged, or not to the end."""
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
    """Returns ``a, b and c``."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def requirement_results(run: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the results of a run's requirements, empty if it examined none."""
    found: list[dict[str, Any]] = (run.get("requirements") or {}).get("results", [])
    return found


def headline(run: dict[str, Any]) -> str:
    """Returns the result in a few words."""
    about = run.get("expectations") or {}
    # an implementation without a judged case cannot be free of divergences
    implementations = [entry for entry in run["implementations"].values() if entry["judged"]]
    if implementations and about.get("entries") and run["exit_code"] == 0:
        return "As expected: no new divergence"
    broken = {r["implementation"] for r in requirement_results(run) if r["verdict"] in FAILING}
    unjudged = (Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE)
    if not implementations and any(r["verdict"] not in unjudged for r in requirement_results(run)):
        if not broken:
            return "All examined requirements hold"
        verb = "breaks" if len(broken) == 1 else "break"
        return f"{counted(len(broken), 'implementation')} {verb} a requirement"
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
    """Returns the result in a few sentences of plain text."""
    implementations = run["implementations"]
    absent = [plain(name) for name, entry in run["frameworks"].items() if entry["status"] == "unavailable"]
    lost = [
        plain(name)
        for name, entry in run["frameworks"].items()
        if entry["status"] == "ran" and entry.get("reason")
    ]
    lines = []
    if implementations:
        cases = [entry["judged"] for entry in implementations.values()]
        each = counted(max(cases), "case")
        if min(cases) != max(cases):
            each = f"{min(cases):,} to {each}"
        verdicts = sum(judged(entry["verdicts"]) for entry in implementations.values())
        names = "One implementation was"
        if len(implementations) > 1:
            names, each = f"{len(implementations):,} implementations were", f"{each} each"
        result = f"{names} judged on {each}: {counted(verdicts, 'verdict')}, "
        if divergences:
            fails = sum(failing(entry["verdicts"]) for entry in implementations.values())
            result += f"of which {fails:,} {'fails' if fails == 1 else 'fail'}, "
            result += f"in {counted(len(divergences), 'divergence')}"
            known = sum(bool(d.get("expected") and d["expected"]["all"]) for d in divergences)
            result += f" ({known:,} expected)." if known else "."
        else:
            result += "none failing."
        lines.append(result)
    lines += _covered(run.get("coverage") or {})
    if absent:
        one = len(absent) == 1
        verb, whose = ("was", "its") if one else ("were", "their")
        lines.append(f"{listed(absent)} {verb} unavailable: none of {whose} implementations was judged.")
    if lost:
        lines.append(f"{listed(lost)} stopped before the end of the run.")
    if len(judges(run)) > 1:
        lines.append(f"Versions {listed(map(plain, judges(run)))} of the suite judged its parts.")
    if run["interrupted"]:
        lines.append("The run was interrupted; this is what it found until then.")
    return lines


def _covered(coverage: dict[str, Any]) -> list[str]:
    """Returns one sentence per dimension on the part of the parameter space that the cases covered."""
    lines = []
    for ndim, entry in coverage.items():
        pairs, triples = (_percent(*entry[strength]) for strength in ("pairs", "triples"))
        lines.append(f"Coverage ({ndim[0]}-D): {pairs} of parameter pairs, {triples} of triples.")
    return lines


def _percent(seen: int, possible: int) -> str:
    """Returns a share rounded down, so that only a complete one is 100 %."""
    return f"{100 * seen // possible if possible else 100} %"


def command(run: dict[str, Any]) -> str:
    """Returns the command of the run, as recorded or put together from its settings."""
    recorded = run["host"].get("command")
    if recorded:
        return plain(recorded)
    parts = ["conformance run"]
    for option in ("profile", "budget", "seed"):
        if run[option] is not None:
            parts.append(f"--{option} {run[option]}")
    return plain(" ".join(parts))


def error_in_units(error: object) -> str:
    """Returns a rounding error, given in units of u·A, as text."""
    if error is None:
        return ""
    if isinstance(error, str):
        return {"nan": "NaN", "inf": "∞", "-inf": "−∞"}.get(error, plain(error))
    assert isinstance(error, int | float)
    return f"{error:.3g}"
