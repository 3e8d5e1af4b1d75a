"""Dtypes: the reference, rounded, passes with the level it deserves; what is rough, biased or else fails."""

from __future__ import annotations

import numpy as np
import pytest

from conv_transpose_conformance.adapters.base import Unsupported
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES
from conv_transpose_conformance.frameworks.registry import registry
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.requirement import Result
from conv_transpose_conformance.requirements.properties import dtypes
from tests.support import direct
from tests.support.prober import prober

LAYER, FUNCTION = "torch.nn.ConvTranspose1d", "torch.nn.functional.conv_transpose2d"
BY_ID = {r.id.partition(".")[2]: r for r in dtypes.REQUIREMENTS}


def verdict(name, examined):
    result = Result(name, examined.implementation, examined.framework, probed=True)
    for trial in BY_ID[name].trials(examined):
        result.add(trial)
    return result


@pytest.mark.parametrize("implementation", [LAYER, FUNCTION, "mindspore.nn.Conv2dTranspose"])
@pytest.mark.parametrize("name", BY_ID)
def test_every_dtype_of_the_reference_is_right(name, implementation):
    found = verdict(name, prober(implementation))
    assert found.verdict is Verdict.PASS, found.plain()
    if name.endswith("accuracy") and name.split(".")[0] not in ("float64", "complex128"):
        assert "working" not in found.plain()["message"]  # accumulated in float64, rounded once
        assert "grad_bias wider" in found.plain()["message"]


def added_up(case_dtype):
    """Every product added one at a time in the dtype itself."""
    return lambda y, call: direct.forward(call.case, call.arrays, case_dtype)


def test_an_accumulation_in_the_dtype_is_told_from_a_wider_one():
    found = verdict("float32.accuracy", prober(LAYER, values=added_up(np.float32)))
    assert found.verdict is Verdict.PASS
    assert "values working" in found.plain()["message"]
    assert "grad_input wider" in found.plain()["message"]


def truncated(array, _call):
    """Rounded towards zero to 12 bits fewer."""
    return (array.view(np.uint32) & np.uint32(0xFFFFF000)).view(np.float32)


def toward_zero(array, call):
    """The last bit is cut rather than rounded, which every element's bound lets through."""
    exact = direct.forward(call.case, call.arrays, np.float64)
    cut = exact.astype(np.float32)
    return np.where(abs(cut.astype(np.float64)) > abs(exact), np.nextafter(cut, np.float32(0)), cut)


ROUGH = [
    ("float32.accuracy", {"values": truncated}),
    ("float32.accuracy", {"grad_weight": truncated}),
    ("float32.accuracy", {"values": toward_zero}),
    ("float64.accuracy", {"grad_input": lambda x, call: x.astype(np.float32).astype(np.float64)}),
    ("float16.accuracy", {"values": lambda y, call: y.astype(NUMPY_DTYPES["bfloat16"]).astype(np.float16)}),
    ("complex64.accuracy", {"grad_input": lambda x, call: np.conj(x)}),
    ("complex64.accuracy", {"values": lambda y, call: y.real.astype(y.dtype)}),
    ("complex128.accuracy", {"values": lambda y, call: y.astype(np.complex64).astype(y.dtype)}),
    ("bfloat16.accuracy", {"values": lambda y, call: y * y.dtype.type(1.25)}),
    ("bfloat16.accuracy", {"values": lambda y, call: y[..., :-1]}),
]


@pytest.mark.parametrize(("name", "fault"), ROUGH)
def test_what_is_too_rough_diverges(name, fault):
    found = verdict(name, prober(LAYER, **fault))
    assert found.verdict is Verdict.DIVERGE
    assert name.partition(".")[0] in found.plain()["message"]
    assert found.plain()["case"]


@pytest.mark.parametrize("tensor", ["values", "grad_input", "grad_weight", "grad_bias"])
def test_another_dtype_than_was_given_diverges(tensor):
    found = verdict("float16.result", prober(LAYER, **{tensor: lambda a, call: a.astype(np.float32)}))
    assert found.verdict is Verdict.DIVERGE
    assert f"{tensor} is float32" in found.plain()["message"]


def refuse(_array, call):
    raise RuntimeError(f"not implemented for {call.case['dtype']}")


@pytest.mark.parametrize(
    "name", [n for n, (_, known) in registry().implementations.items() if known.computes]
)
def test_every_implementation_promises_float32(name):
    assert verdict("float32.result", prober(name, values=refuse)).verdict is Verdict.ERROR


def test_a_refusal_is_an_error_only_where_the_dtype_is_promised():
    for name in ("float16.result", "complex64.accuracy"):
        found = verdict(name, prober(LAYER, values=refuse))
        assert found.verdict is Verdict.UNSUPPORTED
        assert "not implemented" in found.plain()["message"]
    for name in ("float64.result", "float32.accuracy"):
        assert verdict(name, prober(LAYER, values=refuse)).verdict is Verdict.ERROR
    assert verdict("float64.result", prober("mindspore.nn.Conv2dTranspose", values=refuse)).verdict is (
        Verdict.UNSUPPORTED
    )


def test_no_kernel_is_unsupported():
    def refuse(array, call):
        raise Unsupported("the kernel is unregistered")

    examined = prober("mindspore.mint.nn.ConvTranspose2d", values=refuse)
    assert verdict("float32.accuracy", examined).verdict is Verdict.UNSUPPORTED
    assert len(examined.runner.asked) == 1
