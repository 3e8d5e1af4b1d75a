"""MindSpore, from the docstrings of ``nn.Conv1dTranspose/Conv2dTranspose`` and ``mint.nn.ConvTranspose2d``.

Both bound ``output_padding``: ``[0, max(stride, dilation))`` in ``nn``, "less than stride or dilation" in
``mint``.  The ``nn`` classes say that channels below 1 and paddings below 0 raise.  They document dilations
only up to the input's size, and ``output_padding`` only together with ``pad_mode="pad"``.  The formulas of
``pad_mode`` for ``"same"`` in 1-D (unless the stride is 1) and for ``"valid"`` in 2-D contradict the words
above them.  ``"same"``, for a stride of 1 and in 2-D, gives the input's size times the stride: the surplus is
cut in halves, the odd position at the end.  ``nn.Conv2dTranspose`` calls ``output_padding`` a padding of the
output, and itself the gradient of ``Conv2d``.  The suite follows the second statement, by which the positions
that ``output_padding`` adds are computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from attrs import evolve

from conv_transpose_conformance import adapters
from conv_transpose_conformance.adapters.base import scalar_or_tuple, spelled
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import (
    NEGATIVE_OUTPUT_PADDING,
    Acceptance,
    Meaning,
    beyond,
    explicit,
    forbidden,
    stride_or_dilation,
    unspecified,
)
from conv_transpose_conformance.cases.meaning import NO_CHANNELS as WITHOUT_CHANNELS
from conv_transpose_conformance.frameworks.framework import Framework, Release
from conv_transpose_conformance.frameworks.idiom import DEFAULTS, Idiom, arguments
from conv_transpose_conformance.frameworks.implementation import (
    EXTRA_BEYOND_STRIDE,
    EXTRA_OF_STRIDE,
    NEGATIVE,
    NO_CHANNELS,
    WRONG_TYPE,
    WRONG_TYPE_OF_GROUPS,
    Documented,
    Implementation,
    ordered,
)
from conv_transpose_conformance.frameworks.interface import (
    ANY,
    REQUIRED,
    SIZED,
    TORCH_FORWARD,
    TORCH_LAYER,
    Interface,
)
from conv_transpose_conformance.frameworks.python_runtime import PYTHON

_NN1: Final = "mindspore.nn.Conv1dTranspose"
_NN2: Final = "mindspore.nn.Conv2dTranspose"
_MINT: Final = "mindspore.mint.nn.ConvTranspose2d"

# the pages of nn say that these raise
_STATED: Final = {
    NEGATIVE_OUTPUT_PADDING: "an output_padding is below 0",
    WITHOUT_CHANNELS: "in_channels or out_channels is below 1",
}


def interpret(case: Case, implementation: Implementation) -> Meaning:
    """Returns what the documents demand of a case; the module's docstring explains it."""
    if isinstance(case.padding, str):
        found = _in_numbers(case, case.padding)
        if isinstance(found, Meaning):
            return found
        case = found
    assert not isinstance(case.padding, str)
    in_nn = implementation.api != _MINT
    if in_nn and any(side < 0 for pair in case.padding for side in pair):
        return forbidden(f"padding {case.padding} has an entry below 0")
    more = []
    if beyond(case, stride_or_dilation(case)):
        more.append(forbidden(f"output_padding {case.output_padding} is not below stride or dilation"))
    in_range = all(d <= max(size, 1) for d, size in zip(case.dilation, case.input_size, strict=True))
    if in_nn and not in_range:
        more.append(unspecified("dilation is beyond the documented range, 1 to the input's size"))
    meaning = explicit(case, more)
    stated = _STATED.get(meaning.reason) if in_nn else None
    return meaning if stated is None else evolve(forbidden(stated), alone=meaning.alone)


def _in_numbers(case: Case, mode: str) -> Case | Meaning:
    """Returns the case with its padding in numbers, or the meaning if there are none."""
    unpadded = case.replace(padding=((0, 0),) * case.ndim)
    whatever_is_cut = explicit(unpadded)
    if whatever_is_cut.acceptance is Acceptance.FORBIDDEN:
        return whatever_is_cut
    if any(case.output_padding):
        return forbidden(f"output_padding {case.output_padding} is given although pad_mode is not 'pad'")
    if (mode == "valid" and case.ndim == 2) or (mode == "same" and case.ndim == 1 and case.stride != (1,)):
        return unspecified(f"the documented formula of pad_mode {mode!r} contradicts its description")
    if mode == "valid":
        return unpadded
    cut = [
        dilation * (kernel - 1) + 1 - stride
        for dilation, kernel, stride in zip(case.dilation, case.kernel_size, case.stride, strict=True)
    ]
    if min(cut) < 0:
        return unspecified("pad_mode 'same' with a stride beyond the kernel leaves nothing to cut")
    return case.replace(padding=tuple((total // 2, total - total // 2) for total in cut))


def cannot_express(case: Case, implementation: Implementation) -> str | None:
    """Returns why an API cannot express a case, or None."""
    api = implementation.api
    if case.layout != "channels_first":
        return "no data-format argument: the input must have channels first"
    if case.spelling == "nested":
        return "padding has no entries for batch and channels"
    if case.spelling == "sides" and (api != _NN2 or isinstance(case.padding, str)):
        return "padding has no number per side"
    if case.dtype in ("float64", "bfloat16"):
        return f"{case.dtype} is not a dtype of its kernels"
    if api == _MINT:
        return None if case.symmetric else "padding must be one number per dimension, the same on both sides"
    if case.batch is None:
        return "the input must have a batch dimension"
    if case.output_size is not None:
        return "there is no output_size argument"
    return _beyond_one_dimension(case) if api == _NN1 else None


def _beyond_one_dimension(case: Case) -> str | None:
    if case.spelling == "tuple":
        return "every argument must be an integer"
    if any(case.output_padding):
        return "there is no output_padding argument"
    if not isinstance(case.padding, str) and not case.symmetric:
        return "padding must be one number for both sides"
    return None


def idiom(implementation: Implementation, case: Case, device: str) -> Idiom:
    """Returns the lines of a call; the installation determines the device."""
    del device
    words = _words(implementation, case)
    return _jitted(words) if implementation.variant else words


def companions(version: str) -> tuple[str, ...]:
    """Returns NumPy 1, against which MindSpore is built, whatever its metadata allows."""
    older = tuple(map(int, version.split(".")[:2])) < (2, 10)
    return ("numpy<2", "setuptools<81") if older else ("numpy<2",)


def _words(implementation: Implementation, case: Case) -> Idiom:
    plain, name = case.to_dict(), implementation.api
    mint = name == _MINT
    values: dict[str, Any] = {"stride": spelled(plain, plain["stride"])}
    if mint:
        values["padding"] = spelled(plain, [pair[0] for pair in plain["padding"]])
    elif isinstance(case.padding, str):
        values["pad_mode"] = case.padding
    else:
        sides = [side for pair in case.padding for side in pair]
        values["pad_mode"] = "pad"
        values["padding"] = tuple(sides) if case.spelling == "sides" else scalar_or_tuple(sides)
    if implementation.ndim == 2:
        values["output_padding"] = spelled(plain, plain["output_padding"])
    values["groups" if mint else "group"] = case.groups
    values["dilation"] = spelled(plain, plain["dilation"])
    values["bias" if mint else "has_bias"] = case.bias
    given = arguments(values, {**DEFAULTS, "group": 1, "has_bias": False, "bias": True})
    if case.dtype != "float32":
        given += f", dtype=mindspore.{case.dtype}"
    kernel = spelled(plain, plain["kernel_size"])
    build = [
        "mindspore.set_context(mode=mindspore.PYNATIVE_MODE, pynative_synchronize=True)",
        f"layer = {name}({case.in_channels}, {case.out_channels}, {kernel!r}{given})",
    ]
    load = ["layer.weight.set_data(mindspore.Tensor(w.reshape(layer.weight.shape)))"]
    if case.bias:
        load.append("layer.bias.set_data(mindspore.Tensor(b.reshape(layer.bias.shape)))")
    sized = "" if case.output_size is None else f", output_size={tuple(case.output_size)!r}"
    call = [f"y = layer(mindspore.Tensor(x){sized})"]
    if mint:
        call = [
            "try:",
            f"    y = layer(mindspore.Tensor(x){sized})",
            "except RuntimeError as error:",
            "    if 'unregistered' not in str(error):",
            "        raise",
            "    # no kernel on this device: the graph's compiler says whether the call is accepted",
            "    mindspore.export(layer, mindspore.Tensor(x), file_name='graph', file_format='MINDIR')",
            "    y = None",
        ]
    leaves = "[layer.weight, layer.bias]" if case.bias else "[layer.weight]"
    size = "" if case.output_size is None else f", {tuple(case.output_size)!r}"
    return Idiom(
        imports=["import mindspore"],
        build=build,
        load=load,
        call=call,
        values="y.asnumpy()",
        shape="'unknown' if y is None else list(y.shape)" if mint else "list(y.shape)",
        gradients=[
            "grad = mindspore.ops.GradOperation(get_all=True, get_by_list=True, sens_param=True)",
            f"parameters = mindspore.ParameterTuple({leaves})",
            f"inputs = (mindspore.Tensor(x){size}, mindspore.Tensor(g))",
            "of_inputs, of_parameters = grad(layer, parameters)(*inputs)",
            "grad_input = of_inputs[0].asnumpy()",
            "grad_weight = of_parameters[0].asnumpy().reshape(w.shape)",
            *(["grad_bias = of_parameters[1].asnumpy()"] if case.bias else []),
        ],
        parameters="{p.name: (list(p.shape), str(p.dtype).lower()) for p in layer.get_parameters()}",
    )


def _jitted(words: Idiom) -> Idiom:
    def jitted(lines: Sequence[str]) -> list[str]:
        return [
            line.replace("layer(", "mindspore.jit(layer)(").replace(
                "(layer, par", "(mindspore.jit(layer), par"
            )
            for line in lines
        ]

    return evolve(words, call=jitted(words.call), gradients=jitted(words.gradients))


def _interface(ndim: int) -> Interface:
    """Returns the arguments of a layer of ``mindspore.nn``; in 1-D there is no output padding."""
    return Interface(
        construct=(
            *SIZED,
            ("pad_mode", "same"),
            ("padding", 0),
            *((("output_padding", 0),) if ndim == 2 else ()),
            ("dilation", 1),
            ("group", 1),
            ("has_bias", False),
            ("weight_init", None),
            ("bias_init", None),
            ("dtype", ANY),
        ),
        forward=(("x", REQUIRED),),
    )


_EXTRA: Final = frozenset({EXTRA_OF_STRIDE, EXTRA_BEYOND_STRIDE})
_REFUSES: Final = _EXTRA | {NEGATIVE, NO_CHANNELS, WRONG_TYPE}
_ONE: Final = Implementation(
    api=_NN1,
    ndim=1,
    is_layer=True,
    documented=Documented(
        interface=_interface(1), sequences=(), padding_by_dimension=False, refuses=_REFUSES
    ),
)
_TWO: Final = Implementation(
    api=_NN2,
    ndim=2,
    is_layer=True,
    documented=Documented(
        interface=_interface(2), padding_by_dimension=False, refuses=_REFUSES | {WRONG_TYPE_OF_GROUPS}
    ),
)
_OF_MINT: Final = Implementation(
    api=_MINT,
    ndim=2,
    is_layer=True,
    computes=False,  # on a CPU
    seconds=0.15,  # a graph is compiled for each
    documented=Documented(
        interface=Interface(construct=(*TORCH_LAYER, ("dtype", None)), forward=TORCH_FORWARD),
        uniform=True,
        refuses=_EXTRA,
    ),
)
_JIT: Final = {"variant": "jit", "seconds": 0.15}  # as above

FRAMEWORK: Final = Framework(
    name="mindspore",
    adapter=Path(adapters.__file__).with_name("mindspore_adapter.py"),
    module="mindspore",
    implementations=ordered((*_ONE.with_variants([_JIT]), *_TWO.with_variants([_JIT]), _OF_MINT)),
    interpret=interpret,
    cannot_express=cannot_express,
    runtime=PYTHON,
    release=Release(distribution="mindspore", version="2.10.0", companions=companions),
    idiom=idiom,
    script_variables={"GLOG_v": "3"},  # of its log the errors alone
    requirements=(
        "conv_transpose_conformance.requirements.documents.mindspore_1d",
        "conv_transpose_conformance.requirements.documents.mindspore_2d",
        "conv_transpose_conformance.requirements.documents.mint_2d",
    ),
)
