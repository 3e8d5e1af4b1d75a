"""Plausible wrong implementations of transposed convolution.

================  ===============================================================================
``model``         the type of fault models, and the answer of one to a problem
``operator``      the reference in pieces, so that a fault can replace one
``sizes``         padding, output padding, stride, dilation
``words``         wrong readings of the paddings "same" and "valid"
``tensors``       kernel, channels, groups, bias, batch, lost positions
``blocks``        kernels that work in blocks; only larger shapes have several blocks
``rounding``      too little precision; wrong refusals and acceptances
``selftest``      checks that the quick profile detects every fault model
================  ===============================================================================
"""

from __future__ import annotations

from typing import Final

from conv_transpose_conformance.faults import blocks, rounding, sizes, tensors, words
from conv_transpose_conformance.faults.model import FaultModel, Outputs, Refusal, Result, Unread, answer_of
from conv_transpose_conformance.faults.operator import clean

__all__ = ["CLEAN", "FAULTS", "FaultModel", "Outputs", "Refusal", "Result", "Unread", "answer_of"]

FAULTS: Final[tuple[FaultModel, ...]] = (
    *sizes.FAULTS,
    *words.FAULTS,
    *tensors.FAULTS,
    *blocks.FAULTS,
    *rounding.FAULTS,
)
CLEAN: Final = FaultModel("clean", "the reference itself", "behaves as documented", clean)
