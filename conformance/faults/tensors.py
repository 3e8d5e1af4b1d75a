"""Wrong kernels, channels, groups, bias and batches; lost positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from conv_transpose_conformance.faults.model import FaultModel, Unread
from conv_transpose_conformance.faults.operator import Change, Operator, fault
from conv_transpose_conformance.judging.judge import Array
from conv_transpose_conformance.reference_impl import backward, forward


def _weight(there: Callable[[Array], Array]) -> Change:
    """Returns a fault whose weight is changed by a projection or an involutory permutation."""

    def apply(op: Operator) -> Any:
        changed = op.but(w=there(op.w))
        gradient = backward(changed.x, changed.w, op.g, geometry=op.geometry).w
        return changed.outputs(grad_weight=there(gradient))

    return apply


def _spatial(array: Array) -> tuple[int, ...]:
    return tuple(range(2, array.ndim))


def _flip(array: Array) -> Array:
    return np.flip(array, _spatial(array))


def _flip_last(array: Array) -> Array:
    return np.flip(array, -1)


def _transpose_square(array: Array) -> Array:
    return np.swapaxes(array, 2, 3) if array.ndim == 4 and array.shape[2] == array.shape[3] else array


def _channels_square(array: Array) -> Array:
    return np.swapaxes(array, 0, 1) if array.shape[0] == array.shape[1] else array


def _last_tap_lost(array: Array) -> Array:
    kept = array.copy()
    if array.shape[-1] > 1:
        kept[..., -1] = 0
    return kept


def _flipped_twice_backward(op: Operator) -> Any:
    gradients = backward(op.x, _flip(op.w), op.g, geometry=op.geometry)
    return op.outputs(grad_input=gradients.x)


def _grad_weight(change: Callable[[Operator, Array], Array]) -> Change:
    return lambda op: op.outputs(grad_weight=change(op, backward(op.x, op.w, op.g, geometry=op.geometry).w))


def _output_channels(order: Callable[[int, int], Any]) -> Change:
    """Returns a fault with output channels in another order, ``order(channels, groups)``, before the bias."""

    def apply(op: Operator) -> Any:
        groups = op.geometry.groups
        taken = np.asarray(order(op.w.shape[1] * groups, groups))
        y = op.but(b=None).y()[:, taken]
        if op.b is not None:
            y = y + op.b.reshape(-1, *[1] * op.geometry.ndim)
        gradients = backward(op.x, op.w, op.g[:, np.argsort(taken)], geometry=op.geometry)
        return op.outputs(values=y, grad_input=gradients.x, grad_weight=gradients.w)

    return apply


def _input_channels(order: Callable[[int, int], Any]) -> Change:
    """Returns a fault that reads input channels in another order."""

    def apply(op: Operator) -> Any:
        taken = np.asarray(order(op.x.shape[1], op.geometry.groups))
        changed = op.but(x=op.x[:, taken])
        gradient = backward(changed.x, op.w, op.g, geometry=op.geometry).x
        return changed.outputs(grad_input=gradient[:, np.argsort(taken)])

    return apply


def _interleaved(channels: int, groups: int) -> Array:
    return np.arange(channels).reshape(groups, -1).T.ravel()


def _groups_reversed(channels: int, groups: int) -> Array:
    return np.arange(channels).reshape(groups, -1)[::-1].ravel()


def _first_group_weights(op: Operator) -> Any:
    groups = op.geometry.groups
    per_in = op.w.shape[0] // groups
    gradient = backward(
        op.x, np.tile(op.w[:per_in], (groups, *[1] * (op.w.ndim - 1))), op.g, geometry=op.geometry
    )
    summed = np.zeros_like(op.w)
    summed[:per_in] = gradient.w.reshape(groups, per_in, *op.w.shape[1:]).sum(axis=0)
    tiled = op.but(w=np.tile(op.w[:per_in], (groups, *[1] * (op.w.ndim - 1))))
    return tiled.outputs(grad_weight=summed)


def _last_group_lost(op: Operator) -> Any:
    groups = op.geometry.groups
    kept = op.w.copy()
    if groups > 1:
        kept[-(len(kept) // groups) :] = 0
    gradient = np.where(kept == op.w, backward(op.x, op.w, op.g, geometry=op.geometry).w, 0)
    return op.but(w=kept).outputs(grad_weight=gradient)


def _last_input_channel_lost(op: Operator) -> Any:
    kept = op.x.copy()
    if kept.shape[1] > 1:
        kept[:, -1] = 0
    gradient = backward(op.x, op.w, op.g, geometry=op.geometry).x
    if kept.shape[1] > 1:
        gradient[:, -1] = 0
    return op.but(x=kept).outputs(grad_input=gradient)


def _bias(change: Callable[[Operator], Operator]) -> Change:
    return lambda op: op if op.b is None else change(op)


def _bias_only_where_reached(op: Operator) -> Operator:
    return op.but(biased=(op.geometry.output_terms() > 0).astype(float))


def _bias_of_first(op: Operator) -> Any:
    assert op.b is not None
    total = np.zeros_like(op.b)
    total[0] = op.g.sum()
    return op.but(b=np.full_like(op.b, op.b[0])).outputs(grad_bias=total)


def _grad_bias(change: Callable[[Operator, Array], Array]) -> Change:
    def apply(op: Operator) -> Any:
        if op.b is None:
            return op
        return op.outputs(grad_bias=change(op, op.g.sum(axis=(0, *_spatial(op.g)))))

    return apply


def _first_items(array: Array) -> Array:
    kept = np.zeros_like(array)
    kept[:1] = array[:1]
    return kept


def _batch_past_first_zero(op: Operator) -> Any:
    first = op.but(x=_first_items(op.x), g=_first_items(op.g))
    return op.outputs(values=_first_items(op.y()), **_gradients(first))


def _gradients(op: Operator) -> dict[str, Array]:
    found = backward(op.x, op.w, op.g, geometry=op.geometry)
    named = {"grad_input": found.x, "grad_weight": found.w}
    return named if op.b is None else {**named, "grad_bias": op.g.sum(axis=(0, *_spatial(op.g)))}


def _batch_repeats_first(op: Operator) -> Any:
    return op.outputs(values=np.repeat(op.y()[:1], len(op.x), axis=0))


def _lost(*, axis: int, place: int) -> Change:
    """Returns a fault in which the first or last position of a dimension gets no products."""

    def apply(op: Operator) -> Operator:
        if op.geometry.output_size[axis] < 2:
            return op
        kept = np.ones(op.geometry.output_size)
        kept[(slice(None),) * (axis % op.geometry.ndim) + (place,)] = 0
        return op.but(products=kept)

    return apply


def _overwrites(op: Operator) -> Any:
    """Returns outputs in which overlapping products overwrite each other; the last tap wins."""
    y = np.zeros_like(op.but(b=None).y())
    for tap in np.ndindex(op.geometry.kernel_size):
        alone = np.zeros_like(op.w)
        alone[(..., *tap)] = op.w[(..., *tap)]
        counts = np.zeros_like(op.w[:1, :1])
        counts[(..., *tap)] = 1
        unit = op.placed(groups=1).geometry
        reached = forward(np.ones_like(op.x[:1, :1]), counts, geometry=unit)[0, 0] > 0
        y = np.where(reached, forward(op.x, alone, geometry=op.geometry), y)
    if op.b is not None:
        y = y + op.b.reshape(-1, *[1] * op.geometry.ndim)
    return op.outputs(values=y)


def _unbatched_lifted(op: Operator) -> Any:
    if op.problem.case.batch is not None:
        return op
    return Unread((1, *op.g.shape[1:]))


def _buffer_read_channels_first(op: Operator) -> Any:
    if op.problem.case.layout == "channels_first":
        return op
    return op.but(x=np.moveaxis(op.x, 1, -1).reshape(op.x.shape)).outputs()


def _gaps_repeat(op: Operator) -> Any:
    """Returns outputs in which a position without products repeats the position before it."""
    y, terms = op.y(), op.geometry.output_terms()
    flat, reached = y.reshape(*y.shape[:2], -1), terms.ravel() > 0
    places = np.maximum.accumulate(np.where(reached, np.arange(len(reached)), 0))
    return op.outputs(values=flat[..., places].reshape(y.shape))


FAULTS: Final[tuple[FaultModel, ...]] = (
    fault("kernel-flipped", "the kernel is flipped in every dimension", _weight(_flip)),
    fault("kernel-flipped-last", "the kernel is flipped in its last dimension", _weight(_flip_last)),
    fault(
        "kernel-flipped-twice",
        "the kernel is flipped once more for the gradient of the input",
        _flipped_twice_backward,
    ),
    fault(
        "grad-weight-flipped", "the gradient of the weight is flipped", _grad_weight(lambda op, w: _flip(w))
    ),
    fault(
        "kernel-transposed", "the two dimensions of a square kernel are swapped", _weight(_transpose_square)
    ),
    fault("kernel-last-tap-lost", "the kernel's last tap is left out", _weight(_last_tap_lost)),
    fault(
        "kernel-channels-transposed",
        "input and output channels of a square weight are swapped",
        _weight(_channels_square),
    ),
    fault(
        "groups-interleaved",
        "the output channels of the groups are interleaved",
        _output_channels(_interleaved),
    ),
    fault(
        "groups-interleaved-input",
        "the input channels of the groups are interleaved",
        _input_channels(_interleaved),
    ),
    fault("groups-reversed", "the groups' outputs come in reverse order", _output_channels(_groups_reversed)),
    fault(
        "groups-first-weights", "every group computes with the first group's weights", _first_group_weights
    ),
    fault("groups-last-lost", "the last group is left out", _last_group_lost),
    fault("channels-last-lost", "the last input channel is left out", _last_input_channel_lost),
    fault(
        "layout-ignored",
        "a channels-last input is read as if its channels came first",
        _buffer_read_channels_first,
    ),
    fault("bias-ignored", "the bias is ignored", _bias(lambda op: op.but(bias_factor=0.0))),
    fault("bias-twice", "the bias is added twice", _bias(lambda op: op.but(bias_factor=2.0))),
    fault(
        "bias-per-group",
        "the bias is added once for every group",
        _bias(lambda op: op.but(bias_factor=float(op.geometry.groups))),
    ),
    fault(
        "bias-before-crop",
        "the bias is added before the crop and does not reach the output padding",
        _bias(lambda op: op.but(biased=1 - op.unreached())),
    ),
    fault(
        "bias-only-where-reached",
        "the bias is added only where products arrive",
        _bias(_bias_only_where_reached),
    ),
    fault("bias-of-first", "the first channel's bias is added to all", _bias(_bias_of_first)),
    fault(
        "grad-bias-of-first-item",
        "the gradient of the bias sums the first item of the batch only",
        _grad_bias(lambda op, total: op.g[0].sum(axis=tuple(range(1, op.g.ndim - 1)))),
    ),
    fault(
        "grad-bias-mean",
        "the gradient of the bias is averaged over the batch",
        _grad_bias(lambda op, total: total / len(op.g)),
    ),
    fault("batch-past-first-zero", "items of the batch past the first are zero", _batch_past_first_zero),
    fault("batch-repeats-first", "every item of the batch gets the first one's output", _batch_repeats_first),
    fault(
        "grad-weight-of-first-item",
        "the gradient of the weight is not summed over the batch: first item only",
        _grad_weight(lambda op, w: backward(op.x[:1], op.w, op.g[:1], geometry=op.geometry).w),
    ),
    fault(
        "grad-weight-of-last-item",
        "the gradient of the weight is not summed over the batch: last item only",
        _grad_weight(lambda op, w: backward(op.x[-1:], op.w, op.g[-1:], geometry=op.geometry).w),
    ),
    fault(
        "grad-weight-mean",
        "the gradient of the weight is averaged over the batch",
        _grad_weight(lambda op, w: w / len(op.x)),
    ),
    fault(
        "grad-input-of-first-item",
        "the gradient of the input is zero past the first item of the batch",
        lambda op: op.outputs(grad_input=_first_items(_gradients(op)["grad_input"])),
    ),
    fault(
        "last-column-lost",
        "the last position of the last dimension gets no products",
        _lost(axis=-1, place=-1),
    ),
    fault(
        "last-row-lost", "the last position of the first dimension gets no products", _lost(axis=0, place=-1)
    ),
    fault(
        "first-column-lost",
        "the first position of the last dimension gets no products",
        _lost(axis=-1, place=0),
    ),
    fault("overlaps-overwrite", "overlapping products overwrite each other", _overwrites),
    fault("gaps-repeat", "positions that no product reaches repeat the position before them", _gaps_repeat),
    fault(
        "unbatched-lifted", "an input without a batch dimension gives an output with one", _unbatched_lifted
    ),
)
