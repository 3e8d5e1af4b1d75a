"""The geometry of an output is found, or named as none, several or too large; never guessed."""

from __future__ import annotations

import numpy as np
import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.recipe import Recipe
from conv_transpose_conformance.judging.observation import Match, at, narrowed, observe
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.reference_impl import forward

CASES = (
    "v1_1d_n1_ci2_co3_i5_k3_s2_psame_d2_b_f32_int.1",
    "v1_2d_n2_ci4_co2_i3x4_k3x2_s2x3_psame_d1x2_g2_b_f32_int.2",
    "v1_2d_u_ci1_co2_i4x3_k2x3_s1x2_psame_f32_int.3",
)


def output(problem: Problem, crop: tuple[int, ...], size: tuple[int, ...]) -> np.ndarray:
    data = problem.data
    return forward(data.x, data.w, data.b, geometry=at(problem.case, crop, size)).astype(data.x.dtype)


@pytest.mark.parametrize("identifier", CASES)
@pytest.mark.parametrize("crop", [0, 1, 3, -2])
def test_every_crop_and_extension_is_found(identifier: str, crop: int) -> None:
    problem = Problem(Case.parse(identifier), None)
    offsets = tuple(crop + d for d in range(problem.case.ndim))
    size = tuple(n + d for d, n in enumerate((6, 7)[: problem.case.ndim]))
    found = observe(problem.case, problem.data, output(problem, offsets, size))
    assert found.match is Match.ONE
    assert found.geometry == at(problem.case, offsets, size)


def test_a_crop_is_found_in_rounded_reals_too() -> None:
    problem = Problem(Case.parse(CASES[0]).replace(recipe=Recipe("real", 7)), None)
    found = observe(problem.case, problem.data, output(problem, (2,), (8,)))
    assert found.geometry == at(problem.case, (2,), (8,))


@pytest.mark.parametrize("ignored", [{"dilation": (1,)}, {"stride": (1,)}])
def test_an_ignored_parameter_leaves_no_crop(ignored: dict[str, tuple[int, ...]]) -> None:
    problem = Problem(Case.parse(CASES[0]), None)
    y = output(Problem(problem.case.replace(**ignored), None), (1,), (7,))
    found = observe(problem.case, problem.data, y)
    assert found.match is Match.NONE
    assert "no crop of the operator with these parameters" in found.reason


def test_one_wrong_element_leaves_no_crop() -> None:
    problem = Problem(Case.parse(CASES[1]), None)
    y = output(problem, (1, 1), (6, 7))
    y[1, 1, 5, 6] += 1
    assert observe(problem.case, problem.data, y).match is Match.NONE


def test_nan_and_shapes_that_no_operator_has_are_named() -> None:
    problem = Problem(Case.parse(CASES[0]), None)
    y = output(problem, (0,), (5,))
    assert "all 15 elements of the output are NaN" in observe(problem.case, problem.data, y * np.nan).reason
    assert "does not begin with N and C_out, [1, 3]" in observe(problem.case, problem.data, y[:, :2]).reason


def test_an_output_too_large_to_search_is_named() -> None:
    case = Case.parse("v1_1d_n1_ci1_co1_i2_k1_f32_int.1")
    found = observe(case, Problem(case, None).data, np.broadcast_to(np.float32(0), (1, 1, 1 << 23)))
    assert found.match is Match.UNSEARCHED
    assert "too large to search" in found.reason


def test_crops_that_no_product_reaches_are_one_map() -> None:
    case = Case.parse("v1_1d_n1_ci1_co1_i2_k1_s4_p1.2_op1_b_f32_int.1")
    problem = Problem(case, None)
    found = observe(case, problem.data, output(problem, (1,), (2,)))  # the gap between two products
    assert found.match is Match.ONE
    assert (1,) in found.crops
    assert len(found.crops) > 1


def test_further_numbers_tell_crops_apart_that_look_alike() -> None:
    case = Case.parse("v1_1d_n1_ci1_co1_i3_k1_psame_f32_one.x1.w0")
    problem = Problem(case, None)
    several = observe(case, problem.data, output(problem, (2,), (1,)))  # 0, as in many other places
    assert several.match is Match.SEVERAL
    twin = Problem(case.replace(recipe=Recipe("int", 5)), None)
    now = observe(twin.case, twin.data, output(twin, (2,), (1,)))
    assert narrowed(several, now, twin.case).geometry == at(case, (2,), (1,))


@pytest.mark.parametrize("identifier", CASES)
def test_the_pool_holds_the_gradient_of_every_output(identifier: str) -> None:
    problem = Problem(Case.parse(identifier), None)
    size = tuple(n + 1 for n in problem.case.input_size)
    under = problem.under(at(problem.case, (0,) * problem.case.ndim, size))
    g = under.data.g
    assert g is not None
    np.testing.assert_array_equal(problem.pool[: g.size].reshape(g.shape), g)
    for check, expected in under.reference.items():  # whose sums are exact too
        assert expected.scale.max(initial=0) <= 2**24, check


@pytest.mark.parametrize("padding", ["psame", "p1_op2", "pvalid"])
def test_an_output_of_nothing_but_the_bias_is_no_crop_where_products_belong(padding: str) -> None:
    case = Case.parse(f"v1_1d_n1_ci2_co3_i5_k3_s2_{padding}_b_f32_int.1")
    problem = Problem(case, None)
    y = output(problem, (40,), (10,))
    assert (y == y[:, :, :1]).all()
    assert "no product reaches the output" in observe(case, problem.data, y).reason
