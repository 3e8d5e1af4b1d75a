"""Wrong readings of paddings in words: every public one but the suite's own, and some that nobody defines.

The suite's own readings, where documents differ or are silent, are ``OWN``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from conv_transpose_conformance.cases.axes import Axis, axes_of
from conv_transpose_conformance.cases.readings import READINGS, SAME, VALID, Reading, Window
from conv_transpose_conformance.faults.model import FaultModel
from conv_transpose_conformance.faults.operator import Change, Operator, fault
from conv_transpose_conformance.judging.verdicts import Check

OWN: Final = {SAME: "same-tensorflow", VALID: "valid-full"}


def _under(word: str, change: Change) -> Change:
    return lambda op: change(op) if op.problem.case.padding == word else op


def _windowed(window: Callable[[Axis], Window]) -> Change:
    """Returns a fault with another length and crop in each dimension."""

    def change(op: Operator) -> Operator:
        sizes, crops = zip(*map(window, axes_of(op.problem.case)), strict=True)
        return op.placed(output_size=sizes, crop_before=crops)

    return change


def _of_reading(reading: Reading) -> FaultModel:
    # the suite's own "same" leaves no room for an output padding
    window = reading.window if reading.word == SAME else reading.of
    description = f'under "{reading.word}": {reading.text} ({reading.source})'
    return fault(reading.name, description, _under(reading.word, _windowed(window)))


def _exchanged(op: Operator) -> Operator:
    return op.placed(crop_before=op.geometry.crop_before[::-1])


def _longer_for_odd(op: Operator) -> Operator:
    geo = op.geometry
    totals = zip(geo.input_size, geo.stride, geo.kernel_size, geo.dilation, geo.output_size, strict=True)
    odd = [((i - 1) * s + d * (k - 1) + 1 - n) % 2 for i, s, k, d, n in totals]
    return op.placed(output_size=tuple(n + one for n, one in zip(geo.output_size, odd, strict=True)))


def _gradients_of_another_crop(op: Operator) -> Any:
    other = op.placed(crop_before=tuple(crop + 1 for crop in op.geometry.crop_before))
    return {**op.outputs(), **{c: a for c, a in other.outputs().items() if c is not Check.VALUES}}


FAULTS: Final[tuple[FaultModel, ...]] = (
    *(
        _of_reading(reading)
        for reading in READINGS
        if reading.word in OWN and reading.name != OWN[reading.word]
    ),
    fault(
        "same-dilation-ignored",
        'the dilation is ignored under "same" only',
        _under(SAME, lambda op: op.placed(dilation=(1,) * op.geometry.ndim)),
    ),
    fault(
        "same-stride-ignored",
        'the stride is ignored under "same" only, but for the output\'s size',
        _under(SAME, lambda op: op.placed(stride=(1,) * op.geometry.ndim)),
    ),
    fault(
        "same-crops-exchanged",
        'under "same" each dimension is cropped as the other one should be',
        _under(SAME, _exchanged),
    ),
    fault(
        "same-longer-for-odd",
        'under "same" the output is one longer where the total crop is odd',
        _under(SAME, _longer_for_odd),
    ),
    fault(
        "same-gradients-of-another-crop",
        'under "same" the gradients are those of another crop than the output\'s',
        _under(SAME, _gradients_of_another_crop),
    ),
)
