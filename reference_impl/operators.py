"""The operator and its first derivatives: checks, choice of backend, allocation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from conv_transpose_conformance.reference_impl import complexes, numpy_backend, whole
from conv_transpose_conformance.reference_impl.arguments import (
    COMPLEX,
    FLOAT,
    INTEGER,
    Array,
    Tensors,
    computed_in,
    empty,
    prepare,
    restore,
)
from conv_transpose_conformance.reference_impl.choices import (
    Backend,
    How,
    Layout,
    Precision,
    choose,
    kernels,
)
from conv_transpose_conformance.reference_impl.geometry import Geometry
from conv_transpose_conformance.reference_impl.pieces import Pieces
from conv_transpose_conformance.reference_impl.threads import blas_threads

__all__ = ["Gradients", "backward", "forward"]


class Gradients(NamedTuple):
    """The result of ``backward``: one array per argument of ``forward``, with that argument's shape."""

    x: Array
    w: Array
    bias: Array


def forward(
    x: Array,
    w: Array,
    bias: Array | None = None,
    *,
    geometry: Geometry,
    precision: Precision = "working",
    backend: Backend | None = None,
    threads: int | None = None,
    layout: Layout = "channels_first",
) -> Array:
    """Returns the transposed convolution ``y[n, co, o] = bias[co] + sum x[n, ci, i] * w[ci, co', k]``.

    The sum runs over the input channels of ``co``'s group and over the pairs of input position and tap with
    ``o = i * stride - crop_before + k * dilation``. Source: the definition in the documents of PyTorch's
    ConvTranspose, written with one crop per side.

    Args:
        x: (N, C_in, *input_size), or without N if unbatched. With layout "channels_last" the channels are
            last.
        w: (C_in, C_out / groups, *kernel_size), in either layout.
        bias: (C_out,) or None.
        geometry: sizes, strides, crops and groups.
        precision: "working" accumulates in float64 (complex128); "compensated" returns the correctly rounded
            value of the exact sum.
        backend: None takes the compiled kernels if they are built, else the NumPy path; "cython" requires
            them. The kernels support one and two spatial dimensions and float64 (complex128 as pairs). Three
            dimensions, and integers beyond 2**53, always take the NumPy path.
        threads: None uses the processors this process may run on; small problems run on the caller's thread.
            At most 4096.
        layout: of x and of the result.

    Returns:
        y: (N, C_out, *output_size) in x's layout, unbatched if x is. float16, bfloat16, float32 and float64
        give float64; complex64 and complex128 give complex128; int64 gives int64, exact.

    Raises:
        TypeError: if an argument is not a numpy array, is masked or has an unsupported dtype, or if integers
            are mixed with floats.
        ValueError: if shapes disagree, an option is unknown, or an int64 result would not fit.
        MemoryError: if the result or a temporary array does not fit.
        RuntimeError: if backend is "cython" and the compiled extension does not exist.
    """
    how = choose(backend, precision, threads, geometry)
    t = prepare(x, w, bias, None, geometry, layout)
    out = _forward(t, geometry, how)
    return restore(out, t.batched, t.last)


def backward(
    x: Array,
    w: Array,
    grad_y: Array,
    *,
    geometry: Geometry,
    precision: Precision = "working",
    backend: Backend | None = None,
    threads: int | None = None,
    layout: Layout = "channels_first",
) -> Gradients:
    """Returns the gradients of ``forward`` for the cotangent ``grad_y``, as backpropagation does.

    ``x[n, ci, i]`` sums ``w[ci, co', k] * grad_y[n, co, o]``, ``w[ci, co', k]`` sums ``x[n, ci, i] *
    grad_y[n, co, o]`` and ``bias[co]`` sums ``grad_y[n, co, o]``, over the same pairs as ``forward``. Nothing
    is conjugated; for PyTorch's convention on complex numbers, pass conjugates of x and w.

    Args:
        x: as for ``forward``.
        w: as for ``forward``.
        grad_y: the cotangent, of y's shape.
        geometry: as for ``forward``, and so are the options.
        precision: "working" or "compensated".
        backend: None, "numpy" or "cython".
        threads: None or 1 to 4096.
        layout: of x, grad_y and the gradient of x.

    Returns:
        Gradients with the shapes of x, w and bias; dtypes as for ``forward``.

    Raises:
        TypeError: as for ``forward``.
        ValueError: as for ``forward``.
        RuntimeError: as for ``forward``.
    """
    how = choose(backend, precision, threads, geometry)
    computed_in("grad_y", grad_y)  # which prepare may be without
    t = prepare(x, w, None, grad_y, geometry, layout)
    found = _backward(t, geometry, how)
    return Gradients(restore(found.x, t.batched, t.last), found.w, found.bias)


def _forward(t: Tensors, geometry: Geometry, how: How) -> Array:
    if not t.x.size or not t.w.size or 0 in geometry.output_size:  # however large the other sizes are
        shape = (t.x.shape[0], t.w.shape[1] * geometry.groups, *geometry.output_size)
        out = empty(shape, t.dtype, t.last)
        out[...] = 0 if t.bias is None else t.bias.reshape(-1, *(1,) * geometry.ndim)
        return out
    used = geometry.used()
    if used is not None:
        box, geometry = used
        t = replace(t, x=t.x[(slice(None), slice(None), *box)])
    if t.dtype == INTEGER:
        if whole.exact_in_float(t, geometry):
            return _forward(whole.as_float(t), geometry, how.plain(geometry)).astype(np.int64)
        sizes = whole.magnitudes(t)
        whole.refuse_overflow(t, geometry, lambda: {"y": _forward(sizes, geometry, how.plain(geometry))})
    elif how.compensated or (how.compiled and t.dtype == COMPLEX):
        pieces = Pieces(geometry, how)
        return (complexes.output if t.dtype == COMPLEX else Pieces.output)(pieces, t.x, t.w, t.bias)
    out = empty((t.x.shape[0], t.w.shape[1] * geometry.groups, *geometry.output_size), t.dtype, t.last)
    if how.compiled and t.dtype == FLOAT:
        kernels.output(t.x, t.w, t.bias, geometry, how.threads, out)
    else:
        with blas_threads(how.threads), np.errstate(all="ignore"):
            numpy_backend.forward(t.x, t.w, t.bias, geometry, out)
    return out


def _gradient_bias(grad: Array, geometry: Geometry, how: How) -> Array:
    """Returns the gradient of bias from a problem with one input and one tap: x and w do not affect it."""
    ones, channels = (1,) * geometry.ndim, grad.shape[1]
    if not grad.size:
        return np.zeros(channels, grad.dtype)
    one = Geometry(ones, ones, ones, ones, (0,) * geometry.ndim, geometry.output_size)
    x, w = np.zeros((grad.shape[0], 1, *ones), grad.dtype), np.zeros((1, channels, *ones), grad.dtype)
    return _backward(Tensors(x, w, None, grad, grad.dtype, True, False), one, how).bias


def _backward(t: Tensors, geometry: Geometry, how: How) -> Gradients:
    assert t.grad is not None
    if not t.x.size or not t.w.size or not t.grad.size:
        grad_x, grad_w = empty(t.x.shape, t.dtype, t.last), np.empty(t.w.shape, t.dtype)
        grad_x[...], grad_w[...] = 0, 0
        return Gradients(grad_x, grad_w, _gradient_bias(t.grad, geometry, how))
    used = geometry.used()
    if used is not None:
        box = (slice(None), slice(None), *used[0])
        part = _backward(replace(t, x=t.x[box]), used[1], how)
        grad_x = empty(t.x.shape, t.dtype, t.last)
        grad_x[...] = 0
        grad_x[box] = part.x
        return Gradients(grad_x, part.w, part.bias)
    if t.dtype == INTEGER:
        if whole.exact_in_float(t, geometry):
            real = _backward(whole.as_float(t), geometry, how.plain(geometry))
            return Gradients(*(part.astype(np.int64) for part in real))
        sizes = whole.magnitudes(t)

        def scales() -> dict[str, Array]:
            found = _backward(sizes, geometry, how.plain(geometry))
            return {f"the gradient of {name}": part for name, part in found._asdict().items()}

        whole.refuse_overflow(t, geometry, scales)
    elif how.compensated or (how.compiled and t.dtype == COMPLEX):
        pieces = Pieces(geometry, how)
        kind: Any = complexes if t.dtype == COMPLEX else Pieces
        return Gradients(
            kind.gradient_x(pieces, t.w, t.grad),
            kind.gradient_w(pieces, t.x, t.grad),
            kind.gradient_bias(pieces, t.grad),
        )
    grad_x, grad_w = empty(t.x.shape, t.dtype, t.last), np.empty(t.w.shape, t.dtype)
    if how.compiled and t.dtype == FLOAT:
        kernels.gradient_x(t.w, t.grad, geometry, how.threads, grad_x)
        kernels.gradient_w(t.x, t.grad, geometry, how.threads, grad_w)
        return Gradients(grad_x, grad_w, kernels.gradient_bias(t.grad, how.threads))
    with blas_threads(how.threads), np.errstate(all="ignore"):
        numpy_backend.backward(t.x, t.w, t.grad, geometry, grad_x, grad_w)
        grad_bias = t.grad.sum(axis=(0, *range(2, t.grad.ndim)))
    return Gradients(grad_x, grad_w, grad_bias)
