"""Each check of the documents' claims fails on an implementation that breaks it."""

from __future__ import annotations

import numpy as np
import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.reference_impl import Geometry, forward
from conv_transpose_conformance.requirements.catalogue import catalogue
from conv_transpose_conformance.requirements.documents import r_1d, torch_family
from conv_transpose_conformance.requirements.properties import connections, output_sizes
from tests.support.claims import ABOUT, FALSE, PROBED, TORCH1, honest, judged, layer, mint, paddle
from tests.support.prober import prober


def shortened(values, call):
    return values[..., :-1]


def one_more(values, call):
    return values + 1


def of_padded(values, call):
    """A padding that pads the input, as two of the documents have it."""
    case = call.case
    sides = case["padding"]
    x = np.pad(call.x, [(0, 0)] * (call.x.ndim - len(sides)) + [tuple(pair) for pair in sides])
    size = x.shape[-len(sides) :]
    numbers = {name: case[name] for name in ("stride", "dilation", "groups")}
    geometry = Geometry.from_parameters(size, case["kernel_size"], **numbers)
    return forward(x, call.w, call.b, geometry=geometry).astype(np.float32)


def swapped(made, call):
    """A weight that begins with the output channels, of all the input's channels in its group."""
    shape = made["weight"][0]
    groups = call.case["groups"]
    return {**made, "weight": ([shape[1] * groups, shape[0] // groups, *shape[2:]], made["weight"][1])}


def across_groups(values, call):
    axis = values.ndim - call.about.ndim - 1
    return values + values.sum(axis=axis, keepdims=True)


def normal(values, call):
    return np.random.default_rng(0).normal(0, values.std(), values.shape).astype(values.dtype)


def of_positions(values, call):
    return values + 1 if call.options.positional else values


def of_tuples(values, call):
    return values + 1 if call.case["spelling"] == "tuple" else values


def of_lists(values, call):
    return values + 1 if any(isinstance(v, list) for v in call.options.arguments.values()) else values


def of_argument_tuples(values, call):
    return values + 1 if any(isinstance(v, tuple) for v in call.options.arguments.values()) else values


def of_dilation(values, call):
    return values + 1 if np.max(call.case["dilation"]) > 1 else values


def back_again(values, call):
    return call.x if values.shape == call.x.shape else values


def same_length(values, call):
    if call.case["padding"] != "same":
        return values
    return values[..., : -(-call.case["input_size"][0] // call.case["stride"][0])]


def accepted(made, call):
    return made


def fixed_bias(values, call):
    return np.zeros_like(values)


def bias_all_the_same(made, call):
    return {**made, "bias": ([call.case["out_channels"]], "float32")}


def relu(values, call):
    return np.maximum(values, 0)


def without_the_added(values, call):
    return shortened(values, call) if any(call.case["output_padding"]) else values


def moved(values, call):
    """An output padding that moves what was there before."""
    return np.flip(values, -1) if any(call.case["output_padding"]) else values


FAULTS = [
    ("T1.signature", {"construct": mint}),
    ("T1.signature", {"values": of_positions}),
    ("T1.signature", {"values": of_tuples}),
    ("T1.adjoint", {"values": one_more}),
    ("T1.not-inverse", {"convolve": back_again}),
    ("T1.padding", {"values": of_padded}),
    ("T1.dilation", {"values": of_dilation}),
    ("T1.groups.all", {"values": lambda values, call: values * np.array([[[1], [0], [1], [1]]], np.float32)}),
    ("T1.groups.halves", {"values": across_groups}),
    ("T1.groups.depthwise", {"values": across_groups}),
    ("T1.shape.roundtrip", {"convolve": shortened}),
    ("T1.shape.ambiguous", {"convolve": shortened}),
    ("T1.shape.ambiguous", {"values": shortened}),
    ("T1.weight", {"weight": normal}),
    ("T1.weight", {"weight": lambda values, call: values * np.float32(0.9)}),
    ("T1.weight", {"weight": lambda values, call: values * np.float32(1.01)}),
    ("T1.weight", {"weight": lambda values, call: np.moveaxis(values, 0, 1)}),
    ("T1.weight", {"weight": lambda values, call: np.sort(np.linspace(-1, 1, values.size)).astype("f4")}),
    ("T1.bias", {"bias": fixed_bias}),
    ("T2.signature", {"construct": paddle}),
    ("T2.stride", {"values": lambda values, call: values.repeat(2, axis=-1)}),
    ("T2.output-padding-grows", {"values": moved}),
    ("T2.output-padding-grows", {"values": without_the_added}),
    ("T2.dilation", {"values": of_dilation}),
    ("T2.padding-mode", {"parameters": accepted}),
    ("T2.weight-layout", {"parameters": swapped}),
    ("T2.as-convolution", {"values": one_more}),
    ("P1.signature", {"construct": layer}),
    ("P1.signature", {"values": of_positions}),
    ("P1.activation", {"values": relu}),
    ("P1.bias-attr", {"parameters": bias_all_the_same}),
    ("P1.bias-attr", {"values": one_more}),
    ("P1.kernel-size", {"values": of_lists}),
    ("P1.padding-forms", {"values": of_argument_tuples}),
    ("P1.groups", {"values": across_groups}),
    ("P1.dilation", {"values": of_argument_tuples}),
    ("P1.dilation", {"values": of_dilation}),
    ("P1.shapes", {"parameters": swapped}),
    ("P1.length", {}),  # the reference gives any length
    ("P1.length", {"values": shortened}),
    ("P1.many-outputs", {"values": shortened}),
    ("P1.example", {"values": one_more}),
    ("M2.signature", {"construct": layer}),
    ("M2.adjoint", {"values": one_more}),
    ("M2.noncontiguous", {"parameters": accepted}),
    ("M2.output-padding-limit", {"parameters": accepted}),
    ("M2.padding-mode", {"parameters": accepted}),
    ("M2.dtype", {"weight": lambda values, call: values.astype("f8")}),
    ("M2.weight", {"weight": normal}),
    ("M2.bias", {"bias": normal}),
]


@pytest.mark.parametrize(
    ("name", "spoils"), FAULTS, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_check_fails_on_a_faulty_implementation(name, spoils):
    result = judged(name, honest(ABOUT[name.split(".")[0]], **spoils))
    assert result.verdict is Verdict.DIVERGE, result.plain()
    assert result.plain()["message"]


def test_every_probed_check_has_a_fault():
    faulty = {name for name, _ in FAULTS}
    assert faulty | FALSE | {"M2.experimental"} == {name for name in PROBED if not catalogue()[name].needs}


@pytest.mark.parametrize(
    ("name", "spoils"),
    [
        ("T2.padding-grows-input", {"values": of_padded}),
        ("P1.padding-sides", {"values": of_padded}),
        ("P1.kernel-mcl", {"parameters": swapped}),
        ("P1.kernel-groups", {"parameters": swapped}),
        ("P1.same", {"values": same_length}),
    ],
)
def test_a_claim_that_the_definition_breaks_holds_for_an_operator_made_for_it(name, spoils):
    assert judged(name, honest(ABOUT[name.split(".")[0]], **spoils)).verdict is Verdict.PASS


def test_a_page_without_output_sizes_does_not_claim_that_they_bring_a_shape_back():
    def refuse(values, call):
        if call.case["output_size"] is not None:
            raise ValueError("requested an output of another size")
        return values

    assert judged("T1.shape.roundtrip", honest(TORCH1, values=refuse)).verdict is Verdict.PASS
    assert judged("relation.shape-roundtrip", honest(TORCH1, values=refuse)).verdict is Verdict.ERROR


# R is not needed for what its page claims: the checks are tried on the reference.


def test_columns_are_lost_only_where_one_is_without_effect():
    cases = [Case.parse(identifier) for identifier in torch_family.UNPADDED[0]]
    full = output_sizes.columns_are_lost(prober(TORCH1), cases)
    assert full.verdict is Verdict.DIVERGE
    assert "every column reaches the output" in full.message

    def valid(values, call):
        return values * 0 if call.x[..., -1].any() else values

    assert output_sizes.columns_are_lost(prober(TORCH1, values=valid), cases).verdict is Verdict.PASS


def test_a_padding_mode_that_r_refuses_is_found():
    def zeros_only(made, call):
        if call.options.arguments["padding_mode"] not in ("zeros", "reflect"):
            raise ValueError("only zeros")
        return made

    def verdicts(**spoils):
        return [trial.verdict for trial in r_1d.padding_mode(prober(TORCH1, **spoils))]

    assert verdicts() == [Verdict.PASS] * 4 + [Verdict.ALLOWED]
    assert verdicts(parameters=zeros_only) == [Verdict.PASS] * 2 + [Verdict.ERROR] * 2
    assert [trial.verdict for trial in r_1d.example(prober(TORCH1))] == [Verdict.PASS]
    assert [trial.verdict for trial in r_1d.example(prober(TORCH1, values=shortened))] == [Verdict.DIVERGE]


def test_shared_filters_of_a_depthwise_layer_diverge():
    def shared(values, call):
        w = np.broadcast_to(call.w[:1], call.w.shape)
        return forward(call.x, np.ascontiguousarray(w), call.b, geometry=call.geometry).astype("f4")

    subject = prober(TORCH1, values=shared)
    case = connections.case_of(connections.DEPTHWISE[0], subject)
    trials = list(connections.by_groups(subject, case))
    assert [trial.verdict for trial in trials] == [Verdict.DIVERGE]
    assert trials[0].message.startswith("the filters of input channel")
