"""Relations hold for the reference, and each fails on an implementation that breaks it."""

from __future__ import annotations

import numpy as np
import pytest

from conv_transpose_conformance.adapters.base import Unsupported
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.requirement import Result
from conv_transpose_conformance.requirements.properties import invariances, relations
from conv_transpose_conformance.requirements.properties.counterpart import counterpart
from tests.support.prober import prober

MODULE, FUNCTION = "torch.nn.ConvTranspose{}d", "torch.nn.functional.conv_transpose{}d"
PADDLE = "paddle.nn.Conv{}DTranspose"
BY_ID = {r.id.partition(".")[2]: r for r in (*relations.REQUIREMENTS, *invariances.REQUIREMENTS)}


def verdict(name, examined):
    result = Result(name, examined.implementation, examined.framework, probed=True)
    for trial in BY_ID[name].trials(examined):
        result.add(trial)
    return result


@pytest.mark.parametrize("ndim", [1, 2])
@pytest.mark.parametrize("implementation", [MODULE, FUNCTION, PADDLE])
@pytest.mark.parametrize("name", BY_ID)
def test_every_relation_holds_for_the_reference(name, implementation, ndim):
    found = verdict(name, prober(implementation.format(ndim)))
    expressible = not (name == "unbatched" and implementation == PADDLE)
    assert found.verdict is (Verdict.PASS if expressible else Verdict.NOT_APPLICABLE), found.plain()


def plus_one(array, _call):
    return array + np.ones_like(array)


def flipped(array, _call):
    return array[..., ::-1]


def only(condition, spoil):
    """The fault, where a condition on the call holds."""
    return lambda array, call: spoil(array, call) if condition(call) else array


def first_item_everywhere(array, _call):
    return np.broadcast_to(array[:1], array.shape)


def by_layer(array, call):
    """Another result for every layer made."""
    return array + len(call.adapter.calls)


def by_pass(array, call):
    return array + call.number


def longer(array, _call):
    return np.concatenate([array, array[..., -1:]], -1)


def kept(fault):
    """What an algorithm that rounds otherwise each time would do: visible on reals alone."""
    return only(lambda call: not (call.x == np.round(call.x)).all(), fault)


FAULTS = {
    "adjoint": [
        {"convolve": plus_one},
        {"convolve": flipped},
        {"values": only(lambda call: max(call.case["stride"]) > 1, flipped)},
    ],
    "linear-in-input": [{"values": plus_one}, {"values": lambda y, call: y + call.x.sum() ** 2}],
    "linear-in-weight": [{"values": plus_one}, {"values": lambda y, call: y + abs(call.w).sum()}],
    "groups": [
        {"values": only(lambda call: call.case["groups"] > 1, lambda y, call: y[:, ::-1])},
        {"grad_weight": only(lambda call: call.case["groups"] > 1, flipped)},
        {"grad_bias": only(lambda call: call.case["groups"] > 1, lambda b, call: b[::-1])},
    ],
    "dilation": [
        {"values": only(lambda call: max(call.case["dilation"]) > 1, flipped)},
        {"grad_weight": only(lambda call: max(call.case["dilation"]) > 1, flipped)},
    ],
    "zero-insertion": [
        {"values": only(lambda call: max(call.case["stride"]) > 1, flipped)},
        {"convolve": plus_one},
    ],
    "batch": [
        {"values": first_item_everywhere},
        {"grad_input": first_item_everywhere},
        {"grad_weight": lambda w, call: w / len(call.x)},
        {"grad_bias": lambda b, call: b / len(call.x)},
    ],
    "unbatched": [
        {"values": only(lambda call: call.case["batch"] is None, flipped)},
        {"grad_input": only(lambda call: call.case["batch"] is None, flipped)},
        {"values": only(lambda call: call.case["batch"] is None, lambda y, call: y[None])},
    ],
    "channels-last": [
        {"values": only(lambda call: call.options.view == "channels_last", flipped)},
        {"grad_input": only(lambda call: call.options.view == "channels_last", flipped)},
    ],
    "module-functional": [
        {"values": only(lambda call: call.about.is_layer, flipped)},
        {"grad_bias": only(lambda call: call.about.is_layer, plus_one)},
    ],
    "unmodified": [{"x": plus_one}, {"w": plus_one}, {"b": plus_one}],
    "repeatable": [{"values": by_layer}, {"values": by_pass}, {"grad_weight": by_layer}],
    "deterministic": [{"values": by_layer}, {"values": kept(by_pass)}, {"grad_weight": by_layer}],
    "shape-roundtrip": [
        {"convolve": longer},
        {"values": only(lambda call: max(call.case["stride"]) > 1, longer)},
        {"values": only(lambda call: call.case["output_size"], lambda y, call: y[..., :-1])},
    ],
}


def test_every_relation_has_faults_that_break_it():
    assert FAULTS.keys() == BY_ID.keys()


@pytest.mark.parametrize("ndim", [1, 2])
@pytest.mark.parametrize(
    ("name", "at"), [(name, at) for name, faults in FAULTS.items() for at in range(len(faults))]
)
def test_every_relation_fails_where_it_is_broken(name, at, ndim):
    found = verdict(name, prober(MODULE.format(ndim), **FAULTS[name][at]))
    assert found.verdict is Verdict.DIVERGE
    assert found.plain()["message"]
    assert found.plain()["case"]


def test_a_format_of_channels_last_is_judged_by_the_layout():
    last = only(lambda call: call.case["layout"] == "channels_last", flipped)
    assert verdict("channels-last", prober(PADDLE.format(1), values=last)).verdict is Verdict.DIVERGE


def test_other_bits_on_reals_alone_are_reported():
    found = verdict("repeatable", prober(MODULE.format(1), values=kept(by_layer)))
    assert found.verdict is Verdict.ALLOWED
    assert "on reals" in found.plain()["message"]


def test_an_algorithm_that_refuses_determinism_is_unsupported():
    def refuse(array, call):
        if call.options.deterministic:
            raise RuntimeError("conv_transpose does not have a deterministic implementation")
        return array

    assert verdict("deterministic", prober(MODULE.format(1), values=refuse)).verdict is Verdict.UNSUPPORTED


def test_what_raises_is_an_error_and_told():
    def refuse(array, call):
        raise RuntimeError("out of order")

    found = verdict("adjoint", prober(MODULE.format(1), values=refuse)).plain()
    assert found["verdict"] == "error"
    assert "out of order" in found["message"]


def test_a_requirement_stops_after_two_ends_of_the_same_kind():
    def refuse(array, call):
        raise Unsupported("no kernel")

    examined = prober(MODULE.format(1), values=refuse)
    found = verdict("linear-in-input", examined)
    assert found.counts == {Verdict.UNSUPPORTED: 2}
    assert len(examined.runner.asked) == 2


def test_a_layer_and_its_function_know_each_other():
    for layer, function in ((MODULE.format(1), FUNCTION.format(1)), (MODULE.format(2), FUNCTION.format(2))):
        assert counterpart(layer) == function
        assert counterpart(function) == layer
    assert counterpart("mindspore.nn.Conv2dTranspose") is None
