"""PaddlePaddle, from the docstrings of ``Conv1DTranspose``, ``Conv2DTranspose`` and the functional forms.

They bound the output length by ``[L', L' + stride]``, in some places with the upper end and in others
without: an output padding below the stride is documented, the stride itself and more is left open.  An
``output_size`` "must" or "should" lie in that interval: one outside it is to be refused, and by
``Conv2DTranspose``, whose page excludes the upper end, one at that end too.
The length documented for ``"SAME"``, ``(L_in + stride - 1) / stride``, is that of a convolution and
contradicts the rest of the page.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve

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

_HALF_OPEN: Final = "paddle.nn.Conv2DTranspose"


def interpret(case: Case, implementation: str) -> Meaning:
    """See the module's page."""
    if case.padding == "same":
        return unspecified("the documented length of 'SAME' is that of a convolution")
    if case.padding == "valid":
        case = case.replace(padding=((0, 0),) * case.ndim)
    more = [unspecified("output_padding is not below the stride")] if beyond(case, case.stride) else []
    meaning = explicit(case, more)
    if meaning.reason != OUT_OF_REACH:
        return meaning
    stated = _outside(case, implementation.partition("+")[0] == _HALF_OPEN)
    return meaning if stated is None else evolve(stated, alone=meaning.alone)


def _outside(case: Case, half_open: bool) -> Meaning | None:
    """That an output size is refused, where it lies outside the documented interval."""
    assert case.output_size is not None
    least = output_size(case, (0,) * case.ndim)
    for size, low, stride in zip(case.output_size, least, case.stride, strict=True):
        if not low <= size <= low + stride - half_open:
            end = "excluded" if half_open else "included"
            return forbidden(f"output_size {size} is not from {low} to {low + stride}, this end {end}")
    return None
