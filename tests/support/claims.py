"""The claims of the five documents by id, and benches that keep those that are true."""

from __future__ import annotations

import numpy as np

from conv_transpose_conformance.requirements.base.requirement import Probed, Result
from conv_transpose_conformance.requirements.catalogue import catalogue
from tests.support.prober import prober

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


def judged(name, subject):
    """The result of a probed claim at a prober."""
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
    return prober(
        implementation, **{"construct": SIGNATURES[implementation], "parameters": refusing, **spoils}
    )


def no_longer_than_stated(values, call):
    case = call.case
    least = (case["input_size"][0] - 1) * case["stride"][0] - 2 * case["padding"][0][0]
    least += case["dilation"][0] * (case["kernel_size"][0] - 1) + 1
    if not least <= values.shape[-1] <= least + case["stride"][0]:
        raise ValueError("out of reach")
    return values


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
