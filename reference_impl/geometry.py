"""The geometry of the operator: sizes, strides, crops, and the connections that follow from them.

Per spatial dimension the operator connects input position ``i`` and kernel tap ``k`` with output position ``o
= i * stride - crop_before + k * dilation``, if ``0 <= o < output_size``. This line contains everything that
the kernels, the error model and the suite need to know about a configuration.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, TypeGuard, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Geometry"]

# products of sizes stay below this, so that sums of a few of them fit a signed 64-bit integer
LIMIT = 2**60

Sizes = int | Sequence[int]
Padding = int | Sequence[int] | Sequence[tuple[int, int]]
_T = TypeVar("_T")


# taps of one dimension; Python lists every tap, with some 150 bytes
MOST_TAPS = 2**24
# spatial dimensions; columns have two axes for each and three more, and NumPy allows 64
MOST_DIMENSIONS = 30


def _integer(name: str, value: object, minimum: int | None) -> int:
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r} ({type(value).__name__})") from None
    if abs(number) >= LIMIT:
        shown = number if number.bit_length() < 200 else f"a number of {number.bit_length()} bits"
        raise ValueError(f"{name} must be below 2**60 in magnitude, got {shown}")
    if minimum is not None and number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {number}")
    return number


def _several(value: object) -> TypeGuard[Sequence[object]]:
    """Returns whether a value is a sequence with one entry per dimension."""
    if isinstance(value, np.ndarray):
        return value.ndim > 0
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _sizes(name: str, value: object, ndim: int | None, minimum: int | None) -> tuple[int, ...]:
    """Returns one integer per dimension, from a single integer or a sequence."""
    if not _several(value):
        number = _integer(name, value, minimum)
        if ndim is None:
            return (number,)
        return (number,) * ndim
    items: list[object] = list(value)
    if ndim is not None and len(items) != ndim:
        raise ValueError(f"{name} must have {ndim} entries, one per spatial dimension, got {value!r}")
    return tuple([_integer(f"{name}[{at}]", item, minimum) for at, item in enumerate(items)])


def _pairs(name: str, value: object, ndim: int) -> tuple[tuple[int, int], ...]:
    """Returns one (before, after) pair per dimension."""
    if _several(value):
        both_of: list[object] = list(value)
        if len(both_of) != ndim:
            raise ValueError(f"{name} must have {ndim} entries, one per spatial dimension, got {value!r}")
        pairs = []
        for at, item in enumerate(both_of):
            both = _sizes(f"{name}[{at}]", item, None, None)
            if len(both) > 2 or (len(both) < 2 and _several(item)):
                raise ValueError(f"{name}[{at}] must have 2 entries, before and after, got {item!r}")
            pairs.append((both[0], both[-1]))
        return tuple(pairs)
    number = _integer(name, value, None)
    return ((number, number),) * ndim


@dataclass(frozen=True, slots=True)
class Geometry:
    """One configuration of the operator, without channel counts and data.

    Every tuple has one entry per spatial dimension; there are one to thirty dimensions.

    Attributes:
        input_size: spatial size of ``x``; zero is allowed and connects nothing.
        kernel_size: taps of ``w``, at least 1 and at most 2**24 in a dimension.
        stride: output positions between neighbouring input positions, at least 1.
        dilation: output positions between neighbouring taps, at least 1.
        crop_before: output positions cut off in front; a negative number adds untouched positions there.
        output_size: spatial size of ``y``; positions that no tap reaches hold exactly the bias.
        groups: number of channel groups, at least 1.

    Raises:
        TypeError: if an entry is not an integer.
        ValueError: if an entry is out of range, lengths differ, or positions would not fit 64 bits.
    """

    input_size: tuple[int, ...]
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    crop_before: tuple[int, ...]
    output_size: tuple[int, ...]
    groups: int = 1
    _memory: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Checks every field and converts it to plain integers."""
        put = object.__setattr__
        put(self, "input_size", _sizes("input_size", self.input_size, None, 0))
        ndim = len(self.input_size)
        if ndim == 0:
            raise ValueError("input_size must have at least one spatial dimension, got ()")
        if ndim > MOST_DIMENSIONS:
            raise ValueError(f"input_size must have at most {MOST_DIMENSIONS} spatial dimensions, got {ndim}")
        put(self, "kernel_size", _sizes("kernel_size", self.kernel_size, ndim, 1))
        for at, taps in enumerate(self.kernel_size):
            if taps > MOST_TAPS:
                raise ValueError(f"kernel_size[{at}] must be at most 2**24, taps being listed, got {taps}")
        put(self, "stride", _sizes("stride", self.stride, ndim, 1))
        put(self, "dilation", _sizes("dilation", self.dilation, ndim, 1))
        put(self, "crop_before", _sizes("crop_before", self.crop_before, ndim, None))
        put(self, "output_size", _sizes("output_size", self.output_size, ndim, 0))
        put(self, "groups", _integer("groups", self.groups, 1))
        for n, k, s, d in zip(self.input_size, self.kernel_size, self.stride, self.dilation, strict=True):
            if n * s + k * d >= LIMIT:
                raise ValueError(
                    f"input_size {n} times stride {s} plus kernel_size {k} times dilation {d} must stay "
                    "below 2**60, where 64-bit positions end"
                )
        for name in ("input_size", "output_size", "kernel_size"):
            if prod(getattr(self, name)) >= LIMIT:
                raise ValueError(f"the product of {name} must stay below 2**60, got {getattr(self, name)}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the seven fields without derived values."""
        return (
            Geometry,
            (
                self.input_size,
                self.kernel_size,
                self.stride,
                self.dilation,
                self.crop_before,
                self.output_size,
                self.groups,
            ),
        )

    @classmethod
    def from_parameters(
        cls,
        input_size: Sizes,
        kernel_size: Sizes,
        *,
        stride: Sizes = 1,
        padding: Padding = 0,
        output_padding: Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
    ) -> Geometry:
        """Returns the geometry of the usual parameters.

        The output size per dimension is
        ``(input - 1) * stride - before - after + dilation * (kernel - 1) + 1 + output_padding``
        (the formula in the documents of PyTorch's ConvTranspose and ONNX's ConvTranspose).

        Args:
            input_size: spatial size of x; its length is the number of spatial dimensions.
            kernel_size: taps, one integer for all dimensions or one per dimension; likewise stride and
                dilation.
            stride: output positions between neighbouring inputs.
            padding: positions cropped: an integer, one per dimension, or a (before, after) pair per
                dimension. Negative values pad.
            output_padding: positions added at the end, not negative.
            dilation: output positions between neighbouring taps.
            groups: number of channel groups.

        Raises:
            TypeError: if an entry is not an integer.
            ValueError: if an entry is out of range, or if the output would have a negative size.
        """
        size = _sizes("input_size", input_size, None, 0)
        ndim = len(size)
        taps = _sizes("kernel_size", kernel_size, ndim, 1)
        steps = _sizes("stride", stride, ndim, 1)
        spread = _sizes("dilation", dilation, ndim, 1)
        crop = _pairs("padding", padding, ndim)
        behind = _sizes("output_padding", output_padding, ndim, 0)
        out = []
        for at in range(ndim):
            before, after = crop[at]
            reach = (size[at] - 1) * steps[at] + spread[at] * (taps[at] - 1) + 1
            length = reach - before - after + behind[at]
            if length < 0:
                raise ValueError(
                    f"padding[{at}] = {crop[at]} crops more than the {reach} positions that input_size "
                    f"{size[at]}, kernel_size {taps[at]}, stride {steps[at]} and dilation {spread[at]} reach "
                    f"(output_padding {behind[at]}): the output size would be {length}; crop less"
                )
            out.append(length)
        return cls(size, taps, steps, spread, tuple([pair[0] for pair in crop]), tuple(out), groups)

    @property
    def ndim(self) -> int:
        """The number of spatial dimensions."""
        return len(self.input_size)

    @property
    def taps(self) -> int:
        """The number of kernel taps over all dimensions."""
        return prod(self.kernel_size)

    def tap_ranges(self, dimension: int) -> tuple[tuple[int, int], ...]:
        """Returns per tap of one dimension the half-open range of input positions that land in the output."""
        key = ("ranges", dimension)
        found: tuple[tuple[int, int], ...] | None = self._memory.get(key)
        if found is None:
            size, step = self.input_size[dimension], self.stride[dimension]
            crop, out = self.crop_before[dimension], self.output_size[dimension]
            ranges = []
            for k in range(self.kernel_size[dimension]):
                base = k * self.dilation[dimension] - crop  # o = i * step + base
                low = min(max(0, -(base // step)), size)
                high = min(size, -((base - out) // step))
                ranges.append((low, max(low, high)))
            found = tuple(ranges)
            self._memory[key] = found
        return found

    def used(self) -> tuple[tuple[slice, ...], Geometry] | None:
        """Returns the box of input positions that reach the output and its geometry, None if all do."""
        if "used" not in self._memory:
            box = []
            for at in range(self.ndim):
                ranges = [pair for pair in self.tap_ranges(at) if pair[0] < pair[1]]
                box.append((min(p[0] for p in ranges), max(p[1] for p in ranges)) if ranges else (0, 0))
            found = None
            if any(pair != (0, size) for pair, size in zip(box, self.input_size, strict=True)):
                crop = [
                    c - low * s for c, (low, _), s in zip(self.crop_before, box, self.stride, strict=True)
                ]
                sizes = tuple([high - low for low, high in box])
                smaller = Geometry(
                    sizes,
                    self.kernel_size,
                    self.stride,
                    self.dilation,
                    tuple(crop),
                    self.output_size,
                    self.groups,
                )
                found = tuple([slice(*pair) for pair in box]), smaller
            self._memory["used"] = found
        result: tuple[tuple[slice, ...], Geometry] | None = self._memory["used"]
        return result

    def output_terms(self) -> NDArray[np.int64]:
        """The number of (input position, tap) pairs at each output position; int64, shape output_size."""
        return self._counts("output", self._output_counts)

    def input_terms(self) -> NDArray[np.int64]:
        """The number of taps of each input position that land in the output; int64, shape input_size."""
        return self._counts("input", self._input_counts)

    def kernel_terms(self) -> NDArray[np.int64]:
        """The number of input positions of each tap that land in the output; int64, shape kernel_size."""
        return self._counts("kernel", self._kernel_counts)

    def _counts(self, key: str, one: Any) -> NDArray[np.int64]:
        found: NDArray[np.int64] | None = self._memory.get(key)
        if found is None:
            found = np.ones((), np.int64)
            for at in range(self.ndim):
                found = np.multiply.outer(found, one(at))
            found.setflags(write=False)
            self._memory[key] = found
        return found

    def _output_counts(self, at: int) -> NDArray[np.int64]:
        counts = np.zeros(self.output_size[at], np.int64)
        step = self.stride[at]
        for k, (low, high) in enumerate(self.tap_ranges(at)):
            if low < high:
                first = low * step - self.crop_before[at] + k * self.dilation[at]
                counts[first : first + (high - low - 1) * step + 1 : step] += 1
        return counts

    def _input_counts(self, at: int) -> NDArray[np.int64]:
        counts = np.zeros(self.input_size[at], np.int64)
        for low, high in self.tap_ranges(at):
            counts[low:high] += 1
        return counts

    def _kernel_counts(self, at: int) -> NDArray[np.int64]:
        return np.array([high - low for low, high in self.tap_ranges(at)], np.int64)

    def pairs(self, by: str) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Returns every existing triple (input position, tap, output position), sorted by one of the three.

        Args:
            by: "output", "input" or "kernel".

        Returns:
            The other two, flat, one row per pair: (input, tap), (output, tap) or (input, output); and the
            first row of each flat output position, input position or tap, with one more entry at the end.
        """
        found: tuple[NDArray[np.intp], NDArray[np.intp]] | None = self._memory.get(("pairs", by))
        if found is None:
            every = np.zeros((3, 1), np.intp)  # rows: input, kernel, output
            for at in range(self.ndim):
                step, spread, crop = self.stride[at], self.dilation[at], self.crop_before[at]
                parts = []
                for k, (low, high) in enumerate(self.tap_ranges(at)):
                    i = np.arange(low, high, dtype=np.intp)
                    parts.append(np.stack([i, np.full_like(i, k), i * step - crop + k * spread]))
                here = np.concatenate(parts, axis=1)
                sizes = np.array(
                    [[self.input_size[at]], [self.kernel_size[at]], [self.output_size[at]]], np.intp
                )
                every = ((every * sizes)[:, :, None] + here[:, None, :]).reshape(3, -1)
            column = {"input": 0, "kernel": 1, "output": 2}[by]
            others = {"input": [2, 1], "kernel": [0, 2], "output": [0, 1]}[by]
            every = every[:, np.lexsort((every[others[0]], every[others[1]], every[column]))]
            total = prod((self.input_size, self.kernel_size, self.output_size)[column])
            begins = np.searchsorted(every[column], np.arange(total + 1)).astype(np.intp)
            found = np.ascontiguousarray(every[others].T), begins
            self._memory[("pairs", by)] = found
        return found

    def remember(self, key: object, make: Any) -> Any:
        """Returns a value derived from this geometry, computed once."""
        if key not in self._memory:
            self._memory[key] = make()
        return self._memory[key]
