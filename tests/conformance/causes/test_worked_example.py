"""The sum by hand is true, whatever a document makes of the padding and whatever else a case asks for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from attrs import evolve

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.causes.worked_example import Example, counting, example
from conv_transpose_conformance.execution.planner import Planner
from conv_transpose_conformance.frameworks.registry import all_implementations, framework_of
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Check

NAMED = Case.parse("v1_2d_n1_ci1_co1_i2x2_k3x3_psame_f32_int.1")
PADDINGS = {
    1: ["", "_p1", "_p1.0", "_psame", "_pvalid"],
    2: ["", "_p1x1", "_p1x0.1", "_psame", "_pvalid"],
}
# What stands before the padding, between it and the number type, and after that.
SHAPES = {
    "1d": ("v1_1d_n1_ci1_co1_i3_k3", "", ""),
    "1d stride and bias": ("v1_1d_n2_ci1_co2_i3_k4_s2", "_b", ""),
    "1d groups and dilation": ("v1_1d_n2_ci4_co2_i3_k2", "_d2_g2_b", ""),
    "1d output padding": ("v1_1d_n1_ci2_co1_i3_k3_s2", "_op1", ""),
    "1d output size": ("v1_1d_n1_ci1_co1_i3_k4_s3", "_os10", ""),
    "1d unbatched": ("v1_1d_u_ci2_co2_i3_k3", "_b", ""),
    "1d channels last": ("v1_1d_n1_ci2_co2_i3_k3_s2", "_b", "_cl"),
    "2d": ("v1_2d_n1_ci1_co1_i2x2_k3x3", "", ""),
    "2d stride and bias": ("v1_2d_n1_ci1_co2_i2x3_k3x4_s1x2", "_b", ""),
    "2d groups and dilation": ("v1_2d_n2_ci2_co2_i2x3_k2x1", "_d2x1_g2_b", ""),
    "2d output padding": ("v1_2d_n1_ci2_co1_i2x2_k3x3_s2x3", "_op1x0", ""),
    "2d unbatched": ("v1_2d_u_ci1_co1_i2x2_k3x3", "_b", ""),
    "2d channels last": ("v1_2d_n1_ci2_co1_i2x2_k2x3_s1x2", "", "_cl"),
}
CASES = [
    Case.parse(f"{before}{word}{between}_f32{after}_int.1")
    for before, between, after in SHAPES.values()
    for word in PADDINGS[int(before[3])]
]


def problems_of(case: Case) -> Iterator[tuple[Problem, list[str]]]:
    """The case under every geometry that some document demands of it, with the APIs whose document it is."""
    planner = Planner(all_implementations(), allowance=1e9)
    for item in planner.plan(case):
        if isinstance(item, tuple) and item[1].problem.geometry is not None:
            yield item[1].problem, list(item[1].meanings)


def examples_of(problem: Problem) -> Iterator[Example]:
    """An example for every element of every tensor: all of them came out wrong."""
    for check, expected in problem.reference.items():
        answer = Answer(implementation="any", outcome=Outcome.OK, arrays={str(check): expected.values + 1.0})
        found = example(problem, answer, check)
        assert found is not None
        for index in np.ndindex(expected.values.shape):
            yield evolve(found, index=index)


def steps_of(found: Example) -> list[str]:
    """The sides of the printed equation, the last its result."""
    equation, _, came = found.arithmetic.partition(", but got ")
    assert float(came) == found.actual[found.index]
    return equation.split(" = ")


def assert_true(found: Example) -> None:
    element, *steps, result = steps_of(found)
    reference = found.expected[found.index]
    assert element.endswith(f"[{', '.join(map(str, found.index))}]")
    assert float(result) == reference
    tensors = {name: array.astype(float) for name, array in found.tensors.items()}
    for step in steps:
        step, more, number = step.partition(" + ... (")
        if not more:
            assert (
                eval(step.removesuffix(" (no product reaches it)"), {"__builtins__": {}}, tensors)
                == reference
            )
        else:
            assert int(number.removesuffix(" more)")) > 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_sum_by_hand_is_true(case):
    distinct = {problem.geometry: problem for problem, _ in problems_of(case)}
    for problem in distinct.values():
        for numbers in (problem, counting(problem)):
            for found in examples_of(numbers):
                assert_true(found)


def test_every_api_and_every_word_is_among_the_cases():
    reached: dict[str, set[str]] = {}
    for case in CASES:
        word = case.padding if isinstance(case.padding, str) else "numbers"
        for _, names in problems_of(case):
            for name in names:
                reached.setdefault(name, set()).add(word)
    assert set(reached) == set(all_implementations())
    assert {word for words in reached.values() for word in words} == {"numbers", "same", "valid"}
    assert {framework_of(name) for name, words in reached.items() if "same" in words} == {"mindspore"}
    assert {framework_of(name) for name, words in reached.items() if "valid" in words} >= {
        "mindspore",
        "paddle",
    }


def test_the_crop_of_a_word_is_that_of_the_document():
    (found,) = [problem for problem, names in problems_of(NAMED) if "mindspore.nn.Conv2dTranspose" in names]
    assert found.geometry is not None
    assert found.geometry.crop_before == (1, 1)
    first = next(one for one in examples_of(counting(found)) if one.check is Check.VALUES)
    assert steps_of(first) == [
        "y[0, 0, 0, 0]",
        "x[0,0,0,0]*w[0,0,1,1] + x[0,0,0,1]*w[0,0,1,0] + x[0,0,1,0]*w[0,0,0,1] + x[0,0,1,1]*w[0,0,0,0]",
        "1*5 + 2*4 + 3*2 + 4*1",
        "23",
    ]


def test_all_products_are_counted_where_they_are_too_many_to_print():
    case = Case.parse("v1_2d_n1_ci4_co1_i3x3_k3x3_f32_int.1")
    problem = next(problem for problem, _ in problems_of(case))
    for found in examples_of(problem):
        counted = np.broadcast_to(problem.reference[found.check].terms, found.expected.shape)
        terms = int(counted[found.index])
        _, names, *_ = steps_of(found)
        if terms > 12:
            assert names.endswith(f" + ... ({terms - 12} more)")
            assert names.count("*") == 12
        else:
            assert names.count("*") == terms


def test_a_sum_of_reals_is_nearly_what_is_printed():
    case = Case.parse("v1_1d_n1_ci1_co2_i2_k2_b_f64_real.7")
    for found in examples_of(next(problem for problem, _ in problems_of(case))):
        equation, _, result = found.arithmetic.partition(", but got ")[0].partition(", about ")
        steps = equation.split(" = ")[1:]
        assert len(steps) == 2
        tensors = {name: array.astype(float) for name, array in found.tensors.items()}
        for step in steps:
            value = eval(step, {"__builtins__": {}}, tensors)
            assert value == pytest.approx(float(result), abs=1e-8)


def test_large_integers_are_printed_to_the_last_digit():
    case = Case.parse("v1_1d_n1_ci1_co1_i2_k2_f64_int.3")
    problem = next(problem for problem, _ in problems_of(case))
    assert np.abs(problem.reference[Check.VALUES].values).max() > 1e8
    for scale in (1, 1 << 20):
        array = np.array(problem.reference[Check.VALUES].values) * scale
        found = evolve(next(examples_of(problem)), expected=array, actual=array + 1, index=(0, 0, 1))
        result = found.arithmetic.partition(", but got ")[0].split(" = ")[-1]
        assert int(result) == array[0, 0, 1]


def test_what_came_is_told_from_what_is_right_though_it_is_near():
    case = Case.parse("v1_1d_n1_ci1_co1_i2_k2_f64_int.1")
    problem = counting(next(problem for problem, _ in problems_of(case)))
    found = next(examples_of(problem))
    near = evolve(found, actual=np.nextafter(found.expected, 0))
    assert near.arithmetic.endswith("= 1, but got 0.9999999999999999")


@pytest.mark.parametrize("check", [Check.VALUES, Check.GRAD_INPUT])
def test_the_element_shown_is_wrong_and_has_few_products(check):
    case = Case.parse("v1_1d_n1_ci1_co1_i3_k3_s2_f32_int.1")
    problem = next(problem for problem, _ in problems_of(case))
    expected = problem.reference[check]
    wrong = expected.values.copy()
    wrong[0, 0, 1:] += 1
    answer = Answer(implementation="any", outcome=Outcome.OK, arrays={str(check): wrong})
    found = example(problem, answer, check)
    assert found is not None
    assert found.index[-1] >= 1
    terms = np.broadcast_to(expected.terms, wrong.shape)
    assert terms[found.index] == terms[0, 0, 1:].min()


@pytest.mark.parametrize("arrays", [{}, {"values": np.zeros((1, 1, 99))}], ids=["no tensor", "another shape"])
def test_there_is_no_example_without_a_tensor_to_compare(arrays):
    problem = next(problem for problem, _ in problems_of(CASES[0]))
    answer = Answer(implementation="any", outcome=Outcome.OK, arrays=arrays)
    assert example(problem, answer, Check.VALUES) is None


def test_numbers_that_would_not_stay_exact_are_not_replaced():
    large = Case.parse("v1_1d_n1_ci1_co1_i40_k2_f16_int.1")
    problem = next(problem for problem, _ in problems_of(large))
    assert counting(problem) is problem
    with_bias = Case.parse("v1_1d_n1_ci1_co9_i2_k2_b_bf16_int.1")
    problem = next(problem for problem, _ in problems_of(with_bias))
    assert counting(problem) is problem
