"""One call in the worker, stage by stage, with an adapter that does as it is told."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from conv_transpose_conformance.adapters.base import Adapter, Call, Unsupported
from conv_transpose_conformance.adapters.protocol import MAX_PAYLOAD
from conv_transpose_conformance.adapters.worker import run

CASE = {"dtype": "float32"}
ARRAYS = {"x": np.ones((1, 1, 2), np.float32), "g": np.ones((1, 1, 3), np.float32)}


class Told(Call):
    """Each stage does what the keyword says: a value to return or an exception to raise."""

    def __init__(self, **stages: Any) -> None:
        self.stages = {
            "construct": {"weight": ([1, 1, 2], "float32")},
            "forward": "the output",
            "shape_and_dtype": ([1, 1, 3], "float32"),
            "fetch": np.ones((1, 1, 3), np.float32),
            "backward": {"grad_input": np.ones((1, 1, 2), np.float32)},
            "infer": None,
            **stages,
        }
        self.reached: list[str] = []

    def _do(self, stage: str) -> Any:
        self.reached.append(stage)
        found = self.stages[stage]
        if isinstance(found, BaseException):
            raise found
        return found

    def construct(self):
        return self._do("construct")

    def forward(self):
        return self._do("forward")

    def shape_and_dtype(self, output):
        assert output == "the output"
        return self._do("shape_and_dtype")

    def fetch(self, output):
        return self._do("fetch")

    def backward(self, output, grad):
        assert grad.shape == (1, 1, 3)
        return self._do("backward")

    def infer(self):
        return self._do("infer")


class TellingAdapter(Adapter):
    def __init__(self, call: Any) -> None:
        self.told = call

    def call(self, implementation, case, arrays, options=None):
        if isinstance(self.told, BaseException):
            raise self.told
        return self.told


def asked(call: Any, arrays: dict[str, Any] = ARRAYS):
    return run(TellingAdapter(call), "fake.conv", CASE, arrays)


def test_a_call_passes_every_stage_in_order():
    call = Told()
    answer, out = asked(call)
    assert call.reached == ["construct", "forward", "shape_and_dtype", "fetch", "backward"]
    assert answer["status"] == "ok"
    assert (answer["stage"], answer["message"]) == ("", "")
    assert (answer["shape"], answer["dtype"]) == ([1, 1, 3], "float32")
    assert answer["parameters"] == {"weight": ([1, 1, 2], "float32")}
    assert answer["microseconds"] >= 0
    assert sorted(out) == ["grad_input", "values"]


@pytest.mark.parametrize(
    ("stage", "named", "reached"),
    [("construct", "construct", 1), ("forward", "forward", 2), ("shape_and_dtype", "output", 3),
     ("fetch", "output", 4), ("backward", "backward", 5)],
)  # fmt: skip
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("no  such\nthing\n\nC++ Traceback:\n0x00"), "ValueError: no such thing"),
        (MemoryError("too much"), "MemoryError: too much"),
        (AssertionError(), "AssertionError: "),
    ],
)
def test_an_exception_is_an_answer_that_names_its_stage(stage, named, reached, error, message):
    call = Told(**{stage: error})
    answer, out = asked(call)
    assert len(call.reached) == reached
    assert (answer["status"], answer["stage"], answer["message"]) == ("raised", named, message)
    assert ("values" in out) == (stage == "backward")


@pytest.mark.parametrize(
    ("stages", "seconds"),
    [
        ({}, 2),
        ({"construct": ValueError()}, 1),
        ({"forward": ValueError()}, 1),
        ({"shape_and_dtype": ValueError()}, 1),
        ({"backward": ValueError()}, 2),
        ({"forward": Unsupported()}, 1),
        ({"forward": Unsupported(), "infer": ValueError()}, 1),
    ],
)
def test_the_time_is_that_inside_the_framework(monkeypatch, stages, seconds):
    # every look at the clock is a second later: construction and forward together, and backward
    monkeypatch.setattr("time.perf_counter", itertools.count().__next__)
    answer, _ = asked(Told(**stages))
    assert answer["microseconds"] == seconds * 1e6


def test_an_exception_before_the_first_stage_is_constructions():
    answer, _ = asked(TypeError("no such dtype"))
    assert (answer["status"], answer["stage"], answer["message"]) == (
        "raised",
        "construct",
        "TypeError: no such dtype",
    )


@pytest.mark.parametrize("shape", [[1, 1, -1], [-2, -2, 4]])
def test_values_of_a_negative_shape_are_never_read(shape):
    call = Told(shape_and_dtype=(shape, "float32"))
    answer, out = asked(call)
    assert call.reached == ["construct", "forward", "shape_and_dtype"]
    assert (answer["status"], answer["shape"], out) == ("ok", shape, {})


def test_an_output_too_large_to_send_is_not_read():
    call = Told(shape_and_dtype=([1, 1, MAX_PAYLOAD], "float32"))
    assert asked(call)[1] == {}
    assert "fetch" not in call.reached


def test_an_output_of_a_dtype_unknown_on_the_wire_is_not_read():
    call = Told(shape_and_dtype=([1, 1, 3], "float8_e5m2"))
    answer, out = asked(call)
    assert (answer["dtype"], out) == ("float8_e5m2", {})


def test_no_gradient_is_asked_for_an_output_of_another_shape():
    call = Told(shape_and_dtype=([1, 1, 4], "float32"), fetch=np.ones((1, 1, 4), np.float32))
    _, out = asked(call)
    assert list(out) == ["values"]
    assert "backward" not in call.reached


def test_no_gradient_is_asked_where_none_was_sent():
    call = Told()
    asked(call, {"x": ARRAYS["x"]})
    assert "backward" not in call.reached


@pytest.mark.parametrize(("inferred", "shape", "dtype"), [(None, None, None), (([1, 3], "f"), [1, 3], "f")])
def test_unsupported_says_why_and_what_shape_it_would_have(inferred, shape, dtype):
    call = Told(forward=Unsupported("kernel unregistered"), infer=inferred)
    answer, out = asked(call)
    assert call.reached == ["construct", "forward", "infer"]
    assert (answer["status"], answer["stage"], answer["message"]) == (
        "unsupported",
        "forward",
        "kernel unregistered",
    )
    assert (answer["shape"], answer["dtype"], out) == (shape, dtype, {})


def test_an_exception_while_inferring_is_told_with_its_stage():
    answer, _ = asked(Told(forward=Unsupported("kernel unregistered"), infer=RuntimeError("no graph")))
    assert (answer["status"], answer["stage"], answer["message"]) == (
        "raised",
        "infer",
        "RuntimeError: no graph",
    )
