"""Compensated sums in NumPy with Dekker's two-product; the equivalent of _compensated without a compiler.

Both compute a sum, the sum of the rounding errors, and the sum of the absolute errors. Source: Ogita, Rump,
Oishi, Accurate sum and dot product, SIAM J. Sci. Comput. 26 (2005).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.reference_impl.arguments import Array
from conv_transpose_conformance.reference_impl.rounding import two_product

__all__ = ["gather_sums", "tap_sums"]

Indices = NDArray[np.intp]


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Returns a + b as rounded sum and exact remainder. Source: Knuth, TAOCP 2, theorem 4.2.2 B."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _settle(
    total: Array, errors: Array, sizes: Array, count: Array, unseen: float, values: Array, certain: Array
) -> None:
    """Rounds, and marks values that no error can move to a neighbour; dot2_round in _dot2.h explains it."""
    value, rest = two_sum(total, errors)
    doubt = 4.0 * (count + 2.0) * 2.0**-53 * sizes + 2.0 * unseen
    low, high = rest - doubt, rest + doubt
    low = low - np.abs(low) * 2.0**-51
    high = high + np.abs(high) * 2.0**-51
    sure = (value + low == value) & (value + high == value) | (doubt == 0)
    values[...] = np.where(sizes == 0, total, value)
    certain[...] = sure & np.isfinite(value)


def gather_sums(
    a: Array,
    b: Array,
    start: Array,
    pairs: Indices,
    first_pair: Indices,
    unseen: float,
    values: Array,
    certain: Array,
) -> None:
    """Fills values[n, o, g, :] = start[g, :] + sum over pairs, c of a[n, place, g, c] * b[g, tap, c, :]."""
    counts = np.diff(first_pair)
    total = np.zeros_like(values)
    total[...] = start
    errors, sizes = np.zeros_like(values), np.zeros_like(values)
    with np.errstate(all="ignore"):
        for rank in range(int(counts.max(initial=0))):
            outputs = np.flatnonzero(counts > rank)
            place, tap = pairs[first_pair[outputs] + rank].T
            for c in range(a.shape[3]):
                factor = a[..., c, None][:, place]
                other = b[:, :, c][:, tap].swapaxes(0, 1)
                product, lost = two_product(factor, other)
                total[:, outputs], error = two_sum(total[:, outputs], product)
                errors[:, outputs] += error + lost
                sizes[:, outputs] += np.abs(error) + np.abs(lost)
        _settle(total, errors, sizes, (counts * a.shape[3])[:, None, None], unseen, values, certain)


def _tree(terms: Array) -> tuple[Array, Array, Array]:
    """Returns the pairwise sum over the first axis, the sum of its errors and of their absolute values."""
    errors = np.zeros(terms.shape[1:])
    sizes = np.zeros(terms.shape[1:])
    while terms.shape[0] > 1:
        half = terms.shape[0] // 2
        added, error = two_sum(terms[:half], terms[half : 2 * half])
        errors += error.sum(axis=0)
        sizes += np.abs(error).sum(axis=0)
        terms = np.concatenate([added, terms[2 * half :]])
    return terms[0] + 0.0, errors, sizes  # + 0.0: like the compiled sum, negative zeros sum to zero


def tap_sums(
    a: Array,
    b: Array,
    pairs: Indices,
    first_pair: Indices,
    unseen: float,
    values: Array,
    certain: Array,
) -> None:
    """Fills values[g, c, tap, :] = sum over n and tap's pairs of a[n, place, g, c] * b[n, other, g, :]."""
    batch = a.shape[0]
    with np.errstate(all="ignore"):
        for tap in range(len(first_pair) - 1):
            place, other = pairs[first_pair[tap] : first_pair[tap + 1]].T
            count = batch * len(place)
            if count == 0:
                values[:, :, tap], certain[:, :, tap] = 0, 1
                continue
            factors = b[:, other].reshape(count, *b.shape[2:])
            for c in range(a.shape[3]):
                product, lost = two_product(a[..., c][:, place].reshape(count, -1, 1), factors)
                total, errors, sizes = _tree(product)
                errors += lost.sum(axis=0)
                sizes += np.abs(lost).sum(axis=0)
                _settle(total, errors, sizes, np.array(count), unseen, values[:, c, tap], certain[:, c, tap])
