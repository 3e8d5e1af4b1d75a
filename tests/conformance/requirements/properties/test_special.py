"""Special values: right for two implementations of the definition, and every check fails on a wrong one."""

from __future__ import annotations

import numpy as np
import pytest

from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.requirement import Result
from conv_transpose_conformance.requirements.properties import special
from tests.support import direct
from tests.support.prober import prober

WHERE = ("input", "weight", "bias")
LAYERS = ("torch.nn.ConvTranspose1d", "paddle.nn.Conv2DTranspose", "mindspore.nn.Conv2dTranspose")
BY_ID = {r.id.partition(".")[2]: r for r in special.REQUIREMENTS}


def verdict(name, examined):
    result = Result(name, examined.implementation, examined.framework, probed=True)
    with np.errstate(all="ignore"):
        for trial in BY_ID[name].trials(examined):
            result.add(trial)
    return result


def loops(array, call):
    """Straight from the definition, one product after the other: it shares nothing with the reference."""
    return direct.forward(call.case, call.arrays, np.float32)


def looped_gradient(name):
    return lambda array, call: direct.backward(call.case, call.arrays, np.float32)[name]


GRADIENTS = {name: looped_gradient(name) for name in ("grad_input", "grad_weight", "grad_bias")}


@pytest.mark.parametrize("spoils", [{}, {"values": loops, **GRADIENTS}], ids=["reference", "loops"])
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", BY_ID)
def test_two_implementations_of_the_definition_pass(name, layer, spoils):
    found = verdict(name, prober(layer, **spoils))
    assert found.verdict is (Verdict.ALLOWED if name == "negative-zero" else Verdict.PASS), found.plain()


def cleaned(array, _call):
    return np.nan_to_num(array, nan=0.0, posinf=np.inf, neginf=-np.inf)


def unsigned(array, _call):
    return np.where(np.isinf(array), np.inf, array).astype(array.dtype)


def clipped(array, _call):
    """Saturated."""
    limit = np.finfo(np.float32).max
    return np.where(np.isinf(array), np.copysign(limit, array), array).astype(array.dtype)


def spread_(array, _call):
    """One NaN spoils the tensor, as a zero-padded transform does."""
    return np.full_like(array, np.nan) if np.isnan(array).any() else array


def zeros_skipped(array, call):
    """Products with a zero factor are left out."""
    kept = {n: np.where(np.isfinite(a), a, 0).astype(a.dtype) for n, a in call.arrays.items()}
    silent = not (call.x.any() and call.w.any())
    return direct.forward(call.case, kept, np.float32) if silent else array


def padding_multiplied(array, call):
    """What the padding cuts is multiplied by zero and added."""
    return array + call.x.sum() * np.float32(0)


FAULTS = [
    *((f"nan-{where}", {"values": spoil}) for where in WHERE for spoil in (cleaned, spread_)),
    *((f"infinity-{where}", {"values": spoil}) for where in WHERE for spoil in (unsigned, clipped)),
    ("infinity-input", {"values": cleaned}),
    ("infinity-weight", {"values": cleaned}),
    ("times-zero", {"values": zeros_skipped}),
    ("cropped", {"values": padding_multiplied}),
    ("gradients", {"grad_input": cleaned}),
    ("gradients", {"grad_weight": spread_}),
    ("gradients", {"grad_bias": unsigned}),
    ("largest", {"values": clipped}),
    ("largest", {"values": unsigned}),
    ("overflow-on-the-way", {"values": lambda y, call: y + np.float32(1)}),
    ("subnormal", {"values": lambda y, call: 2 * y}),
    ("negative-zero", {"values": lambda y, call: y + np.float32(1)}),
]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_every_check_fails_on_a_wrong_implementation(name, fault, layer):
    found = verdict(name, prober(layer, **fault))
    assert found.verdict is Verdict.DIVERGE
    assert found.plain()["case"]


def test_what_is_wrong_on_ordinary_numbers_too_is_not_told_again():
    found = verdict("nan-input", prober(LAYERS[0], values=lambda y, call: y + np.float32(1)))
    assert found.verdict is Verdict.NOT_APPLICABLE
    assert "ordinary numbers" in found.plain()["message"]


def flushed(array, _call):
    return np.where(abs(array) < np.finfo(np.float32).tiny, 0, array).astype(array.dtype)


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        ("subnormal", flushed, "flushed to zero"),
        ("overflow-on-the-way", lambda y, call: y * np.float32(np.nan), "overflow on the way"),
        ("negative-zero", lambda y, call: -y, "negative zeros"),
    ],
)
def test_what_no_document_decides_is_reported(name, spoil, words):
    found = verdict(name, prober(LAYERS[0], values=spoil))
    assert found.verdict is Verdict.ALLOWED
    assert words in found.plain()["message"]


def nan_in(where):
    """Puts NaN into the first element of an output that ``where`` picks, given the planes with infinities."""

    def spoil(y, _call):
        reached = ~np.isfinite(y).all(axis=tuple(range(2, y.ndim)), keepdims=True)
        picked = np.argwhere(where(y, reached))
        if len(picked):
            y = y.copy()
            y[tuple(picked[0])] = np.nan
        return y

    return spoil


@pytest.mark.parametrize("name", ["infinity-input", "infinity-weight"])
@pytest.mark.parametrize("layer", LAYERS)
def test_a_nan_is_forgiven_beside_an_infinity_of_its_own_plane_alone(layer, name):
    beside = nan_in(lambda y, reached: np.isfinite(y) & reached)
    elsewhere = nan_in(lambda y, reached: np.isfinite(y) & ~reached & reached.any())
    in_its_place = nan_in(lambda y, _reached: np.isinf(y))
    found = verdict(name, prober(layer, values=beside))
    assert found.verdict is Verdict.ALLOWED
    assert "more NaN than in" in found.plain()["message"]
    for spoil in (elsewhere, in_its_place):
        assert verdict(name, prober(layer, values=spoil)).verdict is Verdict.DIVERGE
