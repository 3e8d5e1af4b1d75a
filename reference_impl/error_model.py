"""Bounds on the rounding error of each element: number of terms and scale.

The error of a sum of ``m`` products, computed in any order with unit roundoff ``u``, is at most ``gamma(m +
1) * A`` with ``gamma(j) = j * u / (1 - j * u)``; ``A`` is the same sum over absolute values, including the
bias (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapter 3).
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.reference_impl.arguments import Array, computed_in, plain, prepare
from conv_transpose_conformance.reference_impl.choices import Backend, Layout
from conv_transpose_conformance.reference_impl.geometry import Geometry
from conv_transpose_conformance.reference_impl.operators import backward, forward

__all__ = ["Bound", "ErrorModel", "error_model", "forward_error_model"]


class Bound(NamedTuple):
    """Scale and number of terms of one tensor.

    Attributes:
        scale: float64 with the tensor's shape; the sum of the absolute values of the terms, including the
            bias.
        terms: int64, read-only, broadcasts to that shape; the number of products in the element, without the
            bias.
    """

    scale: NDArray[np.float64]
    terms: NDArray[np.int64]


class ErrorModel(NamedTuple):
    """One Bound per result: y and the gradients of x, w and bias."""

    y: Bound
    x: Bound
    w: Bound
    bias: Bound


def _terms(
    geometry: Geometry, batch: int, channels: tuple[int, int], batched: bool, last: bool
) -> tuple[NDArray[np.int64], ...]:
    """Returns the terms of y, x, w and bias, each broadcastable to its tensor."""

    def placed(counts: NDArray[np.int64]) -> NDArray[np.int64]:
        counts = counts[..., None] if last else counts[None]
        return counts[None] if batched else counts

    c_in, c_out = channels
    terms = (
        placed(geometry.output_terms() * (c_in // geometry.groups)),
        placed(geometry.input_terms() * c_out),
        (geometry.kernel_terms() * batch)[None, None],
        np.array([batch * prod(geometry.output_size)], np.int64),
    )
    for array in terms:
        array.setflags(write=False)  # the geometry remembers it for later calls
    return terms


def _remembered_terms(
    geometry: Geometry, x: Array, w: Array, batched: bool, last: bool
) -> tuple[NDArray[np.int64], ...]:
    batch = x.shape[0] if batched else 1
    channels = (w.shape[0], w.shape[1])
    found: tuple[NDArray[np.int64], ...] = geometry.remember(
        ("terms", batch, channels, batched, last),
        lambda: _terms(geometry, batch, channels, batched, last),
    )
    return found


def _magnitude(array: Array) -> NDArray[np.float64]:
    array = plain(array)
    if array.dtype.kind == "i":  # the most negative integer has no absolute value in its own type
        return np.abs(array.astype(np.float64))
    with np.errstate(all="ignore"):
        if array.dtype.kind == "V":
            array = array.astype(np.float64)
        return np.abs(array)


def forward_error_model(
    x: Array,
    w: Array,
    bias: Array | None = None,
    *,
    geometry: Geometry,
    backend: Backend | None = None,
    threads: int | None = None,
    layout: Layout = "channels_first",
) -> Bound:
    """Returns scale and number of terms of every element of ``forward``'s result.

    Arguments and errors are those of ``forward``.
    """
    prepare(x, w, bias, None, geometry, layout)
    scale = forward(
        _magnitude(x),
        _magnitude(w),
        None if bias is None else _magnitude(bias),
        geometry=geometry,
        backend=backend,
        threads=threads,
        layout=layout,
    )
    batched = x.ndim == geometry.ndim + 2
    return Bound(scale, _remembered_terms(geometry, x, w, batched, layout == "channels_last")[0])


def error_model(
    x: Array,
    w: Array,
    bias: Array | None,
    grad_y: Array,
    *,
    geometry: Geometry,
    backend: Backend | None = None,
    threads: int | None = None,
    layout: Layout = "channels_first",
) -> ErrorModel:
    """Returns scale and number of terms of every element of y and of the three gradients.

    The terms follow from the geometry alone. The scales are the operator and its derivatives on absolute
    values, accumulated in float64 (for complex numbers on moduli).

    Args:
        x: as for ``forward``.
        w: as for ``forward``.
        bias: as for ``forward``.
        grad_y: as for ``backward``.
        geometry: as for ``forward``, and so are the options.
        backend: None, "numpy" or "cython".
        threads: None or 1 to 4096.
        layout: of x, grad_y and of the scales and terms of y and x.

    Raises:
        TypeError: as for ``forward``.
        ValueError: as for ``forward``.
        RuntimeError: as for ``forward``.
    """
    computed_in("grad_y", grad_y)
    prepare(x, w, bias, grad_y, geometry, layout)
    size_x, size_w, size_grad = _magnitude(x), _magnitude(w), _magnitude(grad_y)
    y = forward(
        size_x,
        size_w,
        None if bias is None else _magnitude(bias),
        geometry=geometry,
        backend=backend,
        threads=threads,
        layout=layout,
    )
    gradients = backward(
        size_x, size_w, size_grad, geometry=geometry, backend=backend, threads=threads, layout=layout
    )
    batched = x.ndim == geometry.ndim + 2
    terms = _remembered_terms(geometry, x, w, batched, layout == "channels_last")
    return ErrorModel(
        Bound(y, terms[0]),
        Bound(gradients.x, terms[1]),
        Bound(gradients.w, terms[2]),
        Bound(gradients.bias, terms[3]),
    )
