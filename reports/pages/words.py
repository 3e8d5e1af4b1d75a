"""Verdicts, checks and results in the symbols and words that every page shares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from attrs import frozen

from conv_transpose_conformance.judging.severity import FAIL_ON
from conv_transpose_conformance.judging.verdicts import FAILING, Check, Verdict
from conv_transpose_conformance.reports.store.agreement import judges
from conv_transpose_conformance.reports.store.findings import Findings, findings, is_expected
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


_UNJUDGED: Final = (Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE)


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
    return sum(count for verdict, count in counts.items() if verdict not in _UNJUDGED)


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


def headline(run: dict[str, Any], divergences: list[dict[str, Any]]) -> str:
    """Returns the result in a few words."""
    counts = findings(run, divergences)
    results = requirement_results(run)
    # an implementation without a judged case or requirement cannot be free of findings
    total = {name for name, entry in run["implementations"].items() if entry["judged"]}
    cases = bool(total)
    total |= {r["implementation"] for r in results if Verdict(r["verdict"]) not in _UNJUDGED}
    if not total:
        return "Nothing was judged"
    known = all(finding.expected for finding in counts.found)
    if (run.get("expectations") or {}).get("entries") and run["exit_code"] == 0 and known:
        return "As expected: no new finding"
    if not counts.found:
        text = (
            f"No finding in {counted(len(total), 'implementation')}"
            if cases
            else "All examined requirements hold"
        )
        failing = len(counts.failing)
        return f"{text}, but {counted(failing, 'error')} of documents" if failing else text
    text = (
        f"{counted(len(counts.found), 'finding')} in {len(counts.implementations):,} of "
        f"{counted(len(total), 'implementation')}"
    )
    failing = sum(finding.fails for finding in counts.found)
    if failing < len(counts.found):
        text += (
            f", {f'{failing:,}' if failing else 'none'} of which {'fail' if failing > 1 else 'fails'} the run"
        )
    return text


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
            known = sum(map(is_expected, divergences))
            result += f" ({known:,} expected)." if known else "."
        else:
            result += "none failing."
        lines.append(result)
    lines += _counts(findings(run, divergences))
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


def _counts(counts: Findings) -> list[str]:
    """Returns the findings of a run by kind, and how many are expected and fail the run."""
    lines = []
    if counts.found:
        causes = sum(finding.divergence is not None for finding in counts.found)
        others = len(counts.found) - causes
        kinds = [counted(causes, "divergence")] if causes else []
        kinds += [counted(others, "requirement")] if others else []
        failing = sum(finding.fails for finding in counts.found)
        text = f"{counted(len(counts.found), 'finding')}: {listed(kinds)}; "
        text += f"{counts.expected:,} expected, {failing:,} failing the run"
        text += "." if counts.fail_on is FAIL_ON else f" (--fail-on {counts.fail_on})."
        lines.append(text)
    if counts.documents:
        one = len(counts.documents) == 1
        text = f"{counted(len(counts.documents), 'failing statement')} {'is' if one else 'are'} "
        text += f"the fault of {'its document' if one else 'their documents'}"
        lines.append(text + (", not of implementations." if counts.fail_on is FAIL_ON else "."))
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
