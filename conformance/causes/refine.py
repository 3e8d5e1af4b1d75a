"""Refines conditions: asks about cases on which candidates disagree and about cases at their boundary.

Several conditions usually fit the cases of a run.  The refinement changes one or two parameters of failing
and nearby passing cases; it first asks about cases on which the candidates disagree, then about cases just on
either side of the best candidate.  Every answer is one more case for the next search.  The refinement ends
after two rounds without a change, or when the budget of a cause is spent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from attrs import define, field, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.condition import Table
from conv_transpose_conformance.cases.meaning import extra_size, output_size
from conv_transpose_conformance.causes.condition_search import Formula, shortest, widest
from conv_transpose_conformance.errors import InvalidCase

_GROUPS: Final = 6  # maximal number of causes per family
_PER_EXCEPTION: Final = 50  # failing cases per exception, where no condition is exact
_SEEDS: Final = 3  # cases of each kind to vary
_TWICE: Final = 2  # how many of these to vary in two parameters
_ROUND: Final = 16  # cases per round, before the next search for conditions
_ROUNDS: Final = 5
_QUIET: Final = 2  # rounds without a change that settle a condition

# Asks a case: True where it has the family's kind of failure, False where it was judged and passes.
Ask = Callable[[Case], bool | None]


@frozen
class Part:
    """Failing cases of one condition (None where none was found), and other conditions that fit."""

    formula: Formula | None
    fails: tuple[Case, ...]
    others: tuple[Formula, ...] = ()


def divide(
    fails: Sequence[Case], passes: Sequence[Case], ndim: int, words: frozenset[str] = frozenset()
) -> list[Part]:
    """Divides a family's failing cases into the fewest parts with one condition each, the largest first.

    Prefers conditions on the quantities in ``words``.
    """
    parts: list[Part] = []
    left = list(fails)
    while left and len(parts) < _GROUPS:
        formulas = shortest(left, passes, ndim, words=words)
        whole = [formula for formula in formulas if not formula.top_level_or]
        if whole and (not formulas[0].top_level_or or whole[0].cost <= formulas[0].cost + 1):
            return [*parts, Part(whole[0], tuple(left), tuple(whole[1:]))]
        most = len(left) // _PER_EXCEPTION
        nearly = shortest(left, passes, ndim, exceptions=most, words=words) if most else []
        near = [formula for formula in nearly if not formula.top_level_or]
        if near:  # prefers one condition with few, counted exceptions to several spurious ones
            return [*parts, Part(near[0], tuple(left), tuple(near[1:]))]
        found = widest(left, passes, ndim)
        if found is None:
            break
        chosen, covered = found
        mine = [case for case, inside in zip(left, covered, strict=True) if inside]
        better = [f for f in shortest(mine, passes, ndim, words=words) if not f.top_level_or]
        parts.append(Part(better[0] if better else chosen, tuple(mine), tuple(better[1:])))
        left = [case for case, inside in zip(left, covered, strict=True) if not inside]
    if left:
        parts.append(Part(None, tuple(left)))
    return parts


@define
class Sharpened:
    """The parts of a family after the refinement, and the further cases by their result."""

    parts: list[Part]
    failed: list[Case] = field(factory=list)
    passed: list[Case] = field(factory=list)
    settled: bool = False

    @property
    def asked(self) -> int:
        """Returns the number of further cases that were judged."""
        return len(self.failed) + len(self.passed)


def sharpen(
    fails: Sequence[Case],
    passes: Sequence[Case],
    ndim: int,
    ask: Ask,
    more: Callable[[], bool],
    late: Callable[[Case], bool] = lambda _case: False,
    words: frozenset[str] = frozenset(),
) -> Sharpened:
    """Divides a family and asks until its conditions are stable; ``more`` says whether it may go on.

    Asks the ``late`` cases of a round after the others; see :func:`divide` for ``words``.
    """
    found = Sharpened(divide(fails, passes, ndim, words))
    known = {*fails, *passes}
    quiet = rounds = 0
    while quiet < _QUIET and rounds < _ROUNDS and more():
        rounds += 1
        before = [part.formula for part in found.parts]
        chosen = _next(found.parts, [*passes, *found.passed], ndim, known)
        if not chosen:
            found.settled = True
            break
        for case in sorted(chosen, key=late):
            known.add(case)
            if not more():
                break
            shown = ask(case)
            if shown is not None:
                (found.failed if shown else found.passed).append(case)
        found.parts = divide([*fails, *found.failed], [*passes, *found.passed], ndim, words)
        quiet = quiet + 1 if [part.formula for part in found.parts] == before else 0
    found.settled = found.settled or quiet >= _QUIET
    return found


def _next(parts: Sequence[Part], passes: Sequence[Case], ndim: int, known: set[Case]) -> list[Case]:
    """Returns the next cases: for each part some that separate its conditions, some at its boundary."""
    chosen: list[Case] = []
    share = max(_ROUND // max(len(parts), 1), 4)
    for part in parts:
        if part.formula is None:
            continue
        seeds = [*part.fails[:_SEEDS], *_nearest(part.formula, passes, ndim)]
        varied = {v for n, seed in enumerate(seeds) for v in variations(seed, twice=n < _TWICE)}
        pool = sorted(varied - known - {*chosen}, key=_complexity)
        if not pool:
            continue
        table = Table(pool, ndim)
        best = table.holds(part.formula.condition)
        votes = [table.holds(formula.condition) for formula in part.others[:8]]
        split = [sum(bool(vote[at] != best[at]) for vote in votes) for at in range(len(pool))]
        parted = sorted((at for at in range(len(pool)) if split[at]), key=lambda at: -split[at])
        inside = [at for at in range(len(pool)) if best[at]]
        outside = [at for at in range(len(pool)) if not best[at]]
        order: list[int] = []
        for at in [*parted[: share // 2], *_spread(inside, share), *_spread(outside, share)]:
            if at not in order:
                order.append(at)
        quarter = max(share // 4, 1)
        picked = [*parted[: share // 2], *_spread(inside, quarter), *_spread(outside, quarter), *order]
        chosen += [pool[at] for at in dict.fromkeys(picked)][:share]
    return chosen


def _spread(positions: list[int], count: int) -> list[int]:
    """Returns ``count`` of the positions, evenly spread."""
    if len(positions) <= count:
        return positions
    return [positions[at * len(positions) // count] for at in range(count)]


def _nearest(formula: Formula, passes: Sequence[Case], ndim: int) -> list[Case]:
    """Returns passing cases that miss the condition by one clause, the smallest for each clause."""
    if not passes or len(formula.clauses) < 2:
        return sorted(passes, key=_complexity)[:_SEEDS]
    table = Table(passes, ndim)
    found: list[Case] = []
    for position in range(len(formula.clauses)):
        rest = Formula((*formula.clauses[:position], *formula.clauses[position + 1 :]), ndim)
        holds = table.holds(rest.condition)
        near = sorted((case for case, hit in zip(passes, holds, strict=True) if hit), key=_complexity)
        found += near[:_SEEDS]
    return found


def _complexity(case: Case) -> tuple[int, int, str]:
    return case.complexity


def variations(case: Case, *, twice: bool = True) -> Iterator[Case]:
    """Yields the case with one parameter changed a little, and with ``twice`` also with two."""
    single = list(_single(case))
    yield from single
    for one in single[::5] if twice else ():
        yield from list(_single(one))[::6]


def _single(case: Case) -> Iterator[Case]:
    steps: dict[str, Sequence[int]] = {
        "output_padding": (0, 1, 2, 3),
        "stride": (1, 2, 3, 4),
        "dilation": (1, 2, 3),
        "kernel_size": (1, 2, 3),
        "input_size": (1, 2, 3),
    }
    if case.output_size is not None:
        del steps["output_padding"]  # _sizes varies it
    for name, values in steps.items():
        present: tuple[int, ...] = getattr(case, name)
        for axis in range(case.ndim):
            for value in values:
                if value != present[axis]:
                    yield from _with(case, **{name: _replaced(present, axis, value)})
    if not isinstance(case.padding, str):
        for axis in range(case.ndim):
            before, after = case.padding[axis]
            for pair in ((0, 0), (1, 1), (2, 2), (before + 1, after + 1), (before, 0), (0, after)):
                if pair != (before, after):
                    yield from _with(case, padding=_replaced(case.padding, axis, pair))
    yield from _with(case, bias=not case.bias)
    for groups, per_in, per_out in ((1, 1, 1), (1, 2, 2), (2, 1, 1), (2, 2, 1), (2, 1, 2), (3, 1, 1)):
        yield from _with(case, groups=groups, in_channels=groups * per_in, out_channels=groups * per_out)
    for batch in (None, 1, 2):
        if batch != case.batch:
            yield from _with(case, batch=batch)
    if case.spelling != "plain":
        yield from _with(case, spelling="plain")
    yield from _sizes(case)


def _sizes(case: Case) -> Iterator[Case]:
    """Yields the case with an output size instead of an output padding, the reverse, and other sizes."""
    if isinstance(case.padding, str):
        return
    none = (0,) * case.ndim
    if case.output_size is None:
        yield case.replace(output_padding=none, output_size=output_size(case, case.output_padding))
        return
    extra = extra_size(case)
    if min(extra) >= 0:
        yield case.replace(output_padding=extra, output_size=None)
    for axis in range(case.ndim):
        for value in (0, 1, 2, 3):
            if value != extra[axis]:
                yield _sized(case, _replaced(extra, axis, value))


def _sized(case: Case, extra: tuple[int, ...]) -> Case:
    """Returns the case with an output size of ``extra`` above the least one."""
    return case.replace(output_size=output_size(case, extra))


def _replaced(values: tuple[Any, ...], axis: int, value: Any) -> tuple[Any, ...]:
    return (*values[:axis], value, *values[axis + 1 :])


def _with(case: Case, **changes: Any) -> Iterator[Case]:
    with suppress(InvalidCase):
        changed = case.replace(**changes)
        # the size keeps its distance from the least one
        yield changed if case.output_size is None else _sized(changed, extra_size(case))
