"""The products that the operator sums: which elements of input and weight meet at which output element.

The values and both gradients are sums over the same products; each element of the three tensors takes part in
some of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Literal, NamedTuple

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.reference_impl import Geometry

Index = tuple[int, ...]


class Product(NamedTuple):
    """The indices of an input, a weight and an output element of one product; channels come first."""

    x: Index
    w: Index
    y: Index


def products(
    case: Case, geometry: Geometry, tensor: Literal["x", "w", "y"] | None = None, index: Index = ()
) -> Iterator[Product]:
    """Yields the products of a case, by input position, tap, batch item and channels.

    Args:
        case: gives batch and channel counts.
        geometry: gives the spatial dimensions and the groups.
        tensor: if given, yields only the products of its element ``index``.
        index: the index of that element; ignored without ``tensor``.
    """
    channels, dimensions = _channels(case, geometry), _dimensions(geometry)
    if tensor is not None:
        which = Product._fields.index(tensor)
        outer, spatial = index[: -geometry.ndim], index[-geometry.ndim :]
        channels = [met for met in channels if met[which] == outer]
        dimensions = [
            [met for met in every if met[which] == at] for every, at in zip(dimensions, spatial, strict=True)
        ]
    by_input = [_by_input(every) for every in dimensions]
    for position in product(*by_input):
        for met in product(*(taps[i] for taps, i in zip(by_input, position, strict=True))):
            i, k, o = zip(*met, strict=True)
            for x, w, y in channels:
                yield Product((*x, *i), (*w, *k), (*y, *o))


def channel_axis(case: Case) -> int:
    """Returns the channel axis of input and output."""
    return 0 if case.batch is None else 1


def _channels(case: Case, geometry: Geometry) -> list[Product]:
    """Returns the indices of input, weight and output before the spatial ones."""
    per_in, per_out = case.in_channels // geometry.groups, case.out_channels // geometry.groups
    items: list[Index] = [()] if case.batch is None else [(n,) for n in range(case.batch)]
    return [
        Product((*n, ci), (ci, co), (*n, ci // per_in * per_out + co))
        for n, ci, co in product(items, range(case.in_channels), range(per_out))
    ]


def _dimensions(geometry: Geometry) -> list[list[tuple[int, int, int]]]:
    """Returns per dimension the positions in input, kernel and output that meet."""
    return [
        [
            (i, k, o)
            for i, k in product(range(size), range(taps))
            if 0 <= (o := i * stride - crop + k * dilation) < output
        ]
        for size, taps, stride, crop, dilation, output in zip(
            geometry.input_size,
            geometry.kernel_size,
            geometry.stride,
            geometry.crop_before,
            geometry.dilation,
            geometry.output_size,
            strict=True,
        )
    ]


def _by_input(meetings: list[tuple[int, int, int]]) -> dict[int, list[tuple[int, int, int]]]:
    found: dict[int, list[tuple[int, int, int]]] = {}
    for met in meetings:
        found.setdefault(met[0], []).append(met)
    return found
