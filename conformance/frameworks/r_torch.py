"""R torch, from the pages of ``nn_conv_transpose1d/2d`` and ``nnf_conv_transpose1d/2d``.

Formula, divisibility by groups and an input with a batch are documented; of ``output_size`` in a module's
``forward`` the 2-D page says that it gives the exact size.  An input without a batch is on no page.  Nor is a
bound of ``output_padding``; up to the larger of stride and dilation, what stands there is computed like the
rest.  Beyond, the pages leave open whether a call is refused.  The functions' pages give the weight the
layout of an ordinary convolution's; the modules', whose weights have the transposed one, are followed.
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
    """What the documents demand of a case; see the module's page."""
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
    """Why an API has no way to say a case, or None; the modules alone take an output size."""
    reason = unlike_torch(case)
    if reason is not None or implementation.is_layer:
        return reason
    if case.output_size is not None:
        return "the functional form takes no output_size"
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
    requirements=("conv_transpose_conformance.requirements.documents.r_1d",),
)
