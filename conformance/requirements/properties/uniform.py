"""Whether numbers were drawn from U(-bound, bound): the Kolmogorov-Smirnov test.

If n of them are, the largest distance D of their empirical distribution from the true one exceeds e with a
chance of at most ``2 exp(-2 n e^2)``, for every n (Massart, *The tight constant in the
Dvoretzky-Kiefer-Wolfowitz inequality*, 1990).
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# A full run makes some dozens of these tests: with 1,000 it would raise a false alarm once in 10,000 runs.
SIGNIFICANCE: Final = 1e-7


def contradiction(values: Array, bound: float) -> str:
    """Returns a line on how ``values`` (floats) contradict U(-bound, bound), or an empty string.

    No value may exceed the bound by more than the rounding of the bound in their dtype.  D may not be so
    large that chance explains it less often than once in ``1 / SIGNIFICANCE`` samples.
    """
    drawn = np.sort(values.astype(np.float64).ravel())
    if not np.isfinite(drawn).all():
        return "not all values are finite"
    largest = float(np.abs(drawn).max())
    if largest > bound * (1 + 2 * float(np.finfo(values.dtype).eps)):
        return f"the largest of {drawn.size} absolute values is {largest:.6g}, above the bound {bound:.6g}"
    distance = _distance(drawn, bound)
    if distance > resolution(drawn.size):
        chance = 2 * exp(-2 * drawn.size * distance**2)
        return (
            f"{drawn.size} values from {drawn[0]:.6g} to {drawn[-1]:.6g} with standard deviation "
            f"{drawn.std():.6g} are not uniform on ±{bound:.6g} (standard deviation {bound / sqrt(3):.6g}): "
            f"Kolmogorov-Smirnov D = {distance:.4f}, probability below {max(chance, 1e-300):.1e}"
        )
    return ""


def resolution(size: int) -> float:
    """Returns the least D that the test rejects for ``size`` values."""
    return sqrt(log(2 / SIGNIFICANCE) / (2 * size))


def _distance(drawn: Array, bound: float) -> float:
    """Returns D of sorted values."""
    true = np.clip((drawn + bound) / (2 * bound), 0, 1)
    below, up_to = np.arange(drawn.size) / drawn.size, np.arange(1, drawn.size + 1) / drawn.size
    return float(max((true - below).max(), (up_to - true).max()))
