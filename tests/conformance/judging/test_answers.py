"""Nothing a worker says is believed unchecked."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv_transpose_conformance.adapters.protocol import ProtocolError
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES
from conv_transpose_conformance.judging.answers import Outcome, read_answer

HEADER: dict[str, Any] = {
    "type": "answer",
    "id": 3,
    "implementation": "torch.nn.ConvTranspose1d",
    "status": "ok",
    "stage": "",
    "message": "",
    "parameters": {"weight": [[1, 1, 2], "float32"]},
    "shape": [1, 1, 3],
    "dtype": "float32",
    "microseconds": 12.5,
}
VALUES = np.arange(3, dtype=np.float32).reshape(1, 1, 3)
ARRAYS = {"values": ("float32", VALUES), "grad_input": ("float32", VALUES[..., :2])}


def read(changes: dict[str, Any] | None = None, arrays: Any = ARRAYS):
    return read_answer({**copy.deepcopy(HEADER), **(changes or {})}, arrays)


def test_an_answer_is_read():
    answer = read()
    assert answer.outcome is Outcome.OK
    assert (answer.implementation, answer.shape, answer.dtype) == (
        "torch.nn.ConvTranspose1d",
        (1, 1, 3),
        "float32",
    )
    assert answer.parameters == {"weight": ((1, 1, 2), "float32")}
    assert answer.microseconds == 12.5
    assert np.array_equal(answer.arrays["values"], VALUES)
    assert not answer.tainted


def test_bfloat16_becomes_numbers():
    bits = np.array([[0x3F80, 0xC000]], "<u2")
    answer = read({"shape": [1, 2], "dtype": "bfloat16"}, {"values": ("bfloat16", bits)})
    assert answer.arrays["values"].dtype == NUMPY_DTYPES["bfloat16"]
    assert answer.arrays["values"].astype(float).tolist() == [[1.0, -2.0]]


@pytest.mark.parametrize("header", [{}, {"type": "hello"}, {**HEADER, "type": None}])
def test_a_frame_of_another_kind_is_no_answer(header):
    with pytest.raises(ProtocolError, match="where an answer was due"):
        read_answer(header, {})


@pytest.mark.parametrize("name", [None, 7, ["torch"]])
def test_an_answer_of_nobody_is_no_answer(name):
    with pytest.raises(ProtocolError):
        read({"implementation": name})


LIES = {
    "status": ["fine", "crash", "hang", "invalid", None, 1, ["ok"], {}],
    "stage": ["nowhere", None, 4, []],
    "message": [None, 4, ["x"]],
    "dtype": ["float64", 32, ["float32"]],
    "shape": [
        "1x1x3", 3, [1, 1, 4], [3], [1, 1, 3.0], [True, True, 3], [1] * 9, {}, [[1, 1, 3]], [1, 1, -3],
    ],
    "microseconds": [None, "12", -1, float("nan"), float("inf"), True, [1], 10**400],
    "parameters": [
        None, [], {"weight": None}, {"weight": [[1]]}, {"weight": ["1", "float32"]},
        {"weight": [[1], 32]}, {"weight": [[1], "float32", 1]}, {str(n): [[1], "float32"] for n in range(17)},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "lie"),
    [(field, lie) for field, lies in LIES.items() for lie in lies],
    ids=lambda v: str(v)[:30],
)
def test_a_field_of_a_wrong_value_is_invalid(field, lie):
    answer = read({field: lie})
    assert answer.outcome is Outcome.INVALID
    assert answer.message.startswith("the worker's answer is invalid: ")
    assert (answer.shape, answer.arrays) == (None, {})


@pytest.mark.parametrize("field", [key for key in HEADER if key not in ("id", "type", "implementation")])
def test_a_missing_field_is_invalid_where_it_matters(field):
    header = {key: value for key, value in HEADER.items() if key != field}
    assert read_answer(header, ARRAYS).outcome is Outcome.INVALID


@pytest.mark.parametrize("entries", ["stride", [["stride"]], [["stride", 1]], [[None, None]], [{}]])
def test_facts_are_arguments_with_their_defaults(entries):
    assert read({"facts": {"construct": [["stride", "1"], ["input", None, "positional"]]}}).facts
    answer = read({"facts": {"construct": entries}})
    assert answer.outcome is Outcome.INVALID
    assert "expected arguments of 'construct'" in answer.message


def test_an_array_nobody_asked_for_is_invalid():
    answer = read(arrays={**ARRAYS, "weights": ("float32", VALUES)})
    assert answer.outcome is Outcome.INVALID
    assert "'weights'" in answer.message


def test_arrays_beside_unsupported_are_invalid():
    assert read({"status": "unsupported", "stage": "forward"}).outcome is Outcome.INVALID


def test_values_without_a_shape_are_invalid():
    assert read({"shape": None, "dtype": None}).outcome is Outcome.INVALID


def test_values_of_another_dtype_than_said_are_invalid():
    arrays = {"values": ("float64", VALUES.astype(np.float64))}
    answer = read(arrays=arrays)
    assert answer.outcome is Outcome.INVALID
    assert "dtype float64, but a stated output of shape [1, 1, 3] and dtype float32" in answer.message


def test_a_long_message_is_cut():
    assert len(read({"message": "x" * 100_000}).message) == 2000


def test_a_negative_dimension_taints_the_worker():
    answer = read({"shape": [1, 1, -1]}, {})
    assert (answer.outcome, answer.tainted) == (Outcome.OK, True)
    assert not read({"shape": [1, 1, 0]}, {"values": ("float32", VALUES[..., :0])}).tainted


@pytest.mark.parametrize("shape", [[1, 1, 3], [1, 1, 0], []])
def test_an_output_comes_with_its_values(shape):
    answer = read({"shape": shape}, {})
    assert answer.outcome is Outcome.INVALID
    assert f"no values for an output of shape {shape} and dtype float32" in answer.message


def test_an_output_that_no_frame_can_hold_needs_no_values():
    assert read({"shape": [1 << 40, 1, 3]}, {}).outcome is Outcome.OK
    assert read({"shape": [1, 1, 3], "dtype": "complex256"}, {}).outcome is Outcome.OK
    assert read({"shape": [1, 1, 3], "status": "unsupported"}, {}).outcome is Outcome.UNSUPPORTED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(sorted(set(HEADER) - {"type", "implementation"})), json_values)
def test_any_value_in_any_field_is_believed_or_not_but_raises_nothing(field, value):
    answer = read({field: value})
    assert answer.implementation == HEADER["implementation"]
    assert answer.outcome in (Outcome.OK, Outcome.RAISED, Outcome.UNSUPPORTED, Outcome.INVALID)
