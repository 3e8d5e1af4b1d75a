"""Derivatives are right for the reference, and each kind of check fails on one that is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from conv_transpose_conformance.adapters.base import Unsupported
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.reference_impl import backward
from conv_transpose_conformance.requirements.base.requirement import Judged, Probed, Result
from conv_transpose_conformance.requirements.properties import derivatives
from conv_transpose_conformance.requirements.tally import Tally
from tests.support.prober import prober

LAYERS = ("torch.nn.ConvTranspose{}d", "paddle.nn.Conv{}DTranspose", "mindspore.nn.Conv{}dTranspose")
PROBED = {r.id.partition(".")[2]: r for r in derivatives.REQUIREMENTS if isinstance(r, Probed)}


def verdict(name, examined):
    result = Result(name, examined.implementation, examined.framework, probed=True)
    for trial in PROBED[name].trials(examined):
        result.add(trial)
    return result


@pytest.mark.parametrize("ndim", [1, 2])
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", PROBED)
def test_every_derivative_of_the_reference_is_right(name, layer, ndim):
    found = verdict(name, prober(layer.format(ndim)))
    inexpressible = ("same", LAYERS[0]), ("output-size", LAYERS[2])
    assert found.verdict is (Verdict.NOT_APPLICABLE if (name, layer) in inexpressible else Verdict.PASS)


def twice(array, _call):
    return 2 * array


def shifted(array, _call):
    return np.roll(array, 1)


def where(condition, spoil):
    return lambda array, call: spoil(array, call) if condition(call.case) else array


def sized(case):
    return case["output_size"] is not None


def worded(case):
    return case["padding"] == "same"


FAULTS = [
    ("second", LAYERS[0], {"second_x": twice}),
    ("second", LAYERS[0], {"second_w": shifted}),
    ("second", LAYERS[0], {"second_g": twice}),
    ("forward-mode", LAYERS[0], {"tangent": twice}),
    ("forward-mode", LAYERS[0], {"tangent": lambda y, call: y[..., :-1]}),
    ("output-size", LAYERS[0], {"grad_input": where(sized, shifted)}),
    ("output-size", LAYERS[1], {"grad_weight": where(sized, twice)}),
    ("output-size", LAYERS[1], {"grad_bias": where(sized, twice)}),
    ("same", LAYERS[1], {"grad_input": where(worded, shifted)}),
    ("same", LAYERS[2], {"grad_weight": where(worded, shifted)}),
    ("same", LAYERS[2], {"grad_input": where(worded, lambda x, call: x[..., :-1])}),
]


@pytest.mark.parametrize("ndim", [1, 2])
@pytest.mark.parametrize(("name", "layer", "fault"), FAULTS)
def test_every_check_fails_on_a_wrong_derivative(name, layer, fault, ndim):
    found = verdict(name, prober(layer.format(ndim), **fault))
    assert found.verdict is Verdict.DIVERGE
    assert found.plain()["message"]
    assert found.plain()["case"]


def test_what_same_means_is_left_to_the_implementation():
    """Another reading of it, with gradients that fit: the output one position further."""

    def further(array, call):
        return np.roll(array, 1, -1) if worded(call.case) else array

    def gradient(name):
        def of(array, call):
            if not worded(call.case):
                return array
            g = np.roll(call.arrays["g"], -1, -1)
            found = backward(call.x, call.w, g, geometry=call.geometry)
            return getattr(found, name).astype(array.dtype)

        return of

    right = {"values": further, "grad_input": gradient("x"), "grad_weight": gradient("w")}
    assert verdict("same", prober(LAYERS[1].format(1), **right)).verdict is Verdict.PASS
    assert verdict("same", prober(LAYERS[1].format(1), values=further)).verdict is Verdict.DIVERGE


def test_same_may_be_refused_where_no_document_says_what_it_is():
    def refuse(array, call):
        if worded(call.case):
            raise ValueError("padding must be a number")
        return array

    assert verdict("same", prober(LAYERS[1].format(2), values=refuse)).verdict is Verdict.UNSUPPORTED
    assert verdict("same", prober(LAYERS[2].format(2), values=refuse)).verdict is Verdict.ERROR  # documented


def test_forward_mode_of_the_input_alone_is_held_to_that():
    def inputs_only(array, call):
        if call.arrays["vw"].any():
            raise Unsupported("the input's tangent alone")
        return array

    layer = LAYERS[0].format(1)
    assert verdict("forward-mode", prober(layer, tangent=inputs_only)).verdict is Verdict.PASS
    wrong = prober(layer, tangent=lambda y, call: twice(inputs_only(y, call), call))
    assert verdict("forward-mode", wrong).verdict is Verdict.DIVERGE


def test_no_forward_mode_is_unsupported():
    def refuse(array, call):
        raise Unsupported("no rule of forward mode")

    assert verdict("forward-mode", prober(LAYERS[0].format(1), tangent=refuse)).verdict is Verdict.UNSUPPORTED


@pytest.mark.parametrize("check", [Check.GRAD_INPUT, Check.GRAD_WEIGHT, Check.GRAD_BIAS])
def test_the_first_derivatives_are_decided_by_records(check):
    tally = Tally.of(derivatives.REQUIREMENTS)
    case, layer = Case.parse("v1_1d_n1_ci1_co1_i2_k1_b_f32_int.1"), LAYERS[0].format(1)
    for other, found in ((Check.VALUES, Verdict.DIVERGE), (check, Verdict.PASS), (check, Verdict.DIVERGE)):
        tally.add(Record(case=case, implementation=layer, framework="torch", check=other, verdict=found))
    failing = [result.requirement for result in tally.results({layer: "torch"}) if result.failing]
    assert failing == [f"derivative.{check.value.removeprefix('grad_')}"]
    assert sum(isinstance(r, Judged) for r in derivatives.REQUIREMENTS) == 3
