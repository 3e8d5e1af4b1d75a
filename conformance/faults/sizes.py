"""Wrong padding, output padding, stride and dilation: products land at wrong positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from conv_transpose_conformance.cases.axes import Axis, axes_of
from conv_transpose_conformance.faults.model import FaultModel
from conv_transpose_conformance.faults.operator import Change, Operator, fault
from conv_transpose_conformance.reference_impl import Geometry

Sizes = tuple[int, ...]


def _crop(change: Callable[[Axis], int]) -> Callable[[Operator], Operator]:
    """Returns a fault with another crop in front; for explicit paddings, with the correct output size."""

    def apply(op: Operator) -> Operator:
        if isinstance(op.problem.case.padding, str):
            return op
        return op.placed(crop_before=tuple(map(change, axes_of(op.problem.case))))

    return apply


def _size(change: Callable[[Axis], int]) -> Callable[[Operator], Operator]:
    """Returns a fault whose output is longer by ``change(axis)`` per dimension; for explicit paddings."""

    def apply(op: Operator) -> Operator:
        if isinstance(op.problem.case.padding, str):
            return op
        more = map(change, axes_of(op.problem.case))
        return op.placed(output_size=tuple(n + m for n, m in zip(op.geometry.output_size, more, strict=True)))

    return apply


def _entries(name: str, change: Callable[[Sizes], Sizes]) -> Change:
    """Returns a fault with another stride or dilation, but the correct output size."""
    return lambda op: op.placed(**{name: change(getattr(op.geometry, name))})


def _swapped(values: Sizes) -> Sizes:
    return values[::-1]


def _first(values: Sizes) -> Sizes:
    return values[:1] * len(values)


def _ones(values: Sizes) -> Sizes:
    return (1,) * len(values)


def _extra_of_first(op: Operator) -> Operator:
    extra = op.extra
    sizes = zip(op.geometry.output_size, extra, strict=True)
    return op.placed(output_size=tuple(n - e + extra[0] for n, e in sizes))


def _extra_swapped(op: Operator) -> Operator:
    sizes = zip(op.geometry.output_size, op.extra, op.extra[::-1], strict=True)
    return op.placed(output_size=tuple(n - e + other for n, e, other in sizes))


def _padding_of_first(op: Operator) -> Operator:
    axes = axes_of(op.problem.case)
    if isinstance(op.problem.case.padding, str):
        return op
    first = axes[0]
    return op.placed(
        crop_before=(first.before,) * len(axes),
        output_size=tuple(a.room + 1 - first.before - first.after + a.extra for a in axes),
    )


def _padding_swapped(op: Operator) -> Operator:
    axes = axes_of(op.problem.case)
    if isinstance(op.problem.case.padding, str):
        return op
    other = axes[::-1]
    return op.placed(
        crop_before=tuple(a.before for a in other),
        output_size=tuple(
            a.room + 1 - o.before - o.after + a.extra for a, o in zip(axes, other, strict=True)
        ),
    )


def _one_way(pieces: str) -> Change:
    """Returns a fault that ignores the dilation in the forward pass or in one gradient."""

    def apply(op: Operator) -> Any:
        undilated = op.placed(dilation=_ones(op.geometry.dilation)).outputs()
        right = dict(op.outputs())
        wrong = {check: array for check, array in undilated.items() if str(check) in pieces.split()}
        return {**right, **wrong}

    return apply


def _dilation_in_size(op: Operator) -> Operator:
    geo = op.geometry
    lost = [(d - 1) * (k - 1) for d, k in zip(geo.dilation, geo.kernel_size, strict=True)]
    return op.placed(
        dilation=_ones(geo.dilation),
        output_size=tuple(n - m for n, m in zip(geo.output_size, lost, strict=True)),
    )


def _stride_clipped(op: Operator) -> Operator:
    geo = op.geometry
    return op.placed(stride=tuple(min(s, k) for s, k in zip(geo.stride, geo.kernel_size, strict=True)))


def _even_shifted(op: Operator) -> Operator:
    geo = op.geometry
    return op.placed(
        crop_before=tuple(c + (k % 2 == 0) for c, k in zip(geo.crop_before, geo.kernel_size, strict=True))
    )


def _replicated(op: Operator) -> Any:
    """Returns outputs with the output padding filled from the last computed position."""
    y = op.y()
    for axis, extra in enumerate(op.extra, 2):
        size = y.shape[axis]
        if 0 < extra < size:
            y = np.take(y, np.minimum(np.arange(size), size - extra - 1), axis)
    return op.outputs(values=y)


def _zero_after_bias(op: Operator) -> Operator:
    kept = 1 - op.tail()
    return op.but(products=kept, biased=kept)


def _size_ignored(op: Operator) -> Operator:
    if op.problem.case.output_size is None:
        return op
    sizes = zip(op.geometry.output_size, op.extra, strict=True)
    return op.placed(output_size=tuple(n - e for n, e in sizes))


def _room_for_stride(op: Operator) -> Operator:
    """Returns the operator with the output size input * stride; for explicit paddings."""
    geo: Geometry = op.geometry
    if isinstance(op.problem.case.padding, str):
        return op
    return op.placed(output_size=tuple(i * s for i, s in zip(geo.input_size, geo.stride, strict=True)))


FAULTS: Final[tuple[FaultModel, ...]] = (
    fault(
        "padding-ignored",
        "the padding is ignored",
        lambda op: _size(lambda a: a.before + a.after)(_crop(lambda a: 0)(op)),
    ),
    fault("padding-in-front", "the whole padding is cropped in front", _crop(lambda a: a.before + a.after)),
    fault("padding-behind", "the whole padding is cropped behind", _crop(lambda a: 0)),
    fault("padding-sides-swapped", "the paddings of the two sides are swapped", _crop(lambda a: a.after)),
    fault(
        "padding-first-for-both",
        "the padding in front is used for both sides",
        _size(lambda a: a.after - a.before),
    ),
    fault(
        "padding-off-by-one",
        "one position too many is cropped in front where there is padding",
        _crop(lambda a: a.before + (a.before > 0)),
    ),
    fault("padding-swapped", "the paddings of the two dimensions are swapped", _padding_swapped),
    fault("padding-of-first", "the first dimension's padding is used for all", _padding_of_first),
    fault(
        "padding-dilated",
        "the padding is multiplied by the dilation",
        lambda op: _size(lambda a: (a.before + a.after) * (1 - a.dilation))(
            _crop(lambda a: a.before * a.dilation)(op)
        ),
    ),
    fault("output-padding-ignored", "the output padding is ignored", _size(lambda a: -a.extra)),
    fault(
        "output-padding-zeros",
        "output padding is filled with zeros after the bias is added",
        _zero_after_bias,
    ),
    fault(
        "output-padding-bias",
        "output padding is filled with zeros before the bias is added",
        lambda op: op.but(products=1 - op.tail()),
    ),
    fault(
        "output-padding-in-front",
        "output padding is added in front",
        lambda op: op.placed(
            crop_before=tuple(c - e for c, e in zip(op.geometry.crop_before, op.extra, strict=True))
        ),
    ),
    fault(
        "output-padding-split",
        "output padding is split between the two sides",
        lambda op: op.placed(
            crop_before=tuple(
                c - (e + 1) // 2 for c, e in zip(op.geometry.crop_before, op.extra, strict=True)
            )
        ),
    ),
    fault(
        "output-padding-doubled",
        "output padding is added on both sides",
        lambda op: _size(lambda a: a.extra)(op),
    ),
    fault("output-padding-swapped", "the output paddings of the two dimensions are swapped", _extra_swapped),
    fault("output-padding-of-first", "the first dimension's output padding is used for all", _extra_of_first),
    fault("output-padding-repeats", "output padding repeats the last computed position", _replicated),
    fault("output-size-ignored", "output_size is ignored", _size_ignored),
    fault("size-from-stride", "the output has the size input * stride", _room_for_stride),
    fault(
        "dilation-ignored", "the dilation is ignored, except for the output size", _entries("dilation", _ones)
    ),
    fault(
        "dilation-ignored-in-size", "the dilation is ignored, the output's size included", _dilation_in_size
    ),
    fault("dilation-ignored-forward", "the dilation is ignored in the forward pass only", _one_way("values")),
    fault(
        "dilation-ignored-backward",
        "the dilation is ignored in the backward pass only",
        _one_way("grad_input grad_weight"),
    ),
    fault(
        "dilation-ignored-in-grad-weight",
        "the dilation is ignored in the gradient of the weight only",
        _one_way("grad_weight"),
    ),
    fault(
        "dilation-swapped",
        "the dilations of the two dimensions are swapped",
        _entries("dilation", _swapped),
    ),
    fault(
        "dilation-of-first", "the first dimension's dilation is used for all", _entries("dilation", _first)
    ),
    fault("stride-ignored", "the stride is ignored, except for the output size", _entries("stride", _ones)),
    fault("stride-swapped", "the strides of the two dimensions are swapped", _entries("stride", _swapped)),
    fault("stride-of-first", "the first dimension's stride is used for all", _entries("stride", _first)),
    fault(
        "stride-dilation-swapped",
        "stride and dilation are swapped",
        lambda op: op.placed(stride=op.geometry.dilation, dilation=op.geometry.stride),
    ),
    fault(
        "stride-clipped", "a stride larger than the kernel is replaced by the kernel size", _stride_clipped
    ),
    fault("even-kernel-shifted", "kernels of even size are off by one position", _even_shifted),
)
