"""PaddlePaddle, from the docstrings of ``Conv1DTranspose``, ``Conv2DTranspose`` and the functional forms.

The documents bound the output length by ``[L', L' + stride]``, in some places with the upper end and in
others without.  So an output padding below the stride is documented; the stride itself and more is left open.
An ``output_size`` "must" or "should" lie in that interval, so a call with one outside it must be refused.
``Conv2DTranspose``, whose page excludes the upper end, must refuse that end too.  The length documented for
``"SAME"``, ``(L_in + stride - 1) / stride``, is that of a convolution and contradicts the rest of the page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from attrs import evolve

from conv_transpose_conformance import adapters
from conv_transpose_conformance.adapters.base import spelled
from conv_transpose_conformance.adapters.paddle_adapter import padding_argument
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import (
    OUT_OF_REACH,
    Meaning,
    beyond,
    explicit,
    forbidden,
    output_size,
    unspecified,
)
from conv_transpose_conformance.frameworks.expressing import needs_output_channels
from conv_transpose_conformance.frameworks.framework import Framework, Release
from conv_transpose_conformance.frameworks.idiom import DEFAULTS, Idiom, arguments, replaced, unpacked
from conv_transpose_conformance.frameworks.implementation import (
    EXTRA_BEYOND_STRIDE,
    SIZE_OUT_OF_REACH,
    Documented,
    Implementation,
    ordered,
)
from conv_transpose_conformance.frameworks.interface import (
    EXTENDED,
    REQUIRED,
    SIZED,
    Arguments,
    Interface,
)
from conv_transpose_conformance.frameworks.python_runtime import PYTHON

_HALF_OPEN: Final = "paddle.nn.Conv2DTranspose"


def interpret(case: Case, implementation: Implementation) -> Meaning:
    """Returns what the documents demand of a case; the module's docstring explains it."""
    if case.padding == "same":
        return unspecified("the documented length of 'SAME' is that of a convolution")
    if case.padding == "valid":
        case = case.replace(padding=((0, 0),) * case.ndim)
    more = [unspecified("output_padding is not below the stride")] if beyond(case, case.stride) else []
    meaning = explicit(case, more)
    if meaning.reason != OUT_OF_REACH:
        return meaning
    stated = _outside(case, implementation.api == _HALF_OPEN)
    return meaning if stated is None else evolve(stated, alone=meaning.alone)


def _outside(case: Case, half_open: bool) -> Meaning | None:
    """Returns a refusal if an output size is outside the documented interval, else None."""
    assert case.output_size is not None
    least = output_size(case, (0,) * case.ndim)
    for size, low, stride in zip(case.output_size, least, case.stride, strict=True):
        if not low <= size <= low + stride - half_open:
            end = "excluded" if half_open else "included"
            return forbidden(f"output_size {size} is not between {low} and {low + stride} (upper end {end})")
    return None


def cannot_express(case: Case, implementation: Implementation) -> str | None:
    """Returns why an API cannot express a case, or None.

    The input must have a batch dimension; output padding and output size exclude each other.
    """
    if case.batch is None:
        return "the input must have a batch dimension"
    if isinstance(case.padding, str) and case.spelling not in ("plain", "tuple"):
        return "a padding in words has no sides"
    if case.output_size is not None and any(case.output_padding):
        return "output_size replaces output_padding; a call cannot give both"
    return None if implementation.is_layer else needs_output_channels(case)


def idiom(implementation: Implementation, case: Case, device: str) -> Idiom:
    """Returns the lines of a call on "cpu" or "cuda"."""
    words = _words(implementation, case)
    if device == "cuda":
        words = _on_cuda(words)
    if implementation.variant:
        words = replaced(words, "paddle.jit.to_static(layer, full_graph=True)")
    return words


def companions(version: str) -> tuple[str, ...]:
    """Returns the requirements that releases before 3.0 have and do not declare."""
    return ("numpy<2", "setuptools") if int(version.split(".")[0]) < 3 else ()


def _words(implementation: Implementation, case: Case) -> Idiom:
    plain, name = case.to_dict(), implementation.api
    last = case.layout == "channels_last"

    def listed(values: list[int]) -> Any:
        found = spelled(plain, values)
        return found if isinstance(found, int) else list(found)

    formats = ("NCL", "NLC") if case.ndim == 1 else ("NCHW", "NHWC")
    given = arguments(
        {
            "stride": listed(plain["stride"]),
            "padding": padding_argument(plain),
            "output_padding": 0 if case.output_size is not None else listed(plain["output_padding"]),
            "groups": case.groups,
            "dilation": listed(plain["dilation"]),
            "data_format": formats[last],
        },
        {**DEFAULTS, "data_format": formats[0]},
    )
    sized = "" if case.output_size is None else f", output_size={list(case.output_size)!r}"

    def first(expression: str) -> str:
        return f"np.moveaxis({expression}, -1, 1)" if last else expression

    def channels(expression: str) -> str:
        return f"np.ascontiguousarray(np.moveaxis({expression}, 1, -1))" if last else expression

    build = [f"x_ = paddle.to_tensor({channels('x')}, stop_gradient=False)"]
    leaves = ["x_"]
    load: list[str] = []
    if not implementation.is_layer:
        build += ["w_ = paddle.to_tensor(w, stop_gradient=False)"]
        build += ["b_ = paddle.to_tensor(b, stop_gradient=False)"] if case.bias else ["b_ = None"]
        leaves += ["w_", "b_"] if case.bias else ["w_"]
        call = [f"y = {name}(x_, w_, b_{sized}{given})"]
        parameters = ""
    else:
        kernel = listed(plain["kernel_size"])
        if case.dtype != "float32":
            build += [f"paddle.set_default_dtype({case.dtype!r})"]
        if not case.bias:
            given += ", bias_attr=False"
        build += [f"layer = {name}({case.in_channels}, {case.out_channels}, {kernel!r}{given})"]
        load += ["layer.weight.set_value(w)"]
        load += ["layer.bias.set_value(b)"] if case.bias else []
        leaves += ["layer.weight", "layer.bias"] if case.bias else ["layer.weight"]
        call = [f"y = layer(x_{sized})"]
        parameters = "{n: (list(p.shape), str(p.dtype).split('.')[-1]) for n, p in layer.named_parameters()}"
    gradients = [first("gradients[0].numpy()"), *(f"gradients[{n}].numpy()" for n in range(1, len(leaves)))]
    return Idiom(
        imports=["import paddle"],
        build=["paddle.set_device('cpu')", *build],
        load=load,
        call=call,
        values=first("y.numpy()"),
        shape="[y.shape[0], y.shape[-1], *y.shape[1:-1]]" if last else "list(y.shape)",
        gradients=[
            f"gradients = paddle.grad([y], [{', '.join(leaves)}], [paddle.to_tensor({channels('g')})])",
            *unpacked(gradients),
        ],
        parameters=parameters,
    )


def _on_cuda(words: Idiom) -> Idiom:
    return evolve(
        words, build=[line.replace("set_device('cpu')", "set_device('gpu')") for line in words.build]
    )


def _interfaces(ndim: int) -> tuple[Interface, Interface]:
    """Returns the arguments of layer and function; the order of groups and dilation depends on ``ndim``."""
    ones: Arguments = (("groups", 1), ("dilation", 1)) if ndim == 1 else (("dilation", 1), ("groups", 1))
    data_format: Arguments = (("data_format", "NCL" if ndim == 1 else "NCHW"),)
    layer = Interface(
        construct=(
            *SIZED,
            *EXTENDED,
            *ones,
            ("weight_attr", None),
            ("bias_attr", None),
            *data_format,
        ),
        forward=(("x", REQUIRED), ("output_size", None)),
    )
    function = Interface(
        construct=(),
        forward=(
            ("x", REQUIRED),
            ("weight", REQUIRED),
            ("bias", None),
            ("stride", 1),
            *EXTENDED,
            *ones,
            ("output_size", None),
            *data_format,
            ("name", None),
        ),
    )
    return layer, function


def _implementations(ndim: int) -> tuple[Implementation, ...]:
    layer, function = (
        Documented(
            interface=interface,
            dtypes=("float32", "float64"),
            sequences=("tuple", "list"),
            refuses=frozenset({EXTRA_BEYOND_STRIDE, SIZE_OUT_OF_REACH}),
        )
        for interface in _interfaces(ndim)
    )
    of_layer = Implementation(
        api=f"paddle.nn.Conv{ndim}DTranspose", ndim=ndim, is_layer=True, documented=layer
    )
    name = f"paddle.nn.functional.conv{ndim}d_transpose"
    return (
        *of_layer.with_variants([{"variant": "to_static", "seconds": 0.04}]),
        Implementation(api=name, ndim=ndim, is_layer=False, documented=function),
    )


FRAMEWORK: Final = Framework(
    name="paddle",
    adapter=Path(adapters.__file__).with_name("paddle_adapter.py"),
    module="paddle",
    implementations=ordered((*_implementations(1), *_implementations(2))),
    interpret=interpret,
    cannot_express=cannot_express,
    runtime=PYTHON,
    release=Release(distribution="paddlepaddle", version="3.3.1", companions=companions),
    devices=("cpu", "cuda"),
    idiom=idiom,
    requirements=(
        "conv_transpose_conformance.requirements.documents.paddle_1d",
        "conv_transpose_conformance.requirements.documents.paddle_2d",
        "conv_transpose_conformance.requirements.documents.paddle_functional",
    ),
)
