"""Second derivatives of the bilinear operator from its first-order pieces (double backward).

With ``B`` the operator without bias, ``v`` the gradient of y, and ``<,>`` the plain sum of products, the
first gradients are the maps with ``<B(x, w), v> = <x, X(w, v)> = <w, W(x, v)>``. Cotangents ``p``, ``q``,
``r`` of the gradients of x, w and bias make ``<p, X(w, v)> + <q, W(x, v)> + <r, sum v>``, which equals
``<B(p, w) + B(x, q) + r, v>``; so its derivatives are

    by v:  B(p, w) + B(x, q) + r        by x:  X(q, v)        by w:  W(p, v)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from conv_transpose_conformance.reference_impl.arguments import Array, computed_in, plain, prepare
from conv_transpose_conformance.reference_impl.choices import Backend, Layout, Precision
from conv_transpose_conformance.reference_impl.complexes import beside
from conv_transpose_conformance.reference_impl.geometry import Geometry
from conv_transpose_conformance.reference_impl.operators import backward, forward

__all__ = ["SecondOrder", "second_order"]


class SecondOrder(NamedTuple):
    """The result of ``second_order``: each derivative has the shape of the tensor it is taken by."""

    grad_y: Array
    x: Array
    w: Array


def second_order(
    x: Array,
    w: Array,
    grad_y: Array,
    grad_x: Array | None = None,
    grad_w: Array | None = None,
    grad_bias: Array | None = None,
    *,
    geometry: Geometry,
    precision: Precision = "working",
    backend: Backend | None = None,
    threads: int | None = None,
    layout: Layout = "channels_first",
) -> SecondOrder:
    """Returns the products of the second derivatives with cotangents of the first gradients.

    The derivative by the bias is zero and left out. On absolute values the same function gives the scale of
    the rounding error. An element of ``grad_y`` sums twice as many products as one of y; an element of ``x``
    or ``w`` sums as many as in the first gradients. Source: the bilinear identity above.

    Args:
        x: as for ``forward``.
        w: as for ``forward``.
        grad_y: as for ``backward``.
        grad_x: cotangent of the gradient of x, of x's shape; None means no products.
        grad_w: cotangent of the gradient of w, of w's shape; None likewise.
        grad_bias: cotangent of the gradient of bias, (C_out,); None likewise.
        geometry: as for ``forward``, and so are the options.
        precision: "working" or "compensated"; each result is rounded once in the latter.
        backend: None, "numpy" or "cython".
        threads: None or 1 to 4096.
        layout: of x, grad_y, grad_x and of the results of their shapes.

    Returns:
        The derivatives by grad_y, x and w.

    Raises:
        TypeError: as for ``forward``.
        ValueError: as for ``forward``, or if a cotangent has another shape than its gradient.
        RuntimeError: as for ``forward``.
    """
    computed_in("grad_y", grad_y)
    given = prepare(x, w, grad_bias, grad_y, geometry, layout, bias_name="grad_bias")
    for name, cotangent, of, like in (("grad_x", grad_x, "x", x), ("grad_w", grad_w, "w", w)):
        if cotangent is not None and np.shape(cotangent) != like.shape:
            raise ValueError(f"{name} must have {of}'s shape {like.shape}, got {np.shape(cotangent)}")
    x, w = plain(x), plain(w)
    p = np.zeros_like(x) if grad_x is None else grad_x
    q = np.zeros_like(w) if grad_w is None else grad_w
    t = prepare(p, q, None, grad_y, geometry, layout, x_name="grad_x", w_name="grad_w")
    channels = x.ndim - 1 if layout == "channels_last" else x.ndim - geometry.ndim - 1
    options = {"precision": precision, "backend": backend, "threads": threads, "layout": layout}

    def output() -> Array:
        if grad_x is None and grad_w is None:
            kind = [1] * grad_y.ndim
            kind[channels] = -1
            made = np.zeros(grad_y.shape, np.result_type(given.dtype, t.dtype))
            return made if given.bias is None else made + given.bias.reshape(kind)
        if grad_x is None or grad_w is None:
            pair = (x, plain(q)) if grad_x is None else (plain(p), w)
        else:  # one operator over twice the channels: one sum, rounded once
            pair = beside(plain(p), x, channels, geometry.groups), beside(w, plain(q), 0, geometry.groups)
        return forward(*pair, grad_bias, geometry=geometry, **options)  # type: ignore[arg-type]

    # a missing cotangent has no products; a zero instead would turn infinities into NaN
    return SecondOrder(
        output(),
        np.zeros(x.shape, t.dtype)
        if grad_w is None
        else backward(x, q, grad_y, geometry=geometry, **options).x,  # type: ignore[arg-type]
        np.zeros(w.shape, t.dtype)
        if grad_x is None
        else backward(p, w, grad_y, geometry=geometry, **options).w,  # type: ignore[arg-type]
    )
