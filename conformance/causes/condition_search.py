"""Finds the shortest condition that all failing cases satisfy and no passing case satisfies.

Candidates are conjunctions of up to three clauses, each a simple statement or (the last) the disjunction of
two.  A candidate's cost measures how hard it is to read: comparisons with 0 and 1 are cheap, comparisons of
two parameters cost more, a disjunction costs the sum of its parts.  Cases are bits of integers, one integer
per dimension, so that a few operations judge a candidate on thousands of cases.  The search is deterministic.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import combinations
from operator import and_
from typing import Final

from attrs import evolve, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.condition import (
    OF_THE_CASE,
    PER_DIMENSION,
    Condition,
    Table,
    packed,
    parse,
)

_CLAUSES: Final = 3
_KEPT: Final = 36  # conjunctions that the search extends by another clause
_DISJUNCTIVE: Final = 160  # maximal number of statements to form disjunctions from
_DEEP: Final = 6  # how many of these are combined with disjunctions
_CHEAP: Final = 2.1  # two statements never cost less than this
_EITHER: Final = 1000  # number of disjunctions tried
_OR: Final = 0.25  # cost of a disjunction in addition to its parts
_SPOKEN_OF: Final = 0.2  # discount for a statement whose quantities the documents name

Bits = tuple[int, ...]  # one integer per dimension


@frozen
class Statement:
    """A simple statement and its cost."""

    text: str
    cost: float


@frozen
class Formula:
    """A conjunction of clauses, each a statement or a disjunction of two; "or" joins it with ``others``."""

    clauses: tuple[tuple[Statement, ...], ...]
    ndim: int
    others: tuple[Formula, ...] = ()

    @property
    def cost(self) -> float:
        """Returns the cost of the formula."""
        parts = [statement.cost for clause in self.clauses for statement in clause]
        own = sum(parts) + _OR * sum(len(clause) > 1 for clause in self.clauses)
        return own + sum(_OR + other.cost for other in self.others)

    @property
    def top_level_or(self) -> bool:
        """Whether the formula is a disjunction at its top level: two conditions rather than one."""
        return len(self.clauses) == 1 and len(self.clauses[0]) > 1

    @property
    def text(self) -> str:
        """Returns the formula in the syntax of :mod:`cases.condition`."""
        every = (self, *self.others)
        text = " or ".join(formula._conjunction() for formula in every)
        statements_ = [s for formula in every for clause in formula.clauses for s in clause]
        per_dimension = any(_per_dimension(statement.text) for statement in statements_)
        return f"in some dimension: {text}" if self.ndim > 1 and per_dimension else text

    def _conjunction(self) -> str:
        said = []
        for clause in self.clauses:
            ordered = sorted(clause, key=lambda statement: not _per_dimension(statement.text))
            inner = " or ".join(statement.text for statement in ordered)
            said.append(f"({inner})" if len(clause) > 1 and len(self.clauses) > 1 else inner)
        return " and ".join(said)

    @property
    def condition(self) -> Condition:
        """Returns the formula as a condition that can be evaluated."""
        return parse(self.text)


def _per_dimension(text: str) -> bool:
    return text.split()[0] in _SIZES or any(text.startswith(f"{name} ") for name in _SIZES)


_SIZES: Final = (
    "output_padding",
    "padding",
    "dilation",
    "stride",
    "kernel_size",
    "input_size",
    "padding_before",
    "padding_after",
    "extent",
    "output",
    "tail_terms",
)
_FLAGS: Final = (
    *("bias", "unbatched", "channels_last", "asymmetric", "sized", "same", "valid", "real", "float64"),
    *("tuples", "sides", "nested"),
)
_QUANTITIES: Final = frozenset((*PER_DIMENSION, *OF_THE_CASE))
_USUAL: Final = {"dilation": 1, "stride": 1, "kernel_size": 1, "input_size": 1, "output": 1, "extent": 1}


@cache
def statements(ndim: int, words: frozenset[str] = frozenset()) -> tuple[Statement, ...]:
    """Returns all simple statements about cases of ``ndim`` dimensions, the cheapest first.

    Statements whose quantities are all in ``words`` are cheaper: the quantities that a violated sentence of
    the documents names are the likelier reason for the violation.
    """
    if words:
        dear = statements(ndim)
        near = [evolve(one, cost=one.cost - _SPOKEN_OF) if _names(one) <= words else one for one in dear]
        return tuple(sorted(near, key=lambda statement: statement.cost))
    found = [Statement("always", 0.1)]
    dearer = {"extent": 0.3, "output": 0.3, "padding_before": 0.2, "padding_after": 0.2, "tail_terms": 0.45}
    plain = []
    for name in _SIZES:
        usual = _USUAL.get(name, 0)
        more = dearer.get(name, 0.0)
        plain += [Statement(f"{name} > {usual}", 1 + more), Statement(f"{name} == {usual}", 1.1 + more)]
        plain.append(Statement(f"{name} > {usual + 1}", 1.3 + more))
        plain.append(Statement(f"{name} > {usual + 2}", 1.4 + more))
    for name in ("kernel_size", "stride", "dilation", "input_size"):
        plain.append(Statement(f"{name} < 1", 1.0))
    for name in ("padding_before", "padding_after", "output_padding"):
        plain.append(Statement(f"{name} < 0", 1.05))
    plain += [Statement("output < 0", 1.0), Statement("output < 1", 1.05)]
    for below in (-1, -2):
        plain += [Statement(f"output < {below}", 1.5), Statement(f"output > {below - 1}", 1.5)]
    sizes = [name for name in _SIZES if name not in ("tail_terms", "output")]
    for one, other in combinations(sizes, 2):
        if {one, other} <= {"padding", "padding_before", "padding_after"}:
            continue
        more = dearer.get(one, 0.0) + dearer.get(other, 0.0)
        for sign, extra in ((">", 0.0), ("<", 0.0), (">=", 0.05), ("<=", 0.05), ("==", 0.1), ("!=", 0.1)):
            plain.append(Statement(f"{one} {sign} {other}", 1.5 + extra + more))
    found += plain
    if ndim > 1:
        found += [Statement(f"all({one.text})", one.cost + 0.6) for one in plain]
        for name in _SIZES:
            usual = (
                1 if name in ("dilation", "stride", "kernel_size", "input_size", "output", "extent") else 0
            )
            found += [
                Statement(f"{name}[{axis}] > {usual}", 1.6 + dearer.get(name, 0.0)) for axis in range(ndim)
            ]
            if name not in ("tail_terms", "output", "extent"):
                found.append(Statement(f"{name}[0] != {name}[1]", 1.5))
                found.append(Statement(f"{name}[0] == {name}[1]", 1.6))
    for flag in _FLAGS:
        found += [Statement(flag, 1.0), Statement(f"not {flag}", 1.15)]
    for name in ("groups", "in_channels", "out_channels", "batch", "in_per_group", "out_per_group"):
        more = 0.2 if "per" in name else 0.0
        found += [Statement(f"{name} > 1", 1.0 + more), Statement(f"{name} == 1", 1.1 + more)]
        found.append(Statement(f"{name} > 2", 1.3 + more))
        found.append(Statement(f"{name} < 1", 1.05 + more))
    found += [
        Statement("channels_left > 0", 1.0),
        Statement("groups == in_channels", 1.4),
        Statement("groups != in_channels", 1.45),
        Statement("in_channels != out_channels", 1.4),
        Statement("in_per_group != out_per_group", 1.5),
        Statement("groups != out_per_group", 1.6),
    ]
    return tuple(sorted(found, key=lambda statement: statement.cost))


def quantities_in(text: str) -> frozenset[str]:
    """Returns the quantities that a text names."""
    return frozenset(re.findall(r"[a-z_]+", text)) & _QUANTITIES


@cache
def _names(statement: Statement) -> frozenset[str]:
    return quantities_in(statement.text) or frozenset([statement.text])


_parsed = cache(parse)


class Bitmap:
    """The truth values of every statement on some cases, as bits."""

    def __init__(self, cases: Sequence[Case], ndim: int) -> None:
        """Evaluates the statements; all cases must have ``ndim`` dimensions."""
        table = Table(cases, ndim)
        self.every = (1 << len(cases)) - 1
        self._bits: dict[str, Bits] = {}
        for statement in statements(ndim):
            values = _parsed(statement.text).evaluate(table)
            self._bits[statement.text] = tuple(packed(values[:, d]) for d in range(ndim))
        self._none = (0,) * ndim

    def of(self, clause: Sequence[Statement]) -> Bits:
        """Returns the bits of a clause."""
        found = self._none
        for statement in clause:
            found = tuple(a | b for a, b in zip(found, self._bits[statement.text], strict=True))
        return found


def held(bits: Bits) -> int:
    """Returns the bits of the cases that satisfy a clause in at least one dimension."""
    found = 0
    for one in bits:
        found |= one
    return found


def _both(one: Bits, other: Bits) -> Bits:
    return tuple(map(and_, one, other))


def shortest(
    fails: Sequence[Case],
    passes: Sequence[Case],
    ndim: int,
    most: int = 12,
    exceptions: int = 0,
    words: frozenset[str] = frozenset(),
) -> list[Formula]:
    """Returns the cheapest formulas that hold for all of ``fails`` and for none of ``passes``.

    Returns at most ``most`` formulas.  They may hold for up to ``exceptions`` passes; the search prefers
    quantities in ``words`` (see :func:`statements`).
    """
    bad, good = _bitmap(tuple(fails), ndim), _bitmap(tuple(passes), ndim)
    whole: list[tuple[Statement, ...]] = []
    part: list[tuple[Statement, ...]] = []
    for statement in statements(ndim, words):
        if passes and statement.text == "always":
            continue
        covered = held(bad.of((statement,)))
        if covered == bad.every:
            whole.append((statement,))
        elif covered:
            part.append((statement,))
    whole = _distinct(whole, bad, good)
    part = _distinct(part, bad, good)[:_DISJUNCTIVE]
    either = [
        (one, other) for (one,), (other,) in combinations(part, 2) if held(bad.of((one, other))) == bad.every
    ]
    whole.sort(key=lambda clause: held(good.of(clause)).bit_count() + 25 * _cost(clause))
    either.sort(key=_cost)
    singles = [(clause, bad.of(clause), good.of(clause)) for clause in whole]
    doubles = [(clause, bad.of(clause), good.of(clause)) for clause in either[:_EITHER]]
    if _hopeless([good.of(clause) for clause in (*whole, *either)], good, exceptions):
        return []
    found: list[Formula] = []
    open_: list[tuple[tuple[tuple[Statement, ...], ...], Bits, Bits, int]] = [((), (), (), 0)]
    for length in range(1, _CLAUSES + 1):
        following = []
        for rank, (chosen, bits, passing, start) in enumerate(open_):
            tried = singles[start:] if rank >= _DEEP else [*singles[start:], *doubles]
            for position, (clause, its_bad, its_good) in enumerate(tried, start):
                now_bad = _both(bits, its_bad) if chosen else its_bad
                if held(now_bad) != bad.every:
                    continue
                now_good = _both(passing, its_good) if chosen else its_good
                left = held(now_good).bit_count()
                if left <= exceptions:
                    found.append(Formula((*chosen, clause), ndim))
                elif (
                    length < _CLAUSES
                    and len(clause) == 1
                    and (not chosen or left < held(passing).bit_count())
                ):
                    following.append(((*chosen, clause), now_bad, now_good, position + 1))
        if found and (length > 1 or min(formula.cost for formula in found) <= _CHEAP):
            break
        following.sort(key=lambda entry: held(entry[2]).bit_count() + 25 * sum(map(_cost, entry[0])))
        open_ = following[:_KEPT]
    return sorted(found, key=lambda formula: (formula.cost, formula.text))[:most]


def _cost(clause: Sequence[Statement]) -> float:
    return sum(statement.cost for statement in clause) + _OR * (len(clause) > 1)


def _distinct(clauses: list[tuple[Statement, ...]], bad: Bitmap, good: Bitmap) -> list[tuple[Statement, ...]]:
    """Returns the cheapest three of the clauses that agree on all cases; a further case may separate them."""
    seen: dict[tuple[Bits, Bits], int] = {}
    kept = []
    for clause in sorted(clauses, key=_cost):
        key = (bad.of(clause), good.of(clause))
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= 3:
            kept.append(clause)
    return kept


@lru_cache(maxsize=12)
def _bitmap(cases: tuple[Case, ...], ndim: int) -> Bitmap:
    return Bitmap(cases, ndim)


def _hopeless(clauses: list[Bits], good: Bitmap, exceptions: int) -> bool:
    """Whether the conjunction of all clauses still holds for more passes than ``exceptions``."""
    together = (good.every,) * len(clauses[0]) if clauses else ()
    for bits in clauses:
        together = _both(together, bits)
    return held(together).bit_count() > exceptions


def _rate(bits: Bits, of: int) -> float:
    return held(bits).bit_count() / max(of, 1)


def widest(fails: Sequence[Case], passes: Sequence[Case], ndim: int) -> tuple[Formula, list[bool]] | None:
    """Returns the cheapest formula that most failures and no passes satisfy, and flags for these failures."""
    bad, good = _bitmap(tuple(fails), ndim), _bitmap(tuple(passes), ndim)
    entries = [(s, bad.of((s,)), good.of((s,))) for s in statements(ndim) if held(bad.of((s,)))]
    best: tuple[float, Formula, int] | None = None
    open_: list[tuple[tuple[tuple[Statement, ...], ...], Bits, Bits]] = [((), (), ())]
    for _ in range(_CLAUSES):
        following = []
        for chosen, bits, passing in open_:
            for statement, its_bad, its_good in entries:
                now_bad = _both(bits, its_bad) if chosen else its_bad
                now_good = _both(passing, its_good) if chosen else its_good
                covered, left = held(now_bad), held(now_good)
                if not covered:
                    continue
                clauses = (*chosen, (statement,))
                if not left:
                    formula = Formula(clauses, ndim)
                    gain = covered.bit_count() / max(len(fails), 1) - 0.04 * formula.cost
                    if best is None or gain > best[0] + 1e-9:
                        best = (gain, formula, covered)
                elif not chosen or left.bit_count() < held(passing).bit_count():
                    following.append((clauses, now_bad, now_good))
        following.sort(
            key=lambda e: held(e[2]).bit_count() / max(len(passes), 1) - held(e[1]).bit_count() / len(fails)
        )
        open_ = following[:60]
    if best is None:
        return None
    return best[1], [bool(best[2] >> position & 1) for position in range(len(fails))]
