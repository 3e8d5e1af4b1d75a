"""Compares two runs: new, resolved and changed divergences, speed, coverage."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import numpy as np

from conv_transpose_conformance.judging.verdicts import FAILING, Verdict
from conv_transpose_conformance.reports.pages.words import requirement_results
from conv_transpose_conformance.reports.store.agreement import check_one_suite, reworded, suite_text
from conv_transpose_conformance.reports.store.findings import blames_document, fails, members
from conv_transpose_conformance.reports.store.folder import read
from conv_transpose_conformance.reports.store.records_reader import calls

_LEAST: Final = 0.10  # relative change of speed that is reported
_DEVIATIONS: Final = 4.0  # standard errors by which it must differ from none
_FEWEST: Final = 20  # calls in common

Cause = dict[str, Any]


def diff(before: Path, after: Path) -> dict[str, Any]:
    """Returns the differences between a run and a later one as plain data.

    The runs may be of two versions of the suite whose formats agree. Requirements that the two versions
    state differently are listed and not compared.

    Raises:
        BadRunFolder: if one cannot be read, has another format, or was made by another suite.
    """
    (run_a, causes_a), (run_b, causes_b) = read(before), read(after)
    check_one_suite([(before, run_a), (after, run_b)], "compare")
    pairs, gone, new = _matched(_apart(causes_a), _apart(causes_b))
    changed = [{"before": a, "after": b, "changes": changes} for a, b in pairs if (changes := _changes(a, b))]
    facts_a, facts_b = _facts(before), _facts(after)
    return {
        "before": {"path": str(before), **_about(run_a)},
        "after": {"path": str(after), **_about(run_b)},
        "new": new,
        "gone": gone,
        "changed": changed,
        "same": len(pairs) - len(changed),
        "requirements": _requirements(run_a, run_b),
        "reworded": list(reworded(run_a, run_b)),
        "verdicts": _verdicts(facts_a, facts_b),
        "speed": _speed(facts_a, facts_b),
        "coverage": _coverage(facts_a, facts_b),
    }


def _about(run: dict[str, Any]) -> dict[str, Any]:
    return {
        "frameworks": {
            n: f["version"] if f["status"] == "ran" else None for n, f in run["frameworks"].items()
        },
        "suite": suite_text(run),
        "corpus": run.get("corpus"),
        **{key: run[key] for key in ("profile", "seed", "budget", "started")},
    }


def _requirements(before: dict[str, Any], after: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the requirements whose verdict changed, among those that both runs examined."""
    others = reworded(before, after)
    known = {
        (r["requirement"], r["implementation"]): r
        for r in requirement_results(before)
        if r["requirement"] not in others
    }
    found = []
    for result in requirement_results(after):
        earlier = known.get((result["requirement"], result["implementation"]))
        if earlier is not None and earlier["verdict"] != result["verdict"]:
            found.append(
                {
                    "requirement": result["requirement"],
                    "implementation": result["implementation"],
                    "before": earlier["verdict"],
                    "after": result["verdict"],
                    "message": result["message"],
                    "broken": fails(result)
                    and not blames_document(result)
                    and earlier["verdict"] not in FAILING,
                }
            )
    return found


def _apart(causes: list[Cause]) -> list[Cause]:
    """Returns one cause for each implementation, so that one that spreads to another is new there."""
    return [
        {key: value for key, value in one.items() if key != "also"}
        for cause in causes
        for one in members(cause)
    ]


def _key(cause: Cause, fine: bool) -> tuple[Any, ...]:
    condition = (cause.get("condition") or {}).get("text")
    kind = cause.get("kind") or cause["check"]
    return (cause["implementation"], kind, cause.get("detail"), *((condition,) if fine else ()))


def _matched(
    before: list[Cause], after: list[Cause]
) -> tuple[list[tuple[Cause, Cause]], list[Cause], list[Cause]]:
    """Returns pairs of the same cause, resolved causes and new causes.

    Causes of the same kind are paired by condition first.
    """
    pairs, left = [], list(after)
    unmatched = list(before)
    for fine in (True, False):
        rest = []
        for cause in unmatched:
            other = next((o for o in left if _key(o, fine) == _key(cause, fine)), None)
            if other is None:
                rest.append(cause)
            else:
                pairs.append((cause, other))
                left.remove(other)
        unmatched = rest
    return pairs, unmatched, left


def _changes(before: Cause, after: Cause) -> list[str]:
    changes = []
    for name, value in (("condition", _condition), ("diagnosis", _diagnosis), ("checks", _checks)):
        if value(before) != value(after):
            changes.append(f"{name}: was {value(before)}, is now {value(after)}")
    status = [(c.get("reproduction") or {}).get("status", "none") for c in (before, after)]
    if status[0] != status[1]:
        changes.append(f"reproduction: was {status[0]}, is now {status[1]}")
    return changes


def _condition(cause: Cause) -> str:
    return (cause.get("condition") or {}).get("text") or "no condition"


def _diagnosis(cause: Cause) -> str:
    return (cause.get("diagnosis") or {}).get("sentence") or "no diagnosis"


def _checks(cause: Cause) -> str:
    return ", ".join(f"{e['check']} {e['verdict']}" for e in cause.get("checks") or [cause])


class _Calls:
    """The calls of one run: judged checks, failing checks and seconds of each."""

    def __init__(self) -> None:
        self.judged: dict[tuple[str, str], frozenset[str]] = {}
        self.failing: dict[tuple[str, str], frozenset[str]] = {}
        self.seconds: dict[tuple[str, str], float] = {}


def _facts(directory: Path) -> _Calls:
    found = _Calls()
    for records in calls(directory):
        key = (records[0].implementation, records[0].case.id)
        unjudged = (Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE)
        found.judged[key] = frozenset(r.check.value for r in records if r.verdict not in unjudged)
        found.failing[key] = frozenset(r.check.value for r in records if r.failing)
        took = records[0].microseconds
        if took and not found.failing[key]:
            found.seconds[key] = took
    return found


def _verdicts(before: _Calls, after: _Calls) -> dict[str, int]:
    """Returns how many of the calls judged in both runs newly fail, and how many newly pass."""
    common = before.judged.keys() & after.judged.keys()
    return {
        "common": len(common),
        "failing": sum(bool(after.failing[k]) and not before.failing[k] for k in common),
        "fixed": sum(bool(before.failing[k]) and not after.failing[k] for k in common),
    }


def _speed(before: _Calls, after: _Calls) -> list[dict[str, Any]]:
    """Returns per implementation the median ratio of the time of a call, and whether it is beyond noise."""
    ratios: dict[str, list[float]] = {}
    for key in before.seconds.keys() & after.seconds.keys():
        ratios.setdefault(key[0], []).append(math.log(after.seconds[key] / before.seconds[key]))
    found = []
    for name, logs in sorted(ratios.items()):
        values = np.array(logs)
        median = float(np.median(values))
        spread = 1.4826 * float(np.median(np.abs(values - median)))
        error = 1.2533 * spread / math.sqrt(len(values))
        beyond = len(values) >= _FEWEST and abs(median) > max(math.log1p(_LEAST), _DEVIATIONS * error)
        found.append(
            {
                "implementation": name,
                "calls": len(values),
                "ratio": round(math.exp(median), 4),
                "low": round(math.exp(median - 2 * error), 4),
                "high": round(math.exp(median + 2 * error), 4),
                "beyond_noise": beyond,
            }
        )
    return found


def _coverage(before: _Calls, after: _Calls) -> list[dict[str, Any]]:
    found = []
    for name in sorted({n for n, _ in (*before.judged, *after.judged)}):
        a = {k for k, checks in before.judged.items() if k[0] == name and checks}
        b = {k for k, checks in after.judged.items() if k[0] == name and checks}
        fewer = sum(bool(before.judged[k] - after.judged[k]) for k in a & b)
        more = sum(bool(after.judged[k] - before.judged[k]) for k in a & b)
        if a != b or fewer or more:
            found.append(
                {
                    "implementation": name,
                    "before": len(a),
                    "after": len(b),
                    "only_before": len(a - b),
                    "only_after": len(b - a),
                    "fewer_checks": fewer,
                    "more_checks": more,
                }
            )
    return found
