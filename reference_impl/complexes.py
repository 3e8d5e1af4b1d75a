"""Complex numbers by the real operator.

``(a + ib)(c + id) = (ac - bd) + i(ad + bc)``: each part is one real operator over twice the terms, so the
real kernels and error bounds serve complex numbers too. Nothing is conjugated.
"""

from __future__ import annotations

import numpy as np

from conv_transpose_conformance.reference_impl.arguments import Array
from conv_transpose_conformance.reference_impl.pieces import Pieces

__all__ = ["gradient_bias", "gradient_w", "gradient_x", "output"]


def beside(first: Array, second: Array, axis: int, groups: int) -> Array:
    """Returns arrays concatenated along a channel axis, group by group."""
    shape = first.shape
    split = (*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :])
    joined = np.concatenate([first.reshape(split), second.reshape(split)], axis=axis + 1)
    return joined.reshape(*shape[:axis], 2 * shape[axis], *shape[axis + 1 :])


def _number(real: Array, imaginary: Array) -> Array:
    result = np.empty(real.shape, np.complex128)
    result.real, result.imag = real, imaginary
    return result


def output(pieces: Pieces, x: Array, w: Array, bias: Array | None) -> Array:
    """Returns y for complex x, w and bias."""
    g = pieces.geometry.groups
    real = pieces.output(
        beside(x.real, -x.imag, 1, g), beside(w.real, w.imag, 0, g), None if bias is None else bias.real
    )
    imaginary = pieces.output(
        beside(x.real, x.imag, 1, g), beside(w.imag, w.real, 0, g), None if bias is None else bias.imag
    )
    return _number(real, imaginary)


def gradient_x(pieces: Pieces, w: Array, grad: Array) -> Array:
    """Returns the gradient of x; the sum runs over output channels."""
    g = pieces.geometry.groups
    real = pieces.gradient_x(beside(w.real, w.imag, 1, 1), beside(grad.real, -grad.imag, 1, g))
    imaginary = pieces.gradient_x(beside(w.real, w.imag, 1, 1), beside(grad.imag, grad.real, 1, g))
    return _number(real, imaginary)


def gradient_w(pieces: Pieces, x: Array, grad: Array) -> Array:
    """Returns the gradient of w; the sum runs over the batch."""
    both = np.concatenate([x.real, x.imag])
    real = pieces.gradient_w(both, np.concatenate([grad.real, -grad.imag]))
    imaginary = pieces.gradient_w(both, np.concatenate([grad.imag, grad.real]))
    return _number(real, imaginary)


def gradient_bias(pieces: Pieces, grad: Array) -> Array:
    """Returns the gradient of bias."""
    return _number(pieces.gradient_bias(grad.real), pieces.gradient_bias(grad.imag))
