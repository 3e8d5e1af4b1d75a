"""Wrong readings of the padding "same"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from conv_transpose_conformance.faults.model import FaultModel
from conv_transpose_conformance.faults.operator import Change, Operator, fault
from conv_transpose_conformance.reference_impl import Geometry


def _total(geo: Geometry) -> tuple[int, ...]:
    """Returns the total crop per dimension, both sides together."""
    zipped = zip(geo.input_size, geo.stride, geo.kernel_size, geo.dilation, geo.output_size, strict=True)
    return tuple((i - 1) * s + d * (k - 1) + 1 - n for i, s, k, d, n in zipped)


def _under_same(change: Change) -> Change:
    return lambda op: change(op) if op.problem.case.padding == "same" else op


def _crops(change: Callable[[int, int], int]) -> Change:
    """Returns a fault with another crop in front, a function of the correct crop and the total."""
    return _under_same(
        lambda op: op.placed(crop_before=tuple(map(change, op.geometry.crop_before, _total(op.geometry))))
    )


def _from_convolution(op: Operator) -> Operator:
    geo = op.geometry
    return op.placed(output_size=tuple(-(-i // s) for i, s in zip(geo.input_size, geo.stride, strict=True)))


def _uncropped(op: Operator) -> Operator:
    sizes = zip(op.geometry.output_size, _total(op.geometry), strict=True)
    return op.placed(crop_before=(0,) * op.geometry.ndim, output_size=tuple(n + t for n, t in sizes))


def _without_dilation(op: Operator) -> Any:
    """Returns the operator with a crop computed as if the kernel were not dilated."""
    geo = op.geometry
    right = _total(geo)
    lost = [(d - 1) * (k - 1) for d, k in zip(geo.dilation, geo.kernel_size, strict=True)]
    return op.placed(
        crop_before=tuple((t - m) // 2 for t, m in zip(right, lost, strict=True)),
        output_size=tuple(n + m for n, m in zip(geo.output_size, lost, strict=True)),
    )


FAULTS: Final[tuple[FaultModel, ...]] = (
    fault(
        "same-other-split",
        'under "same" an odd crop is split the other way',
        _crops(lambda before, total: total - before),
    ),
    fault(
        "same-in-front", 'under "same" everything is cropped in front', _crops(lambda before, total: total)
    ),
    fault(
        "same-from-convolution",
        'under "same" the output has the size that a convolution would give',
        _under_same(_from_convolution),
    ),
    fault("same-uncropped", 'under "same" nothing is cropped', _under_same(_uncropped)),
    fault(
        "same-crop-undilated",
        'under "same" the crop is computed without the dilation',
        _under_same(_without_dilation),
    ),
    fault(
        "same-dilation-ignored",
        'the dilation is ignored under "same" only',
        _under_same(lambda op: op.placed(dilation=(1,) * op.geometry.ndim)),
    ),
)
