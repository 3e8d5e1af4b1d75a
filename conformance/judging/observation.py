"""Which transposed convolution came back from a call whose geometry no document gives.

Per dimension, an output can only be a window of the operator with all the parameters that were given: the
uncropped output, with the bias alone around it.  The window's offset is the crop.  Drawn numbers tell crops
apart; where they do not, further numbers do (:func:`narrowed`).  Crops whose windows no product reaches are
one and the same map.  Far enough out every operator has such a window, so it only counts where a public
definition, or the shared formula, gives it too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import product
from math import prod
from typing import Any, Final

import numpy as np
from attrs import evolve, field, frozen

from conv_transpose_conformance.cases.axes import axes_of
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.readings import NUMBERS, of_word
from conv_transpose_conformance.cases.tensors import SIGNIFICAND_BITS, SMALLEST, Data
from conv_transpose_conformance.judging.expected import Array
from conv_transpose_conformance.reference_impl import Geometry, forward

LARGEST: Final = 1 << 24  # elements of the uncropped output with its surroundings

Crop = tuple[int, ...]


class Match(StrEnum):
    """How many geometries an output has."""

    ONE = "one"  # one geometry
    NONE = "none"  # no crop of the operator
    SEVERAL = "several"  # the numbers do not tell which
    UNSEARCHED = "unsearched"  # too large, or not there
    FLAKY = "flaky"  # equal calls, different outputs


@frozen
class Observation:
    """The geometry found for an output, or why there is none.

    ``reason`` is a sentence for reports, "" where one geometry was found.  ``crops`` are all crops that give
    the output; where they are several maps, ``geometry`` is only the likeliest.
    """

    match: Match
    geometry: Geometry | None = None
    reason: str = ""
    crops: tuple[Crop, ...] = field(default=(), repr=False)

    @property
    def found(self) -> Geometry | None:
        """The geometry if there is exactly one."""
        return self.geometry if self.match is Match.ONE else None


def observe(case: Case, data: Data, y: Array) -> Observation:
    """Returns the geometry of which ``y`` is the output for these tensors.

    Args:
        case: gives the operator's parameters; its padding, output padding and output size only decide
            between maps that are the same.
        data: the tensors of the call.
        y: the output, ``(N, C_out, *out)``, or ``(C_out, *out)`` without a batch dimension.
    """
    lead, size = y.shape[: -case.ndim], y.shape[-case.ndim :]
    wanted = (case.out_channels,) if case.batch is None else (case.batch, case.out_channels)
    if y.ndim != len(wanted) + case.ndim or lead != wanted:
        names = "C_out" if case.batch is None else "N and C_out"
        said = f"its shape {list(y.shape)} does not begin with {names}, {list(wanted)}"
        return Observation(Match.NONE, reason=f"the output is no output of the operator: {said}")
    lost = int((~np.isfinite(y.astype(np.float64))).sum())
    if lost:
        share = f"all {lost}" if lost == y.size else f"{lost} of {y.size}"
        return Observation(Match.NONE, reason=f"{share} elements of the output are NaN or infinite")
    try:
        around = surroundings(case, size)
        elements = prod(around.output_size) * prod(lead)
        if elements <= LARGEST:
            crops = list(_windows(case, data, y, around))
            return _decided(case, size, crops)
    except ValueError as error:  # positions beyond 64 bits
        return Observation(Match.UNSEARCHED, reason=f"the output cannot be searched: {error}")
    return Observation(
        Match.UNSEARCHED,
        reason=f"an output of {list(y.shape)} is too large to search for its geometry: {elements:.1e} "
        f"elements with their surroundings, and the limit is {LARGEST:.1e}",
    )


def narrowed(before: Observation, now: Observation, case: Case) -> Observation:
    """Returns what two observations of one call and output size, with different numbers, tell together.

    ``before`` has several geometries.
    """
    if now.match is Match.UNSEARCHED:
        return before
    if now.match is Match.NONE:
        return evolve(now, reason=f"with other numbers: {now.reason}")
    assert now.geometry is not None
    both = set(now.crops)
    return _decided(case, now.geometry.output_size, [crop for crop in before.crops if crop in both])


def at(case: Case, crop: Crop, size: tuple[int, ...]) -> Geometry:
    """Returns the geometry of a case's parameters with this crop and output size."""
    return Geometry(
        case.input_size, case.kernel_size, case.stride, case.dilation, crop, size, max(case.groups, 1)
    )


def surroundings(case: Case, size: tuple[int, ...]) -> Geometry:
    """Returns the geometry of the uncropped output, with an output's size on both sides of it."""
    full = [
        max(n - 1, 0) * s + d * (k - 1) + 1
        for n, s, d, k in zip(case.input_size, case.stride, case.dilation, case.kernel_size, strict=True)
    ]
    wide = tuple(out + 2 * n for out, n in zip(full, size, strict=True))
    return at(case, tuple(-n for n in size), wide)


def _windows(case: Case, data: Data, y: Array, around: Geometry) -> Iterator[Crop]:
    """Yields the crops of which ``y`` is the window, within what rounding may do."""
    whole = forward(data.x, data.w, data.b, geometry=around)
    for offset in windows(whole, y, case.ndim, _tolerance(case, data, around)):
        yield tuple(o - n for o, n in zip(offset, y.shape[-case.ndim :], strict=True))


def windows(whole: Array, y: Array, ndim: int, tolerance: float) -> Iterator[tuple[int, ...]]:
    """Yields the offsets at which ``y`` lies in ``whole``, a tensor with the same channels.

    Args:
        whole: ``(..., *spatial)``, in each spatial dimension at least as large as ``y``.
        y: ``(..., *spatial)``.
        ndim: the number of spatial dimensions.
        tolerance: how far elements may differ.
    """
    size, reach = y.shape[-ndim:], whole.shape[-ndim:]
    rows = prod(y.shape[:-ndim])
    wide = whole.astype(np.float64).reshape(rows, *reach)
    given = y.astype(np.float64).reshape(rows, *size)
    every = np.argwhere(np.ones([n - m + 1 for n, m in zip(reach, size, strict=True)], bool))
    for place in _telling(size):
        if len(every) <= 1 or not rows:
            break
        there: Any = tuple(every[:, d] + place[d] for d in range(ndim))
        here: Any = tuple(place)
        every = every[(np.abs(wide[:, *there] - given[:, *here][:, None]) <= tolerance).all(axis=0)]
    for offset in every:
        window: Any = tuple(slice(o, o + n) for o, n in zip(offset, size, strict=True))
        if (np.abs(wide[:, *window] - given) <= tolerance).all():
            yield tuple(map(int, offset))


def _telling(size: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Yields places of an output, from the middle outward: what lies there most products reach."""
    flat = np.arange(prod(size))
    order = np.argsort(np.abs(flat - len(flat) // 2), kind="stable")[:64]
    for one in order:
        yield tuple(int(i) for i in np.unravel_index(int(one), size))


def _tolerance(case: Case, data: Data, around: Geometry) -> float:
    """Returns how far rounding may carry an element; 0 if that is as coarse as the integers themselves."""
    magnitudes = [np.abs(data.x.astype(np.float64)), np.abs(data.w.astype(np.float64))]
    top = float(forward(*magnitudes, geometry=around).max(initial=0.0))
    top += 0.0 if data.b is None else float(np.abs(data.b.astype(np.float64)).max(initial=0.0))
    terms = case.in_channels // max(case.groups, 1) * prod(case.kernel_size) + 1
    relative = (terms + 1) * 2.0 ** -SIGNIFICAND_BITS[case.dtype]
    carried = relative / max(1 - relative, 0.5) * top + (terms + 1) * SMALLEST[case.dtype]
    return 0.0 if data.exact and carried >= data.magnitude / 4 else carried


def _decided(case: Case, size: tuple[int, ...], crops: Iterable[Crop]) -> Observation:
    left = tuple(crops)
    if not left:
        return Observation(
            Match.NONE, reason="no crop of the operator with these parameters gives this output"
        )
    reached, empty = list[Crop](), list[Crop]()
    for crop in left:
        (reached if is_reached(case, crop, size) else empty).append(crop)
    if not _is_likely_empty(case, size):
        left, empty = tuple(reached), []
        if not left:
            return Observation(
                Match.NONE,
                reason="no product reaches the output: it is the bias alone, or 0, where the operator with "
                "these parameters has more",
            )
    likeliest = min(empty or left, key=lambda crop: _unlikeliness(case, crop))
    if len(reached) + bool(empty) == 1:
        return Observation(Match.ONE, at(case, reached[0] if reached else likeliest, size), crops=left)
    return Observation(
        Match.SEVERAL,
        at(case, likeliest, size),
        f"{len(left)} crops of the operator give this output",
        left,
    )


def _is_likely_empty(case: Case, size: tuple[int, ...]) -> bool:
    """Whether a window of this size that no product reaches is what some definition asks for."""
    if 0 in size or 0 in (case.in_channels, case.out_channels, case.batch, *case.input_size):
        return True
    likely = []
    for axis, length in zip(axes_of(case), size, strict=True):
        word = case.padding if isinstance(case.padding, str) else NUMBERS
        asked = [reading.of(axis) for reading in of_word(word)]
        likely.append({crop for n, crop in asked if n == length} or {crop for _, crop in asked})
    return any(not is_reached(case, crop, size) for crop in product(*likely))


def is_reached(case: Case, crop: Crop, size: tuple[int, ...]) -> bool:
    """Whether any product reaches the window."""
    if 0 in (case.in_channels, case.out_channels, case.batch, *case.input_size):
        return False
    return all(
        any(len(_near(length, s, c - k * d, n)) for k in range(taps))
        for length, s, c, taps, d, n in zip(
            case.input_size, case.stride, crop, case.kernel_size, case.dilation, size, strict=True
        )
    )


def _near(length: int, stride: int, start: int, size: int) -> range:
    """Returns the input positions ``i`` with ``0 <= i * stride - start < size``."""
    return range(max(0, -(-start // stride)), min(length, -(-(start + size) // stride)))


def _unlikeliness(case: Case, crop: Crop) -> tuple[int, Crop]:
    """Returns the distance of a crop from the padding in front; a padding in words counts as none."""
    front = (0,) * case.ndim if isinstance(case.padding, str) else [pair[0] for pair in case.padding]
    return (sum(abs(c - f) for c, f in zip(crop, front, strict=True)), crop)
