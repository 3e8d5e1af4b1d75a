"""The numbers of a case: the same everywhere, exact where they must be, full where they may be."""

from __future__ import annotations

from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.recipe import Recipe
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES, SIGNIFICAND_BITS, make_data
from conv_transpose_conformance.frameworks.registry import interpret
from conv_transpose_conformance.generation.generate import parameter_sets
from conv_transpose_conformance.reference_impl import Geometry, error_model

DTYPES = sorted(SIGNIFICAND_BITS)
CASE = Case.parse("v1_1d_n2_ci2_co3_i4_k3_s2_b_f32_int.2a")


def geometry_of(case: Case) -> Geometry:
    found = interpret(case, "torch.nn.ConvTranspose1d").geometry
    assert found is not None
    return found


@st.composite
def valid_cases(draw):
    case = draw(parameter_sets(draw(st.sampled_from([1, 2]))))
    recipe = Recipe("int", draw(st.integers(0, 2**64 - 1)))
    return case.replace(dtype=draw(st.sampled_from(DTYPES)), recipe=recipe)


GOLDEN = {
    "int.2a": {
        "x": [-1169, -524, -463],
        "w": [1091, 1246, -312],
        "b": [-717, -1167, -65],
        "g": [334, 834, -1114],
    },
    "real.2a": {
        "x": [0.7739560485559633, -0.4388784397520523, 0.8585979199113825],
        "w": [-0.7935026873922878, 0.24595865734140498, 0.40442633394152905],
        "b": [0.2895089577003642, -0.9519967136151274, -0.09304438213630473],
        "g": [0.2191163405715062, -0.5567730592230697, 0.859709672290921],
    },
}


@pytest.mark.parametrize("recipe", GOLDEN)
def test_golden_values(recipe):
    dtype = "f32" if recipe.startswith("int") else "f64"
    case = Case.parse(f"v1_1d_n2_ci2_co3_i4_k3_s2_b_{dtype}_{recipe}")
    data = make_data(case, geometry_of(case))
    for name, expected in GOLDEN[recipe].items():
        assert data.arrays()[name].reshape(-1)[:3].tolist() == expected


def test_golden_magnitude():
    # 9 products of two integers meet in an element of grad_input, more than in y or grad_weight
    assert make_data(CASE, geometry_of(CASE)).magnitude == isqrt(2**24 // 9)


def test_the_seed_decides_and_every_tensor_has_a_stream_of_its_own():
    one, again = (make_data(CASE, geometry_of(CASE)) for _ in range(2))
    other = make_data(CASE.replace(recipe=Recipe("int", 0x2B)), geometry_of(CASE))
    for name, array in one.arrays().items():
        assert np.array_equal(array, again.arrays()[name])
        assert not np.array_equal(array, other.arrays()[name])
    starts = [tuple(array.reshape(-1)[:3].tolist()) for array in one.arrays().values()]
    assert len(set(starts)) == 4


def test_shapes_and_dtype_are_those_of_the_case():
    case = CASE.replace(dtype="float16", groups=1, batch=None)
    data = make_data(case, geometry_of(case))
    shapes = {name: array.shape for name, array in data.arrays().items()}
    assert shapes == {"x": (2, 4), "w": (2, 3, 3), "b": (3,), "g": (3, 9)}
    assert {array.dtype for array in data.arrays().values()} == {np.dtype(np.float16)}


def test_without_a_bias_or_an_output_the_tensor_is_not_there():
    data = make_data(CASE.replace(bias=False), None)
    assert sorted(data.arrays()) == ["w", "x"]


@pytest.mark.parametrize("field", ["batch", "in_channels", "out_channels"])
def test_a_negative_size_makes_an_empty_tensor_and_no_error(field):
    data = make_data(CASE.replace(**{field: -2}), None)
    assert 0 in (data.x.size, data.w.size)


@settings(max_examples=150)
@given(valid_cases())
def test_no_sum_of_integers_exceeds_what_the_dtype_holds_exactly(case):
    geometry = interpret(case.replace(layout="channels_first"), "paddle.nn.Conv1DTranspose").geometry
    if geometry is None:
        geometry = Geometry.from_parameters(
            case.input_size,
            case.kernel_size,
            stride=case.stride,
            padding=0 if isinstance(case.padding, str) else case.padding,
            output_padding=case.output_padding,
            dilation=case.dilation,
            groups=case.groups,
        )
    data = make_data(case, geometry)
    limit = 2 ** SIGNIFICAND_BITS[case.dtype]
    for array in data.arrays().values():
        wide = array.astype(np.float64)
        assert (wide == np.round(wide)).all()
        assert np.abs(wide).max(initial=0) <= data.magnitude
    if data.magnitude > 1:  # thinner than -1, 0, 1 the data does not get
        largest = {name: np.full(a.shape, float(data.magnitude)) for name, a in data.arrays().items()}
        model = error_model(largest["x"], largest["w"], largest.get("b"), largest["g"], geometry=geometry)
        for bound in model:
            assert bound.scale.max(initial=0) <= limit


@settings(max_examples=50)
@given(valid_cases())
def test_the_integers_are_as_large_as_the_dtype_allows(case):
    case = case.replace(dtype="float64")
    geometry = interpret(case.replace(layout="channels_first"), "paddle.nn.Conv1DTranspose").geometry
    if geometry is not None:
        assert make_data(case, geometry).magnitude == 2**15


def test_integers_fill_their_range():
    case = CASE.replace(input_size=(500,), dtype="float64")
    data = make_data(case, geometry_of(case))
    assert data.magnitude == 2**15
    assert (data.x.min(), data.x.max()) != (data.x.max(), data.x.min())
    assert data.x.max() > 0.9 * data.magnitude
    assert data.x.min() < -0.9 * data.magnitude
    assert abs(data.x.mean()) < 0.1 * data.magnitude


@pytest.mark.parametrize("dtype", DTYPES)
def test_reals_fill_the_significand(dtype):
    case = CASE.replace(dtype=dtype, recipe=Recipe("real", 7), input_size=(400,))
    x = make_data(case, geometry_of(case)).x
    assert x.dtype == NUMPY_DTYPES[dtype]
    wide = x.astype(np.float64)
    assert np.abs(wide).max() <= 1
    significand, _exponent = np.frexp(wide)
    bits = SIGNIFICAND_BITS[dtype]
    last = np.round(significand * 2.0**bits).astype(np.int64)[np.abs(wide) >= 0.5] & 1
    assert 0.25 < last.mean() < 0.75  # the last bit is as often set as not
    assert (wide > 0).mean() == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_escape_figure_is_two_over_the_number_of_values(dtype):
    case = CASE.replace(dtype=dtype)
    data = make_data(case, geometry_of(case))
    assert data.escape == 2 / (2 * data.magnitude + 1)
    real = make_data(case.replace(recipe=Recipe("real", 1)), geometry_of(case))
    assert (real.escape, real.magnitude) == (None, 1)
