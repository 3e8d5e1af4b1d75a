"""Named readings of a padding that documents leave open: formulas of length and crop from public definitions.

With ``L`` the input's length, ``s`` the stride, ``e = dilation * (kernel - 1) + 1`` the extent of the kernel
and ``full = (L - 1) * s + e`` the uncropped length, a reading gives for one dimension the output's length and
the crop in front.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import field, frozen

from conv_transpose_conformance.cases.axes import Axis

Window = tuple[int, int]  # length, and crop in front

SAME: Final = "same"
VALID: Final = "valid"
NUMBERS: Final = "numbers"  # a padding in numbers


@frozen
class Reading:
    """One public definition.

    Attributes:
        name: a unique name.
        word: "same", "valid", or "numbers" for a padding in numbers.
        text: length and crop, in the letters of the module's docstring.
        source: who defines it so.
        window: returns the length without an output padding, and the crop, of one dimension.
    """

    name: str
    word: str
    text: str
    source: str
    window: Callable[[Axis], Window] = field(eq=False, repr=False)

    def of(self, axis: Axis) -> Window:
        """Returns the length, which an output padding adds to, and the crop; the length may be negative."""
        length, crop = self.window(axis)
        return length + (axis.extra if self.word != NUMBERS else 0), crop


def extent(axis: Axis) -> int:
    """Returns what the dilated kernel spans."""
    return axis.dilation * (axis.kernel - 1) + 1


def full(axis: Axis) -> int:
    """Returns the length of the uncropped output."""
    return (axis.input - 1) * axis.stride + extent(axis)


def _times_stride(crop: Callable[[int], int]) -> Callable[[Axis], Window]:
    """Returns the window of length ``L * s``; ``crop`` takes the surplus, which may be negative."""

    def window(axis: Axis) -> Window:
        length = axis.input * axis.stride
        return length, crop(full(axis) - length)

    return window


def _at_most_full(crop: Callable[[int], int]) -> Callable[[Axis], Window]:
    def window(axis: Axis) -> Window:
        length = min(full(axis), axis.input * axis.stride)
        return length, crop(full(axis) - length)

    return window


def _less_pads(front: Callable[[int], int], spread: bool) -> Callable[[Axis], Window]:
    """Returns the full output less the pads that a convolution of the input would have under "same"."""

    def window(axis: Axis) -> Window:
        reach = extent(axis) if spread else axis.kernel
        outputs = -(-axis.input // axis.stride)
        pads = max((outputs - 1) * axis.stride + reach - axis.input, 0)
        return full(axis) - pads, front(pads)

    return window


def _of_plain_kernel(axis: Axis) -> Window:
    pads = max((-(-axis.input // axis.stride) - 1) * axis.stride + axis.kernel - axis.input, 0)
    return (axis.input - 1) * axis.stride + axis.kernel - pads, pads // 2


def _undilated(axis: Axis) -> Window:
    length = axis.input * axis.stride
    surplus = (axis.input - 1) * axis.stride + axis.kernel - length
    return length, max(surplus, 0) // 2


def _of_convolution(axis: Axis) -> Window:
    return -(-axis.input // axis.stride), 0


def _continued(axis: Axis) -> Window:
    return full(axis) - axis.before - axis.after + axis.extra, axis.before


def _without_extra(axis: Axis) -> Window:
    return full(axis) - axis.before - axis.after, axis.before


def _half(total: int) -> int:
    return total // 2


def _other_half(total: int) -> int:
    return total - total // 2


def _half_of_surplus(total: int) -> int:
    return max(total, 0) // 2


def _other_half_of_surplus(total: int) -> int:
    return max(total, 0) - max(total, 0) // 2


def _all(total: int) -> int:
    return max(total, 0)


def _nothing(_total: int) -> int:
    return 0


_CONVOLUTION: Final = "what a convolution of the input would pad"

READINGS: Final = (
    Reading(
        "same-tensorflow",
        SAME,
        "length L * s, crop max(full - L * s, 0) // 2",
        "TensorFlow, Keras, JAX, WebNN before 2024",
        _times_stride(_half_of_surplus),
    ),
    Reading(
        "same-tensorflow-up",
        SAME,
        "length L * s, crop max(full - L * s, 0) / 2 rounded up",
        "TensorFlow's with the odd position in front",
        _times_stride(_other_half_of_surplus),
    ),
    Reading(
        "same-onnx-upper",
        SAME,
        "length L * s, crop floor((full - L * s) / 2), which may be negative",
        "ONNX ConvTranspose, auto_pad SAME_UPPER",
        _times_stride(_half),
    ),
    Reading(
        "same-onnx-lower",
        SAME,
        "length L * s, crop ceil((full - L * s) / 2), which may be negative",
        "ONNX ConvTranspose, auto_pad SAME_LOWER",
        _times_stride(_other_half),
    ),
    Reading(
        "same-onnxruntime-upper",
        SAME,
        "length min(full, L * s), crop floor((full - length) / 2)",
        "ONNX Runtime, SAME_UPPER",
        _at_most_full(_half),
    ),
    Reading(
        "same-onnxruntime-lower",
        SAME,
        "length min(full, L * s), crop ceil((full - length) / 2)",
        "ONNX Runtime, SAME_LOWER",
        _at_most_full(_other_half),
    ),
    Reading(
        "same-in-front",
        SAME,
        "length L * s, crop max(full - L * s, 0)",
        "everything cut in front",
        _times_stride(_all),
    ),
    Reading(
        "same-at-the-end",
        SAME,
        "length L * s, crop 0",
        "everything cut at the end",
        _times_stride(_nothing),
    ),
    Reading(
        "same-full", SAME, "length full, crop 0", "OpenVINO without an output shape", lambda a: (full(a), 0)
    ),
    Reading(
        "same-undilated",
        SAME,
        "length L * s, crop max((L - 1) * s + kernel - L * s, 0) // 2",
        "TensorFlow Lite, whose kernels have no dilation",
        _undilated,
    ),
    Reading(
        "same-input-pads",
        SAME,
        "length full - P, crop P // 2, P = max((ceil(L / s) - 1) * s + kernel - L, 0)",
        f"{_CONVOLUTION}, undilated",
        _less_pads(_half, spread=False),
    ),
    Reading(
        "same-input-pads-up",
        SAME,
        "length full - P, crop P / 2 rounded up, P = max((ceil(L / s) - 1) * s + kernel - L, 0)",
        f"{_CONVOLUTION}, undilated, the odd position in front",
        _less_pads(_other_half, spread=False),
    ),
    Reading(
        "same-input-pads-dilated",
        SAME,
        "length full - P, crop P // 2, P = max((ceil(L / s) - 1) * s + e - L, 0)",
        _CONVOLUTION,
        _less_pads(_half, spread=True),
    ),
    Reading(
        "same-input-pads-dilated-up",
        SAME,
        "length full - P, crop P / 2 rounded up, P = max((ceil(L / s) - 1) * s + e - L, 0)",
        f"{_CONVOLUTION}, the odd position in front",
        _less_pads(_other_half, spread=True),
    ),
    Reading(
        "same-input-pads-without-dilation",
        SAME,
        "length (L - 1) * s + kernel - P, crop P // 2, P = max((ceil(L / s) - 1) * s + kernel - L, 0)",
        f"{_CONVOLUTION}, in a layer whose dilation is 1",
        _of_plain_kernel,
    ),
    Reading(
        "same-convolution",
        SAME,
        "length ceil(L / s), crop 0",
        "the length of a convolution's output",
        _of_convolution,
    ),
    Reading(
        "valid-full",
        VALID,
        "length full, crop 0",
        "ONNX, ONNX Runtime, OpenVINO, CoreML, MXNet, ncnn",
        lambda a: (full(a), 0),
    ),
    Reading(
        "valid-tensorflow",
        VALID,
        "length (L - 1) * s + max(e, s), crop 0",
        "TensorFlow, Keras, JAX",
        lambda a: ((a.input - 1) * a.stride + max(extent(a), a.stride), 0),
    ),
    Reading(
        "numbers-continued",
        NUMBERS,
        "length full - before - after + output padding, crop before",
        "the formula of all documents, continued",
        _continued,
    ),
    Reading(
        "numbers-no-extra",
        NUMBERS,
        "length full - before - after, crop before",
        "the formula of all documents, without the output padding",
        _without_extra,
    ),
)


def of_word(word: str) -> tuple[Reading, ...]:
    """Returns the readings of "same", "valid" or "numbers"."""
    return tuple(reading for reading in READINGS if reading.word == word)
