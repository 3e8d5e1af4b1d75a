"""Whether the rounding of a whole tensor leans to one side, where every element is within its bound.

Errors of independent roundings to nearest are as likely up as down.  Then their sum exceeds seven times the
root of the sum of their squares once in 2·10¹⁰ tensors (Hoeffding 1963).  What honest errors have in common
comes on top of that: the bias of a channel, a weight that is rounded once for all elements, and a dtype whose
grid is coarse beside the terms.  ``docs/numerics.md`` has the derivation of each allowance.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from attrs import field, frozen

from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES, SIGNIFICAND_BITS, SMALLEST
from conv_transpose_conformance.judging.expected import Array, Expected

_DEVIATIONS: Final = 7.0
_SIDES: Final = {"in one direction": ("up", "down"), "by size": ("away from zero", "towards zero")}
_MANY_BITS: Final = 24  # significand bits from which the digits of a weight are as good as random
_SCALINGS: Final = (2.0, 2.0**-4)  # what weights scale all elements alike by, in u: of few bits, and of many
_SHARES: Final = (1.0, 0.5)  # of what biases err; by size much cancels between results of either sign


@frozen
class Lean:
    """A mean error beyond what honest rounding explains.

    Attributes:
        side: where the rounding leans.
        mean: the mean error towards that side, in ``unit``.
        limit: the largest mean error of honest rounding, in ``unit``.
        deviations: the mean error over its standard error.
        elements: how many elements were judged.
        unit: what errors are measured in, element by element: ``u·A``, or the value's own size where the
            results are as good as rounded once.
    """

    side: str
    mean: float
    limit: float
    deviations: float
    elements: int
    unit: str

    def __str__(self) -> str:
        return f"rounding is biased {self.side}: {self.found}; {self.allowed}"

    @property
    def found(self) -> str:
        """The mean error in words."""
        return (
            f"the mean error of {self.elements} elements is {self.mean:.3g} {self.unit} {self.side}, "
            f"{self.deviations:.1f} times its standard error"
        )

    @property
    def allowed(self) -> str:
        """What honest rounding may do, in words."""
        return f"honest rounding stays within {self.limit:.3g} {self.unit} of zero"


def find_lean(actual: Array, expected: Expected, dtype: str) -> Lean | None:
    """The side to which the errors of a tensor lean, or None where honest rounding explains them.

    Args:
        actual: the results, in float64, each within its own bound.
        expected: the reference's.
        dtype: the dtype that the results were rounded to.
    """
    if actual.size <= _DEVIATIONS**2:  # however they lean, their sum stays below
        return None
    return _Errors(actual, expected, dtype).lean()


@frozen
class _Errors:
    """The errors of a tensor.

    Attributes:
        rounded_last: whether each is as small as one rounding of the result and one of the sum before its
            bias.  Sums that are rounded on the way, and transforms, err by more where terms cancel.
        weights: one over the unit of each element; 0 where it is not judged.
        units: the errors in these units.
    """

    actual: Array
    expected: Expected
    dtype: str
    rounded_last: bool = field(init=False)
    weights: Array = field(init=False)
    units: Array = field(init=False)

    def __attrs_post_init__(self) -> None:
        expected, unit = self.expected, self.unit
        errors = self.actual - expected.values
        # Not judged: what is exact, sums that are longer than the dtype can bound, terms that underflow.
        known = (expected.terms > 0) & ((expected.terms + 1) * unit < 1)
        known = known & (unit * expected.scale > expected.terms * SMALLEST[self.dtype])
        size = np.abs(expected.values)
        width = size if expected.bias is None else size + np.abs(self.products)
        last = bool(((np.abs(errors) <= 2 * unit * width) | ~known).all())
        scale = width if last else expected.scale
        known = known & (scale > 0)
        weights = np.divide(1.0, unit * scale, out=np.zeros(errors.shape), where=known)
        set_ = object.__setattr__
        set_(self, "rounded_last", last)
        set_(self, "weights", weights)
        set_(self, "units", np.where(known, errors, 0.0) * weights)

    @property
    def unit(self) -> float:
        """The unit roundoff."""
        return float(2.0 ** -SIGNIFICAND_BITS[self.dtype])

    @property
    def products(self) -> Array:
        """The sums without their bias."""
        bias = self.expected.bias
        return self.expected.values if bias is None else self.expected.values - bias

    def lean(self) -> Lean | None:
        """The first side to which the errors lean."""
        if self.expected.transformable and not self.rounded_last:
            return None
        bias = self.expected.bias
        signs = dict(zip(_SIDES, (np.ones(()), np.sign(self.expected.values)), strict=True))
        if not any(_exceeds(self.units, sign) for sign in signs.values()):
            return None
        units = np.where(self._forced(), 0.0, self.units)
        limits = self._limits(units, signs)
        totals = {side: float((units * sign).sum()) for side, sign in signs.items()}
        side = max(signs, key=lambda side: abs(totals[side]) - limits[side])
        mean, limit = abs(totals[side]), limits[side]
        if mean <= limit:
            return None
        elements = int((self.weights > 0).sum())
        return Lean(
            side=_SIDES[side][totals[side] < 0],
            mean=mean / elements,
            limit=limit / elements,
            deviations=mean / float(np.sqrt((units**2).sum())),
            elements=elements,
            unit="u·A" if not self.rounded_last else "u·|y|" if bias is None else "u·(|y| + |y - b|)",
        )

    def _forced(self) -> Array:
        """Where the result is one of the two that honest arithmetic can give, and so no evidence.

        They are the sum rounded together with its bias, and rounded before the bias is added: where the sum
        has one term, or where every result is as good as rounded once.
        """
        values, bias = self.expected.values, self.expected.bias
        found = self.actual == self._rounded(values)
        if bias is not None:
            found = found | (self.actual == self._rounded(self._rounded(self.products) + bias))
        alone = self.expected.terms == 1
        forced: Array = found & (alone | (self.rounded_last and bias is not None))
        return forced

    def _limits(self, units: Array, signs: dict[str, Array]) -> dict[str, float]:
        """For each side the largest sum of errors that honest rounding explains."""
        spread = float(np.sqrt((units**2).sum()))
        coarse = 2 * self.unit * float(np.abs(units).sum())
        stuck = self._stuck()
        scaling = _SCALINGS[SIGNIFICAND_BITS[self.dtype] >= _MANY_BITS] * self.unit
        found = {}
        for (side, sign), share in zip(signs.items(), _SHARES, strict=True):
            scaled = 0.0 if self.rounded_last else float((self.products * self.weights * sign).sum())
            together = _DEVIATIONS * spread + share * float(stuck.sum())
            independent = _DEVIATIONS * float(np.hypot(spread, share * np.linalg.norm(stuck)))
            found[side] = coarse + scaling * abs(scaled) + min(together, independent)
        return found

    def _stuck(self) -> Array:
        """Per channel the most that adding its bias errs in one direction, summed over its elements.

        Where the sum of the products lies on the grid of the result, the error is the distance of the bias
        from that grid, the same in every element.
        """
        bias = self.expected.bias
        if bias is None or self.rounded_last:
            return np.zeros(0)
        grid = np.maximum(self._spacing(self.expected.values), self._spacing(bias))
        distance = np.abs(np.rint(bias / grid) * grid - bias) * self.weights
        channel = distance.ndim - bias.ndim
        found: Array = distance.sum(axis=tuple(axis for axis in range(distance.ndim) if axis != channel))
        return found

    def _rounded(self, array: Array) -> Array:
        with np.errstate(over="ignore"):
            found: Array = array.astype(NUMPY_DTYPES[self.dtype]).astype(np.float64)
        return found

    def _spacing(self, array: Array) -> Array:
        """The distance of numbers of the dtype, at the size of each element."""
        _, exponent = np.frexp(array)
        grid = np.where(array == 0, 0.0, np.ldexp(1.0, exponent - SIGNIFICAND_BITS[self.dtype]))
        found: Array = np.maximum(grid, SMALLEST[self.dtype])
        return found


def _exceeds(units: Array, sign: Array) -> bool:
    """Whether independent errors would sum to so much less than once in 10¹⁰ tensors."""
    return bool((units * sign).sum() ** 2 > _DEVIATIONS**2 * (units**2).sum())
