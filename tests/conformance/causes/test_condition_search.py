import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.condition import Table, parse
from conv_transpose_conformance.causes.condition_search import shortest, statements, widest
from conv_transpose_conformance.causes.refine import divide, sharpen, variations
from conv_transpose_conformance.generation.corpus import core


@pytest.fixture(scope="module")
def cases(quick_cases):
    found = {1: [], 2: []}
    for case in quick_cases:
        if not isinstance(case.padding, str):
            found[case.ndim].append(case)
    return {ndim: some[:500] for ndim, some in found.items()}


def parted(cases, truth, ndim):
    holds = Table(cases[ndim], ndim).holds(parse(truth))
    fails = [case for case, hit in zip(cases[ndim], holds, strict=True) if hit]
    passes = [case for case, hit in zip(cases[ndim], holds, strict=True) if not hit]
    assert fails
    assert passes
    return fails, passes


@pytest.mark.parametrize("ndim", [1, 2])
@pytest.mark.parametrize(
    "truth",
    [
        "bias",
        "dilation > 1",
        "output_padding > 0 and (tail_terms > 0 or bias)",
        "stride > kernel_size",
        "groups > 1 and bias",
        "asymmetric and stride > 1",
    ],
)
def test_a_planted_condition_is_found_again(cases, truth, ndim):
    fails, passes = parted(cases, truth, ndim)
    best = shortest(fails, passes, ndim)[0]
    text = best.text.removeprefix("in some dimension: ")
    assert sorted(text.replace("(", "").replace(")", "").split()) == sorted(
        truth.replace("(", "").replace(")", "").split()
    )
    assert Table(fails, ndim).holds(best.condition).all()
    assert not Table(passes, ndim).holds(best.condition).any()


def test_a_formula_says_what_it_counts(cases):
    """The text that is shown, read back, holds for the same cases as the bits that were searched."""
    fails, passes = parted(cases, "padding > 0 and (dilation > 1 or bias)", 2)
    for formula in shortest(fails, passes, 2):
        assert Table(fails, 2).holds(formula.condition).all()
        assert not Table(passes, 2).holds(formula.condition).any()


def test_every_statement_can_be_read():
    for ndim in (1, 2):
        for statement in statements(ndim):
            parse(statement.text)


def test_two_causes_are_parted(cases):
    fails, passes = parted(cases, "asymmetric or dilation > 2 and groups > 1", 1)
    parts = divide(fails, passes, 1)
    assert {part.formula.text for part in parts} == {"asymmetric", "dilation > 2 and groups > 1"}
    assert sum(len(part.fails) for part in parts) == len(fails)


def test_exceptions_are_allowed_only_where_asked_for(cases):
    fails, passes = parted(cases, "bias and dilation > 1", 1)
    stray = fails.pop()
    passes.append(stray)
    found = shortest(fails, passes, 1, exceptions=1)
    assert "dilation > 1 and bias" in {f.text for f in found} | {
        " and ".join(reversed(f.text.split(" and "))) for f in found
    }
    assert all(not Table([stray], 1).holds(f.condition).any() for f in shortest(fails, passes, 1))


def test_no_condition_where_nothing_parts_them(cases):
    one = cases[1][0]
    twin = one.replace(recipe=one.recipe.__class__("int", one.recipe.seed + 1))
    assert shortest([one], [twin], 1) == []
    assert widest([one], [twin], 1) is None
    assert [part.formula for part in divide([one], [twin], 1)] == [None]


def test_always_where_everything_fails(cases):
    assert shortest(cases[1][:50], [], 1)[0].text == "always"


@pytest.mark.parametrize(
    "truth", ["output_padding > 0 and bias", "stride > kernel_size", "all(padding > 0) and groups > 1"]
)
def test_asking_finds_a_condition_that_few_cases_leave_open(cases, truth):
    fails, passes = parted(cases, truth, 2)
    fails, passes = fails[:2], passes[:15]
    condition = parse(truth)
    asked = []

    def ask(case):
        asked.append(case)
        return condition.holds(case)

    found = sharpen(fails, passes, 2, ask, lambda: len(asked) < 200)
    formula = found.parts[0].formula
    assert len(found.parts) == 1
    rest = cases[2]
    agree = (Table(rest, 2).holds(formula.condition) == Table(rest, 2).holds(condition)).mean()
    assert agree > 0.97, formula.text
    assert found.asked == len(asked) == len(set(asked))
    assert not {*asked} & {*fails, *passes}


def test_asking_varies_what_an_output_size_asks_for(cases):
    """Of two calls, spelled alike, for a size above the least."""
    fails = [
        Case.parse("v1_2d_n1_ci1_co1_i1x5_k4x1_s1x2_p1x1_os5x8_d2x2_f32_tuple_int.1"),
        Case.parse("v1_2d_n1_ci2_co2_i2x3_k2x2_s2x2_os6x6_d2x1_f32_tuple_int.2"),
    ]
    truth = parse("sized and kernel_size < extent")
    assert all(map(truth.holds, fails))
    passes = [case for case in cases[2] if not truth.holds(case)]
    asked = []

    def ask(case):
        asked.append(case)
        return truth.holds(case)

    found = sharpen(fails, passes, 2, ask, lambda: len(asked) < 110)
    assert [part.formula.text for part in found.parts] == [f"in some dimension: {truth.text}"]
    assert {case.output_size is None for case in asked} == {True, False}


def test_a_statement_that_is_true_of_nearly_all_helps_to_part_what_another_leaves(cases):
    """Sizes of -1 and -2 fail, those below do not: "output > -3" alone says next to nothing."""
    truth = parse("output < 0 and output > -3")
    fails = [
        Case.parse(f"v1_2d_n2_{text}_f32_int.0")
        for text in (
            "ci2_co4_i1x1_k3x2_s2x3_p0x2_g2",
            "ci1_co1_i1x1_k3x2_s2x3_p0x2",
            "ci4_co2_i1x1_k3x2_s2x2_p0x2_g2_b",
            "ci2_co4_i2x1_k3x2_s2x3_p0x2_d2x1_g2",
            "ci2_co4_i1x1_k3x2_s2x3_p2x1_g2_b",
        )
    ]
    further = [case for case in core().forbidden if case.ndim == 2 and not truth.holds(case)]
    best = shortest(fails, [*cases[2][:100], *further], 2)[0]
    assert best.text == f"in some dimension: {truth.text}"


def test_asking_is_the_same_every_time(cases):
    fails, passes = parted(cases, "output_padding > 0 and bias", 2)
    condition = parse("output_padding > 0 and bias")
    runs = []
    for _ in range(2):
        asked = []
        sharpen(
            fails[:3], passes[:9], 2, lambda c, seen=asked: seen.append(c) or condition.holds(c), lambda: True
        )
        runs.append(asked)
    assert runs[0] == runs[1]


def test_variations_change_something(cases):
    case = cases[2][0]
    found = list(variations(case))
    assert len(set(found)) > 60
    assert case not in list(found)[:20]
