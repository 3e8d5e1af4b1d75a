"""R torch, from the pages of ``nn_conv_transpose1d/2d`` and ``nnf_conv_transpose1d/2d``.

The pages give the formula, the divisibility by groups, and inputs with a batch.  The 2-D page says that
``output_size`` in a module's ``forward`` gives the exact size.  No page describes an input without a batch,
or bounds ``output_padding``.  Up to the larger of stride and dilation, the positions that it adds are
computed like all others.  Beyond that, the pages leave open whether a call is refused.  The pages of the
functions give the weight the layout of an ordinary convolution.  The suite follows the pages of the modules,
whose weights have the transposed layout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from conv_transpose_conformance import adapters
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import (
    Acceptance,
    Meaning,
    beyond,
    explicit,
    stride_or_dilation,
    unspecified,
)
from conv_transpose_conformance.frameworks.expressing import needs_output_channels, unlike_torch
from conv_transpose_conformance.frameworks.framework import Framework
from conv_transpose_conformance.frameworks.implementation import Documented, Implementation
from conv_transpose_conformance.frameworks.interface import (
    TORCH_FORWARD,
    TORCH_FUNCTION,
    TORCH_LAYER,
    Interface,
)
from conv_transpose_conformance.frameworks.r_runtime import R_TORCH

_DTYPES: Final = ("float32", "float64")
_LAYER: Final = Documented(
    interface=Interface(construct=TORCH_LAYER, forward=TORCH_FORWARD), dtypes=_DTYPES, uniform=True
)
_FUNCTION: Final = Documented(interface=TORCH_FUNCTION, dtypes=_DTYPES)


def interpret(case: Case, implementation: Implementation) -> Meaning:
    """Returns what the documents demand of a case; the module's docstring explains it."""
    del implementation  # the four forms are documented alike
    meaning = explicit(case)
    if meaning.acceptance is not Acceptance.REQUIRED:
        return meaning
    if case.batch is None:
        return unspecified("an input without a batch is not documented")
    if beyond(case, stride_or_dilation(case)):
        return unspecified("output_padding is not below stride or dilation")
    return meaning


def cannot_express(case: Case, implementation: Implementation) -> str | None:
    """Returns why an API cannot express a case, or None; only the modules take an output size."""
    reason = unlike_torch(case)
    if reason is not None or implementation.is_layer:
        return reason
    if case.output_size is not None:
        return "the function has no output_size argument"
    return needs_output_channels(case)


FRAMEWORK: Final = Framework(
    name="r.torch",
    adapter=Path(adapters.__file__).with_name("r_torch_worker.R"),
    module="torch",
    implementations=tuple(
        Implementation(
            api=f"r.torch.{prefix}_conv_transpose{ndim}d",
            ndim=ndim,
            is_layer=prefix == "nn",
            documented=_LAYER if prefix == "nn" else _FUNCTION,
        )
        for prefix in ("nn", "nnf")
        for ndim in (1, 2)
    ),
    interpret=interpret,
    cannot_express=cannot_express,
    runtime=R_TORCH,
    scripts="conv_transpose_conformance.reports.scripts.r_script",
    requirements=(
        "conv_transpose_conformance.requirements.documents.r_1d",
        "conv_transpose_conformance.requirements.documents.r_2d",
        "conv_transpose_conformance.requirements.documents.r_functional",
    ),
)
