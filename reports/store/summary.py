"""The results of a run, small enough for memory: counts, smallest failing cases, certificates."""

from __future__ import annotations

import math
from bisect import insort
from collections import Counter, defaultdict
from decimal import ROUND_CEILING, Context, Decimal
from typing import Any, Final

from attrs import define, field

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import FAILING, Check, Record, Verdict
from conv_transpose_conformance.reports.store.strict_json import jsonable, replay_command

OTHERS: Final = 20  # further case ids that a divergence lists
MESSAGES: Final = 5  # messages kept per implementation, check and verdict
_MESSAGE_LENGTH: Final = 1000
_QUIET: Final = (Verdict.UNSUPPORTED, Verdict.ALLOWED, Verdict.NOT_APPLICABLE)
_UNJUDGED: Final = (Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE)
_REMEMBERED: Final = 4096

Complexity = tuple[int, int, str]


class _Complexities:
    """Computes the complexity of a case once per case object instead of once per record."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Case, Complexity]] = {}

    def of(self, case: Case) -> Complexity:
        """Returns ``case.complexity``, whose last item is the id."""
        known = self._known.get(id(case))
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            # keeps the case alive, so that no other case gets its id()
            known = self._known[id(case)] = (case, case.complexity)
        return known[1]


@define
class _Failures:
    """The failing records of one implementation, check and verdict."""

    count: int = 0
    smallest: Record | None = None
    rank: tuple[bool, Complexity] = (True, (0, 0, ""))
    simplest: list[Complexity] = field(factory=list)

    def add(self, record: Record, complexity: Complexity) -> None:
        self.count += 1
        rank = (record.evidence is None, complexity)
        if self.smallest is None or rank < self.rank:
            self.smallest, self.rank = record, rank
        if (
            len(self.simplest) <= OTHERS or complexity < self.simplest[-1]
        ) and complexity not in self.simplest:
            insort(self.simplest, complexity)
            del self.simplest[OTHERS + 1 :]

    def others(self) -> list[str]:
        return [entry[2] for entry in self.simplest if entry != self.rank[1]][:OTHERS]


@define
class _Bounded:
    """The rounding errors of one implementation and check, in units of u·A."""

    judged: int = 0
    largest: float | None = None
    case: str | None = None
    met: Counter[str] = field(factory=Counter)

    def add(self, record: Record, case: str) -> None:
        self.judged += 1
        if record.met:
            self.met[record.met] += 1
        if record.error is not None and _above(record.error, self.largest):
            self.largest, self.case = record.error, case

    def plain(self) -> dict[str, Any]:
        return {
            "judged": self.judged,
            "largest": self.largest,
            "case": self.case,
            "met": dict(sorted(self.met.items())),
        }


def _above(error: float, largest: float | None) -> bool:
    """Returns whether ``error`` is worse; NaN is the worst."""
    if largest is None:
        return True
    return not math.isnan(largest) and (math.isnan(error) or error > largest)


@define
class _Implementation:
    framework: str
    cases: set[str] = field(factory=set)
    judged: set[str] = field(factory=set)  # cases with at least one judged check
    counts: Counter[tuple[Check, Verdict]] = field(factory=Counter)
    failures: defaultdict[tuple[Check, Verdict], _Failures] = field(factory=lambda: defaultdict(_Failures))
    messages: defaultdict[tuple[Check, Verdict], Counter[str]] = field(factory=lambda: defaultdict(Counter))
    bounded: defaultdict[Check, _Bounded] = field(factory=lambda: defaultdict(_Bounded))
    probes: int = 0
    inexact: int = 0  # integer probes that passed with rounding
    escapes: Counter[float | None] = field(factory=Counter)  # of the exact probes that passed
    undocumented: Counter[bool] = field(factory=Counter)  # accepted open calls, by whether values are judged
    is_open: bool = False  # whether documents leave open the call whose records are being added


class Summary:
    """Collects a run's records one by one and keeps what reports need."""

    def __init__(self) -> None:
        """An empty summary."""
        self._implementations: dict[str, _Implementation] = {}
        self._cases = _Complexities()

    def add(self, record: Record) -> None:
        """Adds one record."""
        column = record.key
        entry = self._implementations.get(column)
        if entry is None:
            entry = self._implementations[column] = _Implementation(record.target)
        complexity = self._cases.of(record.case)
        verdict, cell = record.verdict, (record.check, record.verdict)
        entry.cases.add(complexity[2])
        if verdict not in _UNJUDGED:
            entry.judged.add(complexity[2])
        entry.counts[cell] += 1
        if record.check is Check.ACCEPTANCE:
            entry.is_open = verdict is Verdict.ALLOWED
        elif entry.is_open and record.check is Check.VALUES:
            entry.undocumented[verdict not in _UNJUDGED] += 1
        if verdict in FAILING:
            entry.failures[cell].add(record, complexity)
        elif verdict in _QUIET and record.message:
            entry.messages[cell][record.message[:_MESSAGE_LENGTH]] += 1
        if record.level == "exact" and verdict not in _UNJUDGED:
            entry.probes += 1
            if verdict == Verdict.PASS and record.met == "inexact":
                entry.inexact += 1
            elif verdict == Verdict.PASS:
                entry.escapes[record.escape] += 1
        elif record.level == "bounded" and verdict not in _UNJUDGED:
            entry.bounded[record.check].add(record, complexity[2])

    def implementations(self) -> dict[str, Any]:
        """Returns the entries of run.json for the implementations, in a fixed order."""
        return {name: _plain(entry) for name, entry in sorted(self._implementations.items())}

    def divergences(self) -> list[dict[str, Any]]:
        """Returns the failing verdicts with their smallest cases, as D1, D2, … in a fixed order."""
        found: list[dict[str, Any]] = []
        for _, entry in sorted(self._implementations.items()):
            for check in Check:
                judged = sum(
                    n for (c, verdict), n in entry.counts.items() if c == check and verdict not in _UNJUDGED
                )
                for verdict in Verdict:
                    failures = entry.failures.get((check, verdict))
                    if failures is not None and failures.smallest is not None:
                        found.append(_divergence(len(found) + 1, failures, failures.smallest, judged))
        return found


def _plain(entry: _Implementation) -> dict[str, Any]:
    verdicts: Counter[Verdict] = Counter()
    for (_, verdict), count in entry.counts.items():
        verdicts[verdict] += count
    checks = {}
    messages: dict[str, dict[str, Any]] = {}
    for check in Check:
        cell = {v.value: entry.counts[check, v] for v in Verdict if entry.counts[check, v]}
        if cell:
            checks[check.value] = cell
        for verdict in _QUIET:
            said = entry.messages.get((check, verdict))
            if said:
                most = sorted(said.items(), key=lambda item: (-item[1], item[0]))[:MESSAGES]
                messages.setdefault(check.value, {})[verdict.value] = [
                    {"message": message, "count": count} for message, count in most
                ]
    data = {
        "framework": entry.framework,
        "cases": len(entry.cases),
        "judged": len(entry.judged),
        "undocumented": {"judged": entry.undocumented[True], "unjudged": entry.undocumented[False]},
        "verdicts": {verdict.value: verdicts[verdict] for verdict in Verdict if verdicts[verdict]},
        "checks": checks,
        "messages": messages,
        "certificate": _certificate(entry),
        "bounded": {c.value: entry.bounded[c].plain() for c in Check if c in entry.bounded},
    }
    plain: dict[str, Any] = jsonable(data)
    return plain


def _certificate(entry: _Implementation) -> dict[str, Any]:
    known = sorted((escape, n) for escape, n in entry.escapes.items() if escape is not None)
    passed, bounded = sum(entry.escapes.values()), sum(n for _, n in known)
    largest = known[-1][0] if known else None
    median = _median(known, bounded) if known else None
    return {
        "probes": entry.probes,
        "passed": passed,
        "inexact": entry.inexact,
        "bounded": bounded,
        "largest": largest,
        "median": median,
        "sentence": _sentence(entry, passed, bounded, largest, median),
    }


def _median(counted: list[tuple[float, int]], total: int) -> float:
    """Returns the upper median of sorted values with counts, so that an upper bound stays one."""
    seen = 0
    for value, count in counted:
        seen += count
        if seen > total // 2:
            return value
    return counted[-1][0]


def _sentence(
    entry: _Implementation, passed: int, bounded: int, largest: float | None, median: float | None
) -> str:
    if not entry.probes:
        return "No exact-integer probe was judged, so nothing is certified."
    if not passed:
        return f"None of the {entry.probes:,} exact-integer probes came back exact, so nothing is certified."
    if largest is None or median is None:
        return f"{passed:,} exact-integer probes passed; no escape probability was recorded for them."
    subject, which = f"Each of the {passed:,} exact-integer probes that passed", ""
    if bounded < passed:
        subject = f"Of the {passed:,} exact-integer probes that passed, {bounded:,} have a known bound: each"
    elif passed == 1:
        subject = "The one exact-integer probe that passed"
    if bounded > 1 and median < largest:
        which = f"; for half of them it is at most {rounded_up(median)}"
    if largest >= 1:
        which += ". A bound of 1 or more proves nothing: those probes drew from too few values"
    if entry.inexact:
        which += f". {entry.inexact:,} more were rounded, as transform algorithms do, and certify nothing"
    return (
        f"{subject} would have missed a wrong bilinear map with probability at most "
        f"{rounded_up(largest)} (Schwartz–Zippel){which}."
    )


def rounded_up(bound: float) -> str:
    """Returns an upper bound rounded up to two digits."""
    short = Decimal(bound).normalize(Context(prec=2, rounding=ROUND_CEILING))
    return f"{float(short):.2g}"


def _divergence(number: int, failures: _Failures, record: Record, judged: int) -> dict[str, Any]:
    evidence, case = record.evidence, failures.rank[1][2]
    shown = None
    if evidence is not None:
        shown = {
            "expected": evidence.expected,
            "actual": evidence.actual,
            "difference": evidence.difference,
            "shape": evidence.shape,
            "index": evidence.index,
            "wrong": evidence.wrong,
            "elements": evidence.elements,
        }
    data: dict[str, Any] = jsonable(
        {
            "id": f"D{number}",
            "implementation": record.key,
            "framework": record.target,
            "check": record.check,
            "verdict": record.verdict,
            "failing": failures.count,
            "judged": judged,
            "smallest": {
                "case": case,
                "parameters": record.case.to_dict(),
                "message": record.message,
                "level": record.level,
                "error": record.error,
                "evidence": shown,
            },
            "others": failures.others(),
            "replay": replay_command(case, record.key),
        }
    )
    return data
