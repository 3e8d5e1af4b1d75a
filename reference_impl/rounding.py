"""Correctly rounded sums of products for any numbers: exact and slow."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from conv_transpose_conformance.reference_impl.arguments import Array

__all__ = ["rounded_dot"]

# between these limits, products and their rounding errors are normal numbers
SMALLEST, LARGEST = 2.0**-900, 2.0**900
SPLITTER = 2.0**27 + 1


def two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """Returns a * b as rounded product and exact remainder, without a fused multiply-add.

    Source: Dekker, A floating-point technique for extending the available precision (1971).
    """
    product = a * b
    scaled = SPLITTER * a
    a_high = scaled - (scaled - a)
    a_low = a - a_high
    scaled = SPLITTER * b
    b_high = scaled - (scaled - b)
    b_low = b - b_high
    rest = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
    return product, rest


def rounded_dot(a: Array, b: Array, start: float = 0.0) -> float:
    """Returns the float64 nearest to the exact start + sum of a * b, ties to even.

    Args:
        a: float64, one dimension.
        b: float64, as long as a.
        start: one more term.

    Returns:
        The rounded sum. It is infinite beyond the largest number, and NaN or infinite by the usual rules if a
        factor is.
    """
    with np.errstate(all="ignore"):
        product = np.abs(a * b)
        if not (np.isfinite(a).all() and np.isfinite(b).all() and math.isfinite(start)):
            return float(start + np.sum(_special(a, b)))
        usual = (product >= SMALLEST) | (a == 0) | (b == 0)
        if (
            usual.all()
            and max(np.abs(a).max(initial=0), np.abs(b).max(initial=0), product.max(initial=0)) < LARGEST
        ):
            high, rest = two_product(a, b)
            return math.fsum([start, *high.tolist(), *rest.tolist()])
    total = Fraction(start) + sum(
        (Fraction(p) * Fraction(q) for p, q in zip(a.tolist(), b.tolist(), strict=True)), Fraction(0)
    )
    try:
        return float(total)
    except OverflowError:
        return math.inf if total > 0 else -math.inf


def _special(a: Array, b: Array) -> Array:
    """Returns the products that decide a sum with an infinity or a NaN; all others become zero."""
    return np.where(np.isfinite(a) & np.isfinite(b), 0.0, a * b)
