"""Plausible wrong implementations of transposed convolution, simplest first."""

from __future__ import annotations

from typing import Final

from conformance.faults.model import FaultModel, Outputs, Refusal, Result, Unread, answer_of

__all__ = ["FAULTS", "FaultModel", "Outputs", "Refusal", "Result", "Unread", "answer_of"]

FAULTS: Final[tuple[FaultModel, ...]] = ()
