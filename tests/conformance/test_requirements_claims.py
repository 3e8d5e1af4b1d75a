"""Every claim of the five documents is a requirement, and each of their checks can fail."""

from __future__ import annotations

import numpy as np
import pytest

from conformance.case import Case
from conformance.requirements import connections, devices, output_sizes, r_1d
from conformance.requirements.catalogue import catalogue
from conformance.requirements.requirement import Judged, Probed, Result
from conformance.verdicts import Verdict
from reference_impl import Geometry, forward
from tests.fakes.bench import bench

TORCH1, TORCH2 = "torch.nn.ConvTranspose1d", "torch.nn.ConvTranspose2d"
PADDLE, MINT = "paddle.nn.Conv1DTranspose", "mindspore.mint.nn.ConvTranspose2d"
ABOUT = {"T1": TORCH1, "T2": TORCH2, "P1": PADDLE, "M2": MINT, "R1": "r.torch.nn_conv_transpose1d"}

CLAIMS = {
    "T1": """adjoint not-inverse tf32 rocm-fp16 padding output-padding dilation groups.divide groups.all
        groups.halves groups.depthwise shape.roundtrip shape.ambiguous deterministic signature shape weight
        bias""",
    "T2": """signature tuple-order stride padding-grows-input output-padding-grows groups dilation
        padding-mode shape weight-layout as-convolution""",
    "P1": """signature output-size data-format kernel-mcl kernel-groups activation bias-attr kernel-size
        padding-forms padding-sides output-padding groups dilation shapes length same valid many-outputs
        example""",
    "M2": """signature adjoint tuple-order experimental noncontiguous atlas-groups output-padding-limit
        padding-mode dtype weight bias shape""",
    "R1": """signature padding-mode adjoint columns-lost padding output-padding dilation groups.divide
        groups.all groups.halves groups.depthwise shape.roundtrip shape.ambiguous deterministic shape weight
        bias example""",
}
IDS = [f"{prefix}.{name}" for prefix, names in CLAIMS.items() for name in names.split()]


def test_all_78_claims_are_in_the_catalogue():
    assert len(set(IDS)) == len(IDS) == 78
    assert sorted(IDS) == sorted(name for name in catalogue() if name.split(".")[0] in CLAIMS)


@pytest.mark.parametrize("name", IDS)
def test_a_claim_names_its_document_and_speaks_of_its_api_alone(name):
    requirement = catalogue()[name]
    prefix = name.split(".")[0]
    sources = {"T1": "torch-1d", "T2": "torch-2d", "P1": "paddle-1d", "M2": "mint-2d", "R1": "r-1d"}
    assert requirement.source == sources[prefix]
    assert requirement.concerns(ABOUT[prefix])
    assert not requirement.concerns("torch.nn.functional.conv_transpose1d")


def judged(name, subject):
    """The result of a probed claim at a bench."""
    requirement = catalogue()[name]
    assert isinstance(requirement, Probed)
    result = Result(name, subject.implementation, "", probed=True)
    for trial in requirement.trials(subject):
        result.add(trial)
    return result


def layer(
    in_channels,
    out_channels,
    kernel_size,
    stride=1,
    padding=0,
    output_padding=0,
    groups=1,
    bias=True,
    dilation=1,
    padding_mode="zeros",
    device=None,
    dtype=None,
):
    """The signature of PyTorch."""


def mint(
    in_channels,
    out_channels,
    kernel_size,
    stride=1,
    padding=0,
    output_padding=0,
    groups=1,
    bias=True,
    dilation=1,
    padding_mode="zeros",
    dtype=None,
):
    """The signature of MindSpore's mint."""


def paddle(
    in_channels,
    out_channels,
    kernel_size,
    stride=1,
    padding=0,
    output_padding=0,
    groups=1,
    dilation=1,
    weight_attr=None,
    bias_attr=None,
    data_format="NCL",
):
    """The signature of Paddle."""


SIGNATURES = {TORCH1: layer, TORCH2: layer, PADDLE: paddle, MINT: mint}


def refusing(made, call):
    """Refuses what the documents say is refused."""
    stride, dilation, extra = (np.array(call.case[name]) for name in ("stride", "dilation", "output_padding"))
    if call.options.arguments.get("padding_mode", "zeros") != "zeros":
        raise ValueError("only zeros")
    limit = stride if call.options.view != "contiguous" else np.maximum(stride, dilation)
    if ((extra > 0) & (extra >= limit)).any():
        raise ValueError("output_padding")
    return made


def honest(implementation, **spoils):
    return bench(
        implementation, **{"construct": SIGNATURES[implementation], "parameters": refusing, **spoils}
    )


PROBED = [name for name in IDS if isinstance(catalogue()[name], Probed) and not name.startswith("R1.")]
# What the definition itself, in the layouts that all the frameworks have, does not keep.
FALSE = {
    "T2.padding-grows-input",
    "P1.kernel-mcl",
    "P1.kernel-groups",
    "P1.padding-sides",
    "P1.same",
}
OPEN = {"P1.activation", "M2.experimental"}


@pytest.mark.parametrize("name", [name for name in PROBED if not catalogue()[name].needs])
def test_the_reference_keeps_every_claim_that_is_true(name):
    # A length of the stride and more above the least is not refused by the reference.
    spoils = {"values": no_longer_than_stated} if name == "P1.length" else {}
    verdict = judged(name, honest(ABOUT[name.split(".")[0]], **spoils)).verdict
    if name in FALSE:
        assert verdict is Verdict.DIVERGE
    elif name in OPEN:
        assert verdict is Verdict.ALLOWED
    else:
        assert verdict is Verdict.PASS


def no_longer_than_stated(values, call):
    case = call.case
    least = (case["input_size"][0] - 1) * case["stride"][0] - 2 * case["padding"][0][0]
    least += case["dilation"][0] * (case["kernel_size"][0] - 1) + 1
    if not least <= values.shape[-1] <= least + case["stride"][0]:
        raise ValueError("out of reach")
    return values


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
    axis = values.ndim - call.about["ndim"] - 1
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
def test_what_the_definition_does_not_keep_could_hold(name, spoils):
    assert judged(name, honest(ABOUT[name.split(".")[0]], **spoils)).verdict is Verdict.PASS


def test_a_refusal_where_a_document_promises_a_result_is_an_error():
    def refuse(made, call):
        raise ValueError("no")

    for name in (
        "T1.adjoint",
        "T2.stride",
        "P1.example",
        "P1.kernel-size",
        "T2.padding-mode",
        "P1.padding-forms",
    ):
        assert judged(name, honest(ABOUT[name[:2]], parameters=refuse)).verdict is Verdict.ERROR


def test_a_signature_says_which_argument_is_another():
    trial = next(iter(catalogue()["P1.signature"].trials(honest(PADDLE, construct=layer))))
    assert trial.message == "argument 8 is 'bias'; documented is 'dilation'"

    def few(in_channels, out_channels, kernel_size, stride=2):
        """Another default, and too few."""

    trial = next(iter(catalogue()["T1.signature"].trials(honest(TORCH1, construct=few))))
    assert trial.message == "argument 5 is missing; documented is 'padding'"

    def other(
        in_channels,
        out_channels,
        kernel_size,
        stride=2,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        """Another default."""

    trial = next(iter(catalogue()["T1.signature"].trials(honest(TORCH1, construct=other))))
    assert trial.message == "stride defaults to 2; documented is 1"


@pytest.mark.parametrize("claim", ["T1", "T2", "P1", "M2"])
def test_judged_claims_are_decided_by_cases_of_their_dimensions_alone(claim):
    shapes = [
        Case.parse(f"v1_{n}d_n1_ci1_co1_{s}_f32_int.1") for n, s in ((1, "i4_k2_pvalid"), (2, "i4x3_k2x3"))
    ]
    for name in (name for name in IDS if name.startswith(claim)):
        requirement = catalogue()[name]
        if isinstance(requirement, Judged):
            decided = [case.ndim for case in shapes if requirement.of(case)]
            assert set(decided) <= {1 if claim in ("T1", "P1") else 2}


# What needs a device, or R, is tried here on the reference.


def coarse(bits):
    """Factors cut to so many bits, as an accelerator may."""

    def cut(values):
        scale = 2.0 ** (bits - 1 - np.floor(np.log2(np.abs(values))))
        return (np.trunc(values * scale) / scale).astype(values.dtype)

    return lambda values, call: forward(cut(call.x), cut(call.w), call.b, geometry=call.geometry).astype("f4")


@pytest.mark.parametrize(
    ("spoils", "verdict"),
    [
        ({}, Verdict.ALLOWED),
        ({"values": coarse(11)}, Verdict.PASS),
        ({"values": coarse(6)}, Verdict.DIVERGE),
        ({"values": one_more}, Verdict.DIVERGE),
    ],
)
def test_tf32(spoils, verdict):
    (trial,) = devices.tf32(bench(TORCH1, **spoils))
    assert trial.verdict is verdict


def test_rocm_float16():
    def coarser(by):
        return lambda values, call: (values * np.float16(1 + by)).astype(np.float16)

    for spoils, verdict in (
        ({}, {Verdict.PASS}),
        ({"grad_input": coarser(0.004)}, {Verdict.PASS}),
        ({"grad_weight": coarser(0.5)}, {Verdict.PASS, Verdict.DIVERGE}),
    ):
        assert {trial.verdict for trial in devices.rocm_float16(bench(TORCH1, **spoils))} == verdict


def test_columns_are_lost_only_where_one_is_without_effect():
    cases = [Case.parse(identifier) for identifier in r_1d._UNPADDED]
    full = output_sizes.columns_are_lost(bench(TORCH1), cases)
    assert full.verdict is Verdict.DIVERGE
    assert "every column reaches the output" in full.message

    def valid(values, call):
        return values * 0 if call.x[..., -1].any() else values

    assert output_sizes.columns_are_lost(bench(TORCH1, values=valid), cases).verdict is Verdict.PASS


def test_every_kind_of_padding_must_be_accepted_by_r():
    def zeros_only(made, call):
        if call.options.arguments["padding_mode"] not in ("zeros", "reflect"):
            raise ValueError("only zeros")
        return made

    def verdicts(**spoils):
        return [trial.verdict for trial in r_1d.padding_mode(bench(TORCH1, **spoils))]

    assert verdicts() == [Verdict.PASS] * 4 + [Verdict.ALLOWED]
    assert verdicts(parameters=zeros_only) == [Verdict.PASS] * 2 + [Verdict.ERROR] * 2
    assert [trial.verdict for trial in r_1d.example(bench(TORCH1))] == [Verdict.PASS]
    assert [trial.verdict for trial in r_1d.example(bench(TORCH1, values=shortened))] == [Verdict.DIVERGE]


def test_connections_see_filters_that_are_shared():
    def shared(values, call):
        w = np.broadcast_to(call.w[:1], call.w.shape)
        return forward(call.x, np.ascontiguousarray(w), call.b, geometry=call.geometry).astype("f4")

    subject = bench(TORCH1, values=shared)
    case = connections.case_of(connections.DEPTHWISE[0], subject)
    trials = list(connections.by_groups(subject, case))
    assert [trial.verdict for trial in trials] == [Verdict.DIVERGE]
    assert trials[0].message.startswith("the filters of input channel")
