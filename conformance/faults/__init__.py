"""Plausible wrong implementations of transposed convolution.

=============  ==================================================================================
``model``      what a fault model is, and the answer that it makes of a problem
``operator``   the reference taken apart, so that a fault can replace one piece
``sizes``      padding, output padding, stride, dilation
``same``       the padding "same"
``tensors``    kernel, channels, groups, bias, batch, lost positions
``blocks``     kernels that work in blocks, of which only larger shapes have several
``rounding``   too little precision; wrong refusals and acceptances
=============  ==================================================================================
"""

from __future__ import annotations

from typing import Final

from conv_transpose_conformance.faults import blocks, rounding, same_padding, sizes, tensors
from conv_transpose_conformance.faults.model import FaultModel, Outputs, Refusal, Result, Unread, answer_of
from conv_transpose_conformance.faults.operator import clean

__all__ = ["CLEAN", "FAULTS", "FaultModel", "Outputs", "Refusal", "Result", "Unread", "answer_of"]

FAULTS: Final[tuple[FaultModel, ...]] = (
    *sizes.FAULTS,
    *same_padding.FAULTS,
    *tensors.FAULTS,
    *blocks.FAULTS,
    *rounding.FAULTS,
)
CLEAN: Final = FaultModel("clean", "the reference itself", "behaves as documented", clean)
