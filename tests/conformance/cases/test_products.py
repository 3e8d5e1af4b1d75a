"""The products of a case, against the definition and against what the reference counts."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.products import channel_axis, products
from conv_transpose_conformance.reference_impl import Geometry
from tests.support.definition import pairs
from tests.support.problems import Problem, problems

BASE = Case.parse("v1_1d_n1_ci1_co1_i2_k1_f32_int.1")


def case_of(problem: Problem, batched: bool = True) -> Case:
    """The case with the sizes of a problem; everything spatial is the geometry's alone."""
    groups = problem.geometry.groups
    return BASE.replace(
        batch=problem.x.shape[0] if batched else None,
        in_channels=problem.w.shape[0],
        out_channels=problem.w.shape[1] * groups,
    )


@given(problems())
def test_the_products_are_those_of_the_definition(problem):
    geometry = problem.geometry
    deep, wide = problem.w.shape[0] // geometry.groups, problem.w.shape[1]
    expected = {
        ((n, g * deep + ci, *i), (g * deep + ci, co, *k), (n, g * wide + co, *o))
        for i, k, o in pairs(geometry)
        for n, g, ci, co in itertools.product(
            range(problem.x.shape[0]), range(geometry.groups), range(deep), range(wide)
        )
    }
    found = list(products(case_of(problem), geometry))
    assert len(found) == len(expected)
    assert set(found) == expected


@given(problems())
def test_an_element_has_its_own_and_in_the_same_order(problem):
    case, geometry = case_of(problem), problem.geometry
    every = list(products(case, geometry))
    for which, tensor in enumerate(("x", "w", "y")):
        shares: dict[tuple[int, ...], list] = {}
        for met in every:
            shares.setdefault(met[which], []).append(met)
        for index, share in list(shares.items())[:20]:
            assert list(products(case, geometry, tensor, index)) == share


def test_positions_that_are_cropped_have_none():
    geometry = Geometry((3,), (2,), (1,), (1,), (2,), (1,), 1)  # of the positions 0 to 3 the third
    case = BASE.replace(input_size=(3,), kernel_size=(2,))
    assert [(x[-1], w[-1]) for x, w, _ in products(case, geometry)] == [(1, 1), (2, 0)]
    assert list(products(case, geometry, "x", (0, 0, 0))) == []


@pytest.mark.parametrize(("batch", "axis"), [(1, 1), (None, 0)])
def test_without_a_batch_the_indices_have_no_item(batch, axis):
    case = BASE.replace(batch=batch, input_size=(1,), in_channels=2)
    (first, second) = products(case, Geometry((1,), (1,), (1,), (1,), (0,), (1,), 1))
    assert channel_axis(case) == axis
    assert (first.x[axis], second.x[axis]) == (0, 1)
    assert len(first.x) == len(first.y) == axis + 2
