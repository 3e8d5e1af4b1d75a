"""The claims of the pages beside the five seeds: the operator itself keeps those that are true."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.interface import REQUIRED
from conv_transpose_conformance.frameworks.registry import implementation
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.requirement import Judged, Probed
from conv_transpose_conformance.requirements.catalogue import catalogue, load
from tests.support.claims import judged
from tests.support.prober import prober

PREFIXES = ("T2D", "TF1", "TF2", "P2", "PF1", "PF2", "N1", "N2", "R2", "RF1", "RF2")
IDS = [name for name in catalogue() if name.split(".")[0] in PREFIXES]
# Their forms of an argument are unknown to the reference: the frameworks themselves are asked.
FORMS = {
    "T2D.example.output-size",
    "P2.padding-forms",
    "PF1.bias-format",
    "PF1.output-size-forms",
    "PF1.padding-forms",
    "PF2.bias-format",
    "PF2.output-size-forms",
    "PF2.padding-forms",
    "N2.padding-forms",
    "R2.example.output-size",
}
PROBED = [
    n for n in IDS if isinstance(catalogue()[n], Probed) and not catalogue()[n].needs and n not in FORMS
]
# What the definition itself, in the layouts that all the frameworks have, does not keep.
FALSE = {
    "P2.kernel-groups",
    "P2.padding-sides",
    "P2.same",
    "PF1.kernel-format",
    "PF1.length-open",
    "PF1.output-padding",
    "PF1.padding-zeros",
    "PF1.same",
    "PF2.kernel-format",
    "PF2.length-open",
    "PF2.padding-sides",
    "PF2.same",
    "N1.announced",
    "N1.same",
    "N2.announced",
    "N2.output-padding-zeros",
    "N2.valid",
    "R2.columns-lost",
    "RF1.padding",
    "RF1.weight",
    "RF2.output-padding",
    "RF2.padding",
    "RF2.weight",
}
OPEN = {"P2.activation", "PF1.activation", "PF2.activation"}
WORDS = {"one": 1, "ones": 1, "zero": 0, "zeros": 0}


def signature_of(name):
    """A function with the documented arguments of an implementation."""
    about = implementation(name).documented.interface

    def function():
        pass

    function.__signature__ = inspect.Signature(
        [
            inspect.Parameter(
                argument,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=inspect.Parameter.empty if default is REQUIRED else default,
            )
            for argument, default in about.construct or about.forward
        ]
    )
    return function


def refusing(made, call):
    """Refuses what the pages of mindspore.nn say is refused."""
    for name, value in call.options.arguments.items():
        of_type = name in (
            "in_channels",
            "out_channels",
            "kernel_size",
            "stride",
            "padding",
            "dilation",
            "group",
        )
        if of_type and not isinstance(
            value, int if call.about.ndim == 1 or name == "group" else (int, tuple)
        ):
            raise TypeError(name)
        if name in ("in_channels", "out_channels") and not isinstance(value, int):
            raise TypeError(name)
        if of_type and isinstance(value, int) and value < (name != "padding"):
            raise ValueError(name)
        if name == "padding" and isinstance(value, tuple) and len(value) != 4:
            raise ValueError(name)
    mode = call.options.arguments.get("pad_mode", "pad")
    if mode not in ("pad", "same", "valid"):
        raise ValueError(mode)
    if mode != "pad" and {"padding", "output_padding"} & set(call.options.arguments):
        raise ValueError(mode)
    stride, dilation, extra = (np.array(call.case[name]) for name in ("stride", "dilation", "output_padding"))
    if ((extra > 0) & (extra >= np.maximum(stride, dilation))).any():
        raise ValueError("output_padding")
    return made


def initialized(values, call):
    """Obeys weight_init and bias_init; Paddle's weight is Xavier's, its bias zero."""
    word = call.options.arguments.get("weight_init" if values.ndim > 1 else "bias_init")
    if isinstance(word, float):
        return np.full_like(values, word)
    if isinstance(word, str) and word.lower() in WORDS:
        return np.full_like(values, WORDS[word.lower()])
    if not call.about.api.startswith("paddle"):
        return values
    if values.ndim == 1:
        return np.zeros_like(values)
    case = call.case
    fans = (case["in_channels"] + case["out_channels"]) * np.prod(case["kernel_size"])
    return np.random.default_rng(1).normal(0, (2 / fans) ** 0.5, values.shape).astype(values.dtype)


def within(values, call):
    """Refuses a length of more than the stride above the least, and one below it."""
    for at in range(call.about.ndim):
        case = call.case
        if isinstance(case["padding"], str) or case["output_size"] is None:
            return values
        least = (case["input_size"][at] - 1) * case["stride"][at] - sum(case["padding"][at])
        least += case["dilation"][at] * (case["kernel_size"][at] - 1) + 1
        if (
            not least
            <= values.shape[at - call.about.ndim]
            <= least + case["stride"][at] - LESS.get(call.about.api, 0)
        ):
            raise ValueError("out of reach")
    return values


LESS = {"paddle.nn.Conv2DTranspose": 1}


def honest(name, **spoils):
    about = implementation(name)
    given = {
        "construct" if about.is_layer else "forward": signature_of(name),
        "values": within,
        "weight": initialized,
        "bias": initialized,
    }
    if name.startswith("mindspore"):
        given["parameters"] = refusing
    return prober(name, **{**given, **spoils})


def subject(name):
    return catalogue()[name].applies[0]


@pytest.mark.parametrize("name", PROBED)
def test_the_reference_keeps_every_claim_that_is_true(name):
    verdict = judged(name, honest(subject(name))).verdict
    if name in FALSE:
        assert verdict is Verdict.DIVERGE
    else:
        assert verdict is (Verdict.ALLOWED if name in OPEN else Verdict.PASS)


def test_every_document_has_statements_and_is_official_but_for_the_article():
    documents = load().documents
    used = {requirement.source for requirement in catalogue().values()}
    assert set(documents) == used
    assert [key for key, document in documents.items() if not document.official] == ["torch-2d"]


def test_statements_contradict_statements_that_exist_and_a_failing_one_of_the_reference_says_which():
    known = catalogue()
    for requirement in known.values():
        assert set(requirement.contradicts) <= {*known, "definition"} - {requirement.id}
    unexplained = {name for name in FALSE if not known[name].contradicts}
    assert unexplained == set()


@pytest.mark.parametrize("name", [name for name in IDS if isinstance(catalogue()[name], Judged)])
def test_a_judged_claim_is_decided_by_cases_of_its_dimensions_alone(name):
    requirement = catalogue()[name]
    shapes = [
        Case.parse(f"v1_{n}d_n2_ci4_co6_{size}_f32_int.1")
        for n, size in ((1, "i4_k2_s2"), (2, "i4x3_k2x3_s2x1"))
    ]
    decided = {case.ndim for case in shapes if requirement.of(case)}
    assert decided <= {implementation(subject(name)).ndim}


def more(values, call):
    return values + 1


def wider(values, call):
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, 1)])


def after_words(values, call):
    padding = call.options.arguments.get("padding", call.case["padding"])
    return values + 1 if isinstance(padding, str) else values


def of_lists(values, call):
    return values + 1 if any(isinstance(v, list) for v in call.options.arguments.values()) else values


def taken(made, call):
    """Takes every argument."""
    return made


def wrong_kind(made, call):
    try:
        return refusing(made, call)
    except (TypeError, ValueError) as error:
        raise RuntimeError("no") from error


def scaled(values, call):
    return values * np.float32(1.1)


def twisted(values, call):
    """'same' with the odd position cut in front."""
    return np.roll(values, 1, -1) if call.case["padding"] == "same" else values


FAULTS = [
    ("T2D.signature", {"values": lambda values, call: values + bool(call.options.positional)}),
    ("T2D.stride", {"values": more}),
    ("T2D.stride.upsampling", {"values": lambda values, call: values.repeat(2, axis=-1)}),
    ("T2D.output-size", {"values": wider}),
    ("T2D.example", {"values": wider}),
    ("T2D.padding", {"values": more}),
    ("TF1.as-layer", {"values": lambda values, call: values + (not call.about.is_layer)}),
    ("TF1.example", {"values": wider}),
    ("TF2.example", {"values": wider}),
    ("P2.kernel-cmhw", {"parameters": lambda made, call: {"weight": ([6, 4, 5, 3], "float32")}}),
    ("P2.stride", {"values": of_lists}),
    ("P2.weight", {"weight": scaled}),
    ("P2.bias", {"bias": more}),
    ("P2.length", {"values": lambda values, call: values}),
    ("P2.many-outputs", {"values": wider}),
    ("P2.shapes", {"parameters": lambda made, call: {"weight": ([3, 4, 2, 3], "float32")}}),
    ("P2.example", {"values": wider}),
    ("PF1.length", {"values": lambda values, call: values}),
    ("PF1.example", {"values": more}),
    ("N1.shape.ambiguous", {"convolve": wider}),
    ("N1.padding", {"values": more}),
    ("N1.same.words", {"values": twisted}),
    ("N1.valid.words", {"values": after_words}),
    ("N1.valid", {"values": wider}),
    ("N1.mode-padding", {"parameters": taken}),
    ("N1.raises.type", {"parameters": taken}),
    ("N1.raises.type", {"parameters": wrong_kind}),
    ("N1.raises.below-1", {"parameters": wrong_kind}),
    ("N1.raises.padding", {"parameters": wrong_kind}),
    ("N1.raises.pad-mode", {"parameters": taken}),
    ("N1.weight-init", {"weight": lambda values, call: values}),
    ("N1.weight-init", {"weight": lambda values, call: np.zeros_like(values)}),
    ("N1.weight-default", {"weight": lambda values, call: values**3}),
    ("N1.bias-default", {"bias": lambda values, call: np.zeros_like(values)}),
    ("N1.dilation-range", {"values": lambda values, call: values[..., :0]}),
    ("N1.example", {"values": wider}),
    ("N2.same", {"values": wider}),
    ("N2.output-padding-side", {"values": wider}),
    ("N2.output-padding-mode", {"parameters": taken}),
    ("N2.output-padding-limit", {"parameters": taken}),
    ("N2.raises.sequence", {"parameters": taken}),
    ("N2.raises.padding-length", {"parameters": wrong_kind}),
    ("N2.raises.mode-padding", {"parameters": taken}),
    ("N2.dtype", {"weight": lambda values, call: values.astype("f8")}),
]


@pytest.mark.parametrize(("name", "fault"), FAULTS)
def test_a_claim_fails_on_an_implementation_that_breaks_it(name, fault):
    assert judged(name, honest(subject(name), **fault)).verdict in (Verdict.DIVERGE, Verdict.ERROR)
