"""The host's half."""

from pathlib import Path

from conv_transpose_conformance.cases.meaning import beyond, explicit, stride_or_dilation, unspecified
from conv_transpose_conformance.frameworks.expressing import needs_output_channels, unlike_torch
from conv_transpose_conformance.frameworks.framework import Framework
from conv_transpose_conformance.frameworks.idiom import DEFAULTS, Idiom, arguments, unpacked
from conv_transpose_conformance.frameworks.implementation import Documented, Implementation
from conv_transpose_conformance.frameworks.interface import REQUIRED, Interface

_INTERFACE = Interface(
    construct=(),
    forward=(
        ("x", REQUIRED),
        ("weight", REQUIRED),
        ("bias", None),
        ("stride", 1),
        ("padding", 0),
        ("output_padding", 0),
        ("groups", 1),
        ("dilation", 1),
    ),
)


def interpret(case, implementation):
    too_far = beyond(case, stride_or_dilation(case))
    return explicit(case, [unspecified("output_padding is not below stride or dilation")] if too_far else ())


def cannot_express(case, implementation):
    if case.batch is None:
        return "the input has a batch dimension"
    if case.output_size is not None:
        return "there is no output_size"
    return unlike_torch(case) or needs_output_channels(case)


def idiom(implementation, case, device):
    given = {
        "stride": list(case.stride),
        "padding": [before for before, _ in case.padding],
        "groups": case.groups,
        "dilation": list(case.dilation),
    }
    bias = "b" if case.bias else "None"
    extra = arguments({**given, "output_padding": list(case.output_padding)}, DEFAULTS)
    return Idiom(
        imports=["import soroban"],
        build=[],
        load=[],
        call=[f"y = {implementation.api}(x, w, {bias}{extra})"],
        values="y",
        shape="list(y.shape)",
        gradients=[
            f"gradients = soroban.gradients(x, w, g{arguments(given, DEFAULTS)})",
            *unpacked(["gradients[0]", "gradients[1]", *(["gradients[2]"] if case.bias else [])]),
        ],
        parameters="",
    )


FRAMEWORK = Framework(
    name="soroban",
    adapter=Path(__file__).with_name("adapter.py"),
    module="soroban",
    implementations=tuple(
        Implementation(
            api=f"soroban.conv_transpose{ndim}d",
            ndim=ndim,
            is_layer=False,
            documented=Documented(interface=_INTERFACE, dtypes=("float32", "float64")),
        )
        for ndim in (1, 2)
    ),
    interpret=interpret,
    cannot_express=cannot_express,
    idiom=idiom,
    requirements=("conformance_soroban.requirements",),
)
