"""Cases as plain data: JSON both ways, and everything that is no case refused by one exception."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.recipe import MAX_SEED, Recipe
from conv_transpose_conformance.errors import ConformanceError, InvalidCase
from tests.support.cases import any_cases

GOOD = Case.parse("v1_2d_n2_ci4_co6_i5x7_k3x3_s2x1_p1x0.2_op1x0_d1x2_g2_b_f32_int.1f")
KEYS = sorted(GOOD.to_dict())

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(any_cases())
def test_json_round_trip(case):
    assert Case.from_json(case.to_json()) == case
    assert Case.from_dict(json.loads(json.dumps(case.to_dict()))) == case


def test_the_data_is_plain():
    assert GOOD.to_dict() == {
        "id": GOOD.id,
        "ndim": 2,
        "batch": 2,
        "in_channels": 4,
        "out_channels": 6,
        "input_size": [5, 7],
        "kernel_size": [3, 3],
        "stride": [2, 1],
        "padding": [[1, 1], [0, 2]],
        "output_padding": [1, 0],
        "output_size": None,
        "dilation": [1, 2],
        "groups": 2,
        "bias": True,
        "dtype": "float32",
        "layout": "channels_first",
        "spelling": "plain",
        "recipe": {"kind": "int", "seed": "1f"},
    }


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("id", "ndim", "layout", "output_size")])
def test_a_missing_key_is_named(key):
    data = GOOD.to_dict()
    del data[key]
    with pytest.raises(InvalidCase, match=key):
        Case.from_dict(data)


def test_an_unknown_key_is_named():
    with pytest.raises(InvalidCase, match="strides"):
        Case.from_dict({**GOOD.to_dict(), "strides": [1, 1]})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": GOOD.id.replace("int.1f", "int.20")}, "not that of the parameters"),
        ({"ndim": 1}, "not that of the parameters"),
        ({"input_size": [5]}, "dimensions"),
        ({"input_size": [5, 7, 9]}, "1 or 2"),
        ({"stride": 2}, "not"),
        ({"stride": [2.0, 1]}, "stride"),
        ({"stride": [True, 1]}, "stride"),
        ({"stride": "21"}, "stride"),
        ({"batch": "2"}, "batch"),
        ({"groups": None}, "groups"),
        ({"in_channels": 2**63}, "in_channels"),
        ({"bias": 1}, "bias"),
        ({"dtype": "float8"}, "dtype"),
        ({"dtype": ["float32"]}, "dtype"),
        ({"layout": "NCHW"}, "layout"),
        ({"spelling": "list"}, "spelling"),
        ({"recipe": {"kind": "one", "seed": "1"}}, "seed must be 0"),
        ({"recipe": {"kind": "one", "seed": "0", "lit": [["w", 1], ["x", 0]]}}, "order x, w, b, g"),
        ({"recipe": {"kind": "one", "seed": "0", "lit": [["x", -1]]}}, "lit"),
        ({"recipe": {"kind": "int", "seed": "0", "lit": [["x", 1]]}}, "for data of kind 'one'"),
        ({"padding": "full"}, "padding"),
        ({"padding": [1, 1]}, "not"),
        ({"padding": [[1, 1]]}, "padding"),
        ({"padding": [[1, 1, 1], [0, 0]]}, "padding"),
        ({"recipe": None}, "not"),
        ({"recipe": {"kind": "int"}}, "seed"),
        ({"recipe": {"kind": "octal", "seed": "1"}}, "kind"),
        ({"recipe": {"kind": "int", "seed": "-1"}}, "seed"),
        ({"recipe": {"kind": "int", "seed": "1" * 17}}, "seed"),
        ({"recipe": {"kind": "int", "seed": 31}}, "not"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_data_is_refused(change, said):
    with pytest.raises(InvalidCase, match=said):
        Case.from_dict({**GOOD.to_dict(), **change})


@given(st.sampled_from(KEYS), json_values)
@example("in_channels", 10**5000)
@example("recipe", {"kind": "int", "seed": "z"})
@example("padding", math.inf)
@example("input_size", {})
def test_any_value_under_any_key_is_a_case_or_refused(key, value):
    data = {**GOOD.to_dict(), key: value}
    try:
        case = Case.from_dict(data)
    except InvalidCase:
        return
    assert Case.parse(case.id) == case


@given(json_values)
def test_anything_else_is_refused(value):
    with pytest.raises(InvalidCase):
        Case.from_dict(value)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", "NaN", "[" * 100_000, "9" * 5000, '{"id": "\\ud800"}']
)
def test_text_that_is_no_case_is_refused(text):
    with pytest.raises(InvalidCase):
        Case.from_json(text)


@pytest.mark.parametrize("change", [{"dtype": "float8"}, {"layout": "NCHW"}, {"bias": 1}, {"recipe": None}])
def test_a_case_cannot_be_made_of_wrong_fields(change):
    with pytest.raises(InvalidCase):
        GOOD.replace(**change)


@pytest.mark.parametrize(("kind", "seed"), [("int", -1), ("int", MAX_SEED + 1), ("int", True), ("hex", 1)])
def test_a_recipe_cannot_be_made_of_wrong_fields(kind, seed):
    with pytest.raises(InvalidCase):
        Recipe(kind, seed)


def test_the_error_is_one_of_usage():
    assert issubclass(InvalidCase, ConformanceError)
    assert InvalidCase.exit_code == 2


def test_plainer_cases_come_first():
    plain = Case.parse("v1_1d_n1_ci1_co1_i2_k2_f32_int.1")
    strided = plain.replace(stride=(2,))
    busy = strided.replace(bias=True, dilation=(3,))
    found = sorted([GOOD, busy, strided, plain], key=lambda case: case.complexity)
    assert found == [plain, strided, busy, GOOD]


@pytest.mark.parametrize(
    ("changes", "shape"),
    [
        ({}, (4, 3, 3, 3)),
        ({"groups": 1}, (4, 6, 3, 3)),
        ({"groups": 4}, (4, 1, 3, 3)),
        ({"groups": 0}, (4, 6, 3, 3)),
    ],
)
def test_the_weight_shape_divides_the_output_channels_by_the_groups(changes, shape):
    assert GOOD.replace(**changes).weight_shape == shape


def test_symmetric_is_about_the_two_sides_of_a_dimension():
    assert not GOOD.symmetric
    assert GOOD.replace(padding=((1, 1), (2, 2))).symmetric
    assert not GOOD.replace(padding="same").symmetric
