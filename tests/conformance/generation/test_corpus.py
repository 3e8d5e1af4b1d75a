"""The core corpus, its coverage counted here from the cases alone: by other words for the same levels."""

from __future__ import annotations

import itertools
import random

import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance
from conv_transpose_conformance.errors import InvalidCase
from conv_transpose_conformance.execution.planner import Planner, Skipped
from conv_transpose_conformance.faults import blocks
from conv_transpose_conformance.faults.selftest import failing, reading, selftest
from conv_transpose_conformance.frameworks.registry import (
    all_implementations,
    interpret,
)
from conv_transpose_conformance.frameworks.registry import implementation as declared
from conv_transpose_conformance.generation.corpus import core
from conv_transpose_conformance.judging.problem import Problem

NAMES = {1: "torch.nn.ConvTranspose1d", 2: "torch.nn.ConvTranspose2d"}
DTYPES, RECIPES = ("float32", "float64"), ("int", "real")


def side_words(case: Case, at: int) -> tuple[str, str]:
    """The words for padding and for output padding of one dimension."""
    size, stride = case.input_size[at], case.stride[at]
    reach = (size - 1) * stride + case.dilation[at] * (case.kernel_size[at] - 1) + 1
    before, after = (0, 0) if isinstance(case.padding, str) else case.padding[at]
    more = case.output_padding[at]
    if case.output_size is not None:
        more = case.output_size[at] - (reach - before - after)
    if before == after == 0:
        padding = "0"
    elif before == after:
        # One more on both sides would leave nothing.
        padding = "all" if reach - 2 * (before + 1) < 1 else "some"
    else:
        padding = "front" if after == 0 else "back" if before == 0 else "uneven"
    if more == 0:
        return padding, "0"
    if more < stride - 1:
        return padding, "some"
    return padding, "to the stride" if more == stride - 1 else "past the stride"


def describe(case: Case) -> dict[str, object]:
    """The words of a case, without numbers' dtype and recipe."""
    words: dict[str, object] = {}
    for at in range(case.ndim):
        padding, more = side_words(case, at)
        words |= {
            f"i{at}": min(case.input_size[at], 4),
            f"k{at}": min(case.kernel_size[at], 4),
            f"s{at}": min(case.stride[at], 3),
            f"d{at}": min(case.dilation[at], 3),
            f"p{at}": padding,
            f"o{at}": more,
        }
    inputs, outputs, groups = case.in_channels, case.out_channels, case.groups
    if groups == 1:
        kind = "1-1" if inputs == outputs == 1 else "up" if inputs < outputs else "down"
    elif groups == inputs:
        kind = "depthwise" if inputs == outputs else "multiplied"
    else:
        kind = "middle"
    return words | {
        "mode": case.padding if isinstance(case.padding, str) else "numbers",
        "sized": case.output_size is not None,
        "n": None if case.batch is None else min(case.batch, 2),
        "c": kind,
        "b": case.bias,
        "l": case.layout,
        "sp": case.spelling,
    }


def combinations(rows, strength: int) -> set[tuple[tuple[str, object], ...]]:
    found = set()
    for row in rows:
        found.update(itertools.combinations(row, strength))
    return found


def possible_rows(ndim: int, count: int) -> set[tuple[tuple[str, object], ...]]:
    """The words of valid cases drawn from ranges wider than the corpus', by nothing but the formula."""
    random_ = random.Random(20 + ndim)
    pick, whole = random_.choice, random_.randint
    rows = set()
    while len(rows) < count:
        size, kernel, stride, dilation, padding, more = ([] for _ in range(6))
        mode = pick(["numbers", "numbers", "numbers", "same", "valid"])
        for _ in range(ndim):
            i, k, s, d = whole(1, 5), whole(1, 5), whole(1, 4), whole(1, 4)
            reach = (i - 1) * s + d * (k - 1)
            half, part = reach // 2, whole(0, reach)
            sides = pick(
                [(0, 0), (half, half), (half // 2,) * 2, (part, 0), (0, part), (part, whole(0, reach))]
            )
            if mode != "numbers" or sum(sides) > reach:
                sides = (0, 0)
            size.append(i), kernel.append(k), stride.append(s), dilation.append(d), padding.append(sides)
            more.append(0 if mode == "same" else pick([0, whole(0, max(s, d) - 1), s - 1]))
        sized = (
            mode != "same" and all(m < s for m, s in zip(more, stride, strict=True)) and pick([True, False])
        )
        reach = [
            (i - 1) * s + d * (k - 1) + 1 for i, k, s, d in zip(size, kernel, stride, dilation, strict=True)
        ]
        rest = [r - sum(p) + m for r, p, m in zip(reach, padding, more, strict=True)]
        inputs, outputs, groups = pick(
            [
                (1, 1, 1),
                (3, 2, 1),
                (2, 2, 1),
                (2, 5, 1),
                (4, 2, 2),
                (4, 6, 2),
                (3, 3, 3),
                (2, 6, 2),
                (6, 3, 3),
            ]
        )
        case = Case(
            input_size=tuple(size),
            kernel_size=tuple(kernel),
            stride=tuple(stride),
            dilation=tuple(dilation),
            padding=mode if mode != "numbers" else tuple(padding),
            output_padding=(0,) * ndim if sized else tuple(more),
            output_size=tuple(rest) if sized else None,
            batch=pick([None, 1, 2, 3]),
            in_channels=inputs,
            out_channels=outputs,
            groups=groups,
            bias=pick([True, False]),
            dtype="float32",
            layout=pick(["channels_first", "channels_last"]),
            spelling=pick(["plain", "tuple", "sides", "nested"] if mode == "numbers" else ["plain", "tuple"]),
            recipe=core().valid[0].recipe,
        )
        rows.add(tuple(describe(case).items()))
    return rows


@pytest.mark.parametrize("ndim", [1, 2])
def test_every_valid_combination_of_three_levels_occurs(ndim):
    seen = combinations((tuple(describe(c).items()) for c in core().valid if c.ndim == ndim), 3)
    # Possible is what some case has: the corpus' own triples and those of thousands of others.
    missing = combinations(possible_rows(ndim, 4000 if ndim == 1 else 2000), 3) - seen
    assert not missing, sorted(map(str, missing))[:5]
    assert len(seen) > (10_000, 45_000)[ndim - 1]


def test_the_count_above_misses_nothing_that_a_gap_would_leave():
    """Without the rows of one combination the same count sees the gap."""
    gap = {("k0", 1), ("p0", "back"), ("b", True)}
    kept = [tuple(describe(c).items()) for c in core().valid if c.ndim == 1]
    kept = [row for row in kept if not gap <= set(row)]
    assert combinations(possible_rows(1, 3000), 3) - combinations(kept, 3)


def test_every_parameter_set_serves_integers_and_reals_in_both_dtypes():
    kinds: dict[Case, set[tuple[str, str]]] = {}
    forbidden = set(core().forbidden)
    for case in core().cases():
        if case not in forbidden:
            plain = case.replace(dtype="float32", recipe=core().valid[0].recipe)
            kinds.setdefault(plain, set()).add((case.dtype, case.recipe.kind))
    assert all(found == set(itertools.product(DTYPES, RECIPES)) for found in kinds.values())


def test_the_corpus_is_hundreds_of_parameter_sets_and_no_case_comes_twice():
    assert 300 < len(core().valid) < 2000
    cases = list(core().cases())
    assert len(set(cases)) == len(cases)


def test_it_is_the_same_whatever_the_seed():
    from conv_transpose_conformance.generation.generate import profile_cases

    assert list(profile_cases("quick", 1)) == list(profile_cases("quick", 2)) == list(core().cases())


def test_what_must_be_refused_stands_at_the_end():
    cases = list(core().cases())
    assert cases[-len(core().forbidden) :] == list(core().forbidden)
    names = ("torch.nn.ConvTranspose1d", "paddle.nn.Conv1DTranspose", "mindspore.nn.Conv2dTranspose")
    for case in core().forbidden:
        assert any(interpret(case, name).acceptance is not Acceptance.REQUIRED for name in names), case.id


def is_slow_variant(name):
    return "+" in name and declared(name).seconds > 0


def test_slow_implementations_get_cases_from_all_over_the_corpus():
    name = "torch.nn.ConvTranspose2d+compile"
    cases = list(core().cases())

    def taken(**options):
        planner = Planner([name], allowance=30.0, **options)
        return [
            position
            for position, case in enumerate(cases)
            for planned in planner.plan(case)
            if not isinstance(planned, Skipped)
        ]

    count = int(30.0 / declared(name).seconds)
    places = taken(spread=True)
    assert len(places) == count
    quarters = [sum(q <= 4 * place / len(cases) < q + 1 for place in places) for q in range(4)]
    assert min(quarters) >= count / 8
    assert len({(cases[place].dtype, cases[place].recipe.kind) for place in places}) == 4
    first = taken()
    assert len(first) == count
    assert max(first) < min(places[-5:])


@pytest.mark.parametrize("name", [name for name in all_implementations() if not is_slow_variant(name)])
def test_at_least_500_judged_cases_for_every_implementation_that_computes_values(name):
    planner = Planner([name], allowance=12.0)
    judged = [
        job
        for case in core().cases()
        for job in planner.plan(case)
        if not isinstance(job, Skipped) and job[1].meanings[name].acceptance is Acceptance.REQUIRED
    ]
    if name == "mindspore.mint.nn.ConvTranspose2d":  # compiles a graph and computes nothing on a CPU
        assert len(judged) >= 80
    else:
        assert len(judged) >= 500


def test_an_older_suite_refuses_ids_it_does_not_know():
    with pytest.raises(InvalidCase, match="version 'v1'"):
        Case.parse(core().valid[0].id.replace("v1_", "v2_"))


def test_the_large_shapes_are_few_and_reach_what_blocks_need():
    large = core().large
    assert 6 <= len(large) <= 10
    for ndim in (1, 2):
        mine = [case for case in large if case.ndim == ndim]
        assert any(case.in_channels > 32 for case in mine)
        assert any(case.out_channels % 16 and case.out_channels > 16 for case in mine)
        assert any(case.groups > 16 and case.groups < case.in_channels for case in mine)
        assert any(case.groups == case.in_channels for case in mine)
        widths = [interpret(case, NAMES[ndim]).geometry.output_size[-1] for case in mine]
        assert any(width > 16 and width % 16 for width in widths)
        assert {bool(case.bias) for case in mine} == {True, False}


@pytest.mark.parametrize("fault", blocks.FAULTS, ids=lambda fault: fault.name)
def test_only_large_shapes_show_faults_of_blocks(fault):
    small = core().valid[::7]
    assert all(not failing(fault, Problem(case, reading(case).geometry), reading(case)) for case in small)
    outcome = selftest([fault], core().large)
    assert outcome.passed


@pytest.mark.parametrize("ndim", [1, 2])
@pytest.mark.parametrize("mode", ["valid", "same"])
def test_words_for_paddings_meet_strides_beyond_the_kernels_extent(mode, ndim):
    """Of which nothing is to be cut; spelled plainly, so that every API with such words can be asked."""
    found = [
        case
        for case in core().valid
        if case.ndim == ndim
        and case.padding == mode
        and (case.layout, case.spelling, case.output_size) == ("channels_first", "plain", None)
        and any(
            stride > dilation * (kernel - 1) + 1
            for stride, dilation, kernel in zip(case.stride, case.dilation, case.kernel_size, strict=True)
        )
        and not any(case.output_padding)
    ]
    assert len(found) >= 4
    assert {kernel for case in found for kernel in case.kernel_size} >= {1, 2}
    assert {case.bias for case in found} == {True, False}
