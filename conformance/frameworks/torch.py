"""PyTorch, from the docstrings of ``torch.nn.ConvTranspose1d/2d`` and ``torch.nn.functional``.

The documents give the formula, the divisibility by groups, and ``output_size`` in ``forward``.  They do not
bound ``output_padding``.  Up to the larger of stride and dilation, the positions that it adds are computed
like all others.  Beyond that, the documents leave open whether a call is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from attrs import evolve

from conv_transpose_conformance import adapters
from conv_transpose_conformance.adapters.base import spelled
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import (
    Meaning,
    beyond,
    explicit,
    stride_or_dilation,
    unspecified,
)
from conv_transpose_conformance.frameworks.expressing import needs_output_channels, unlike_torch
from conv_transpose_conformance.frameworks.framework import Framework, Release
from conv_transpose_conformance.frameworks.idiom import DEFAULTS, Idiom, arguments, replaced, unpacked
from conv_transpose_conformance.frameworks.implementation import Documented, Implementation, ordered
from conv_transpose_conformance.frameworks.interface import (
    TORCH_FORWARD,
    TORCH_FUNCTION,
    TORCH_LAYER,
    Interface,
)
from conv_transpose_conformance.frameworks.python_runtime import PYTHON

_DTYPES: Final = ("float32", "float64")
_LAYER: Final = Documented(
    interface=Interface(construct=(*TORCH_LAYER, ("device", None), ("dtype", None)), forward=TORCH_FORWARD),
    dtypes=_DTYPES,
    uniform=True,
)
_FUNCTION: Final = Documented(interface=TORCH_FUNCTION, dtypes=_DTYPES)


def interpret(case: Case, implementation: Implementation) -> Meaning:
    """Returns what the documents demand of a case; the module's docstring explains it."""
    del implementation  # the documents treat the four APIs alike
    too_far = beyond(case, stride_or_dilation(case))
    return explicit(case, [unspecified("output_padding is not below stride or dilation")] if too_far else ())


def cannot_express(case: Case, implementation: Implementation) -> str | None:
    """Returns why an API cannot express a case, or None; only the layers take an output size."""
    reason = unlike_torch(case)
    if reason is not None:
        return reason
    if implementation.maps_batch and case.batch is None:
        return "vmap maps over the batch, so the input must have one"
    if implementation.is_layer:
        return None
    if case.output_size is not None:
        return "the function has no output_size argument"
    return needs_output_channels(case)


def idiom(implementation: Implementation, case: Case, device: str) -> Idiom:
    """Returns the lines of a call on "cpu" or "cuda"."""
    words = _words(implementation, case)
    if device == "cuda" and implementation.computes:
        words = _on_cuda(words)
    return _VARIANTS[implementation.variant](words, case) if implementation.variant else words


def companions(version: str) -> tuple[str, ...]:
    """Returns the NumPy requirement, which no release declares; old releases were built against NumPy 1."""
    return ("numpy<2",) if tuple(map(int, version.split(".")[:2])) < (2, 3) else ("numpy",)


def _words(implementation: Implementation, case: Case) -> Idiom:
    plain, name = case.to_dict(), implementation.api
    given = arguments(
        {
            "stride": spelled(plain, plain["stride"]),
            "padding": spelled(plain, [pair[0] for pair in plain["padding"]]),
            "output_padding": spelled(plain, plain["output_padding"]),
            "groups": case.groups,
            "dilation": spelled(plain, plain["dilation"]),
        },
        DEFAULTS,
    )
    sized = "" if case.output_size is None else f", output_size={list(case.output_size)!r}"
    build = ["x_ = torch.from_numpy(x).requires_grad_()"]
    leaves = ["x_"]
    load: list[str] = []
    if not implementation.is_layer:
        build += ["w_ = torch.from_numpy(w).requires_grad_()"]
        build += ["b_ = torch.from_numpy(b).requires_grad_()"] if case.bias else ["b_ = None"]
        leaves += ["w_", "b_"] if case.bias else ["w_"]
        call = [f"y = {name}(x_, w_, b_{given})"]
        parameters = ""
    else:
        if not case.bias:
            given += ", bias=False"
        if case.dtype != "float32":
            given += f", dtype=torch.{case.dtype}"
        kernel = spelled(plain, plain["kernel_size"])
        build += [f"layer = {name}({case.in_channels}, {case.out_channels}, {kernel!r}{given})"]
        load += ["with torch.no_grad():", "    layer.weight.copy_(torch.from_numpy(w))"]
        load += ["    layer.bias.copy_(torch.from_numpy(b))"] if case.bias else []
        leaves += ["layer.weight", "layer.bias"] if case.bias else ["layer.weight"]
        call = [f"y = layer(x_{sized})"]
        parameters = "{n: (list(p.shape), str(p.dtype).split('.')[-1]) for n, p in layer.named_parameters()}"
    return Idiom(
        imports=["import torch"],
        build=build,
        load=load,
        call=call,
        values="y.detach().numpy()",
        shape="list(y.shape)",
        gradients=[
            f"gradients = torch.autograd.grad(y, [{', '.join(leaves)}], torch.from_numpy(g))",
            *unpacked([f"gradients[{n}].numpy()" for n in range(len(leaves))]),
        ],
        parameters=parameters,
    )


def _on_cuda(words: Idiom) -> Idiom:
    """Returns the words with tensors and layer on the CUDA device."""

    def there(line: str) -> str:
        return line.replace("torch.from_numpy(x)", "torch.from_numpy(x).to('cuda')").replace(
            "torch.from_numpy(g)", "torch.from_numpy(g).to('cuda')"
        )

    build = [
        line.replace("torch.from_numpy(w)", "torch.from_numpy(w).to('cuda')").replace(
            "torch.from_numpy(b)", "torch.from_numpy(b).to('cuda')"
        )
        for line in map(there, words.build)
    ]
    build = [f"{line[:-1]}, device='cuda')" if line.startswith("layer = ") else line for line in build]
    gradients = [there(line).replace("].numpy()", "].cpu().numpy()") for line in words.gradients]
    return evolve(words, build=build, gradients=gradients, values="y.detach().cpu().numpy()")


def _exported(words: Idiom, case: Case) -> Idiom:
    sized = "" if case.output_size is None else f", {{'output_size': {list(case.output_size)!r}}}"
    return replaced(words, f"torch.export.export(layer, (x_,){sized}).module()")


def _mapped(words: Idiom, case: Case) -> Idiom:
    sized = "" if case.output_size is None else f", output_size={list(case.output_size)!r}"
    return evolve(words, call=[f"y = torch.vmap(lambda one: layer(one{sized}))(x_)"])


def _meta(words: Idiom, case: Case) -> Idiom:
    return evolve(words, variant=["layer, x_ = layer.to('meta'), x_.to('meta')"])


_VARIANTS: Final[dict[str, Callable[[Idiom, Case], Idiom]]] = {
    "compile": lambda words, case: replaced(words, "torch.compile(layer)"),
    "export": _exported,
    "vmap": _mapped,
    "meta": _meta,
}


def _implementations(ndim: int) -> tuple[Implementation, ...]:
    layer = Implementation(api=f"torch.nn.ConvTranspose{ndim}d", ndim=ndim, is_layer=True, documented=_LAYER)
    function = f"torch.nn.functional.conv_transpose{ndim}d"
    return (
        *layer.with_variants(
            [
                # some calls compile C++; a worker's first also compiles the compiler's headers: 20 s of a
                # core that the worker may have to share
                {"variant": "compile", "seconds": 0.25 if ndim == 1 else 1.5, "patience": 120.0},
                {"variant": "export", "seconds": 0.1},
                {"variant": "vmap", "maps_batch": True},
                {"variant": "meta", "computes": False, "shapes_only": True},
            ]
        ),
        Implementation(api=function, ndim=ndim, is_layer=False, documented=_FUNCTION),
    )


FRAMEWORK: Final = Framework(
    name="torch",
    adapter=Path(adapters.__file__).with_name("torch_adapter.py"),
    module="torch",
    implementations=ordered((*_implementations(1), *_implementations(2))),
    interpret=interpret,
    cannot_express=cannot_express,
    runtime=PYTHON,
    release=Release(distribution="torch", version="2.13.0", companions=companions),
    devices=("cpu", "cuda"),
    idiom=idiom,
    requirements=(
        "conv_transpose_conformance.requirements.documents.torch_1d",
        "conv_transpose_conformance.requirements.documents.torch_2d_reference",
        "conv_transpose_conformance.requirements.documents.torch_functional",
        "conv_transpose_conformance.requirements.documents.torch_2d",
    ),
)
