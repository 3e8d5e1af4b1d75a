"""The operator and its first derivatives: checks, choice of backend, allocation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np

from reference_impl import numpy_backend, whole
from reference_impl.arguments import FLOAT, INTEGER, PRECISIONS, Array, Tensors, empty, prepare, restore
from reference_impl.geometry import Geometry

__all__ = ["Backend", "Gradients", "Layout", "Precision", "backward", "forward", "has_kernels"]

Backend = Literal["numpy", "cython"]
Layout = Literal["channels_first", "channels_last"]
Precision = Literal["working", "compensated"]

try:
    from reference_impl import compiled as kernels
except ImportError:  # built without a compiler
    kernels = None  # type: ignore[assignment]


class Gradients(NamedTuple):
    """What ``backward`` returns: one array per argument of ``forward``, with that argument's shape."""

    x: Array
    w: Array
    bias: Array


def has_kernels() -> bool:
    """Whether the compiled kernels are there; without them every call takes the NumPy path."""
    return kernels is not None


def _compiled(backend: str | None) -> bool:
    if backend is None:
        return kernels is not None
    if backend == "numpy":
        return False
    if backend != "cython":
        raise ValueError(f"backend must be None, 'numpy' or 'cython', got {backend!r}")
    if kernels is None:
        raise RuntimeError(
            "backend 'cython' asks for the extension reference_impl._kernels, which is not built here; "
            "install a C compiler and reinstall the package, or leave backend at None"
        )
    return True


def _choices(backend: str | None, precision: str, threads: int | None) -> bool:
    """Whether the compiled kernels are to be used, after checking the three options."""
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise ValueError(f"threads must be None or at least 1, got {threads!r}")
    return _compiled(backend)


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
    """Transposed convolution ``y[n, co, o] = bias[co] + sum x[n, ci, i] * w[ci, co', k]``.

    The sum runs over the input channels of ``co``'s group and over the pairs of input position and tap with
    ``o = i * stride - crop_before + k * dilation``. Source: the definition in the documents of PyTorch's
    ConvTranspose, written with one crop per side.

    Args:
        x: (N, C_in, *input_size), or unbatched without N. With layout "channels_last" the channels are last.
        w: (C_in, C_out / groups, *kernel_size), in either layout.
        bias: (C_out,) or None.
        geometry: sizes, strides, crops and groups.
        precision: "working" accumulates in float64 (complex128); "compensated" returns the correctly rounded
            value of the exact sum.
        backend: None takes the compiled kernels where they are built, else the NumPy path.
        threads: None uses the processors this process may run on; small problems run on the caller's thread.
        layout: of x and of the result.

    Returns:
        y: (N, C_out, *output_size) in x's layout, unbatched if x is. float16, bfloat16, float32 and float64
        give float64; complex64 and complex128 give complex128; int64 gives int64, exact.

    Raises:
        TypeError: an argument is no numpy array, has an unsupported dtype, or integers are mixed with floats.
        ValueError: shapes disagree, an option is unknown, or an int64 result would not fit.
        RuntimeError: backend "cython" without the compiled extension.
    """
    compiled = _choices(backend, precision, threads)
    t = prepare(x, w, bias, None, geometry, layout)
    out = _forward(t, geometry, compiled, threads)
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
    """Products of ``forward``'s first derivatives with ``grad_y``: what backpropagation returns.

    ``x[n, ci, i]`` sums ``w[ci, co', k] * grad_y[n, co, o]``, ``w[ci, co', k]`` sums
    ``x[n, ci, i] * grad_y[n, co, o]`` and ``bias[co]`` sums ``grad_y[n, co, o]``, over the same pairs as
    ``forward``. Nothing is conjugated: for PyTorch's convention on complex numbers pass conjugates of x and
    w.

    Args:
        x: as for ``forward``.
        w: as for ``forward``.
        grad_y: the cotangent, of y's shape.
        geometry: as for ``forward``, and so are the options.
        precision: "working" or "compensated".
        backend: None, "numpy" or "cython".
        threads: None or at least 1.
        layout: of x, grad_y and the gradient of x.

    Returns:
        Gradients with the shapes of x, w and bias; dtypes as for ``forward``.

    Raises:
        TypeError: as for ``forward``.
        ValueError: as for ``forward``.
        RuntimeError: as for ``forward``.
    """
    compiled = _choices(backend, precision, threads)
    t = prepare(x, w, None, grad_y, geometry, layout)
    found = _backward(t, geometry, compiled, threads)
    return Gradients(restore(found.x, t.batched, t.last), found.w, found.bias)


def _absolute(array: Array | None) -> Array | None:
    return None if array is None else np.abs(array.astype(np.float64))


def _converted(t: Tensors, change: Callable[[Array | None], Any], dtype: np.dtype[Any]) -> Tensors:
    return Tensors(change(t.x), change(t.w), change(t.bias), change(t.grad), dtype, t.batched, t.last)


def _to_float(array: Array | None) -> Array | None:
    return None if array is None else array.astype(np.float64)


def _forward(t: Tensors, geometry: Geometry, compiled: bool, threads: int | None) -> Array:
    if t.dtype == INTEGER:
        if whole.exact_in_float(t, geometry):
            real = _forward(_converted(t, _to_float, FLOAT), geometry, compiled, threads)
            return real.astype(np.int64)
        sizes = _converted(t, _absolute, FLOAT)
        whole.refuse_overflow(t, geometry, lambda: {"y": _forward(sizes, geometry, compiled, threads)})
    out = empty((t.x.shape[0], t.w.shape[1] * geometry.groups, *geometry.output_size), t.dtype, t.last)
    if compiled and t.dtype == FLOAT and kernels.fits(geometry):
        kernels.forward(t.x, t.w, t.bias, geometry, threads, out)
    else:
        numpy_backend.forward(t.x, t.w, t.bias, geometry, out)
    return out


def _backward(t: Tensors, geometry: Geometry, compiled: bool, threads: int | None) -> Gradients:
    assert t.grad is not None
    if t.dtype == INTEGER:
        if whole.exact_in_float(t, geometry):
            real = _backward(_converted(t, _to_float, FLOAT), geometry, compiled, threads)
            return Gradients(*(part.astype(np.int64) for part in real))
        sizes = _converted(t, _absolute, FLOAT)

        def scales() -> dict[str, Array]:
            found = _backward(sizes, geometry, compiled, threads)
            return {f"the gradient of {name}": part for name, part in found._asdict().items()}

        whole.refuse_overflow(t, geometry, scales)
    grad_x, grad_w = empty(t.x.shape, t.dtype, t.last), np.empty(t.w.shape, t.dtype)
    if compiled and t.dtype == FLOAT and kernels.fits(geometry):
        kernels.backward(t.x, t.w, t.grad, geometry, threads, grad_x, grad_w)
    else:
        numpy_backend.backward(t.x, t.w, t.grad, geometry, grad_x, grad_w)
    return Gradients(grad_x, grad_w, t.grad.sum(axis=(0, *range(2, t.grad.ndim))))
