"""Makes the tensors of a case from its recipe.

A recipe is a kind and a seed.  Each tensor is a stream of its own from that seed, read raw from NumPy's
PCG64, which NumPy keeps the same across versions.

``int``: uniform on the integers ``-M..M``.  M is the largest number for which every sum that a correct direct
algorithm can form, in any order, is exactly representable in the case's dtype: ``max A <= 2**p``.

``real``: uniform on (-1, 1) with all bits of the dtype.

``one``: one-hot data, which shows where an element arrives.
"""

from __future__ import annotations

from math import gcd, isqrt, prod
from typing import Any, Final

import ml_dtypes
import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.recipe import TensorName
from conv_transpose_conformance.reference_impl import Geometry

# significand bits p: integers up to 2**p are exact; the unit roundoff is 2**-p
SIGNIFICAND_BITS: Final = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}
NUMPY_DTYPES: Final[dict[str, np.dtype[Any]]] = {
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
}
SMALLEST: Final = {"float16": 2.0**-24, "bfloat16": 2.0**-133, "float32": 2.0**-149, "float64": 2.0**-1074}
_LARGEST_INTEGER: Final = 1 << 15  # larger values are hard to read and hardly improve the certificate

Array = NDArray[Any]


@frozen
class Data:
    """The tensors of a case: ``x (N, C_in, *in)``, ``w (C_in, C_out/g, *k)``, ``b (C_out,)``, ``g`` like y.

    ``x`` and ``g`` have no batch dimension if the case has none.  ``b`` is None without a bias, ``g`` if no
    valid output exists.  ``exact`` says that the values are integers.  ``magnitude`` is M for drawn integers,
    else 1.  ``escape`` is the escape probability: the largest chance that one probe with drawn integers
    misses a wrong bilinear map.
    """

    x: Array
    w: Array
    b: Array | None
    g: Array | None
    magnitude: int
    escape: float | None
    exact: bool

    def arrays(self) -> dict[str, Array]:
        """Returns the tensors of the case by name."""
        named = {"x": self.x, "w": self.w, "b": self.b, "g": self.g}
        return {name: array for name, array in named.items() if array is not None}


def make_data(case: Case, geometry: Geometry | None) -> Data:
    """Returns the tensors of a case; ``geometry`` gives the shape of the output's gradient."""
    magnitude = _integer_limit(case, geometry) if case.recipe.kind == "int" else 1
    dtype = NUMPY_DTYPES[case.dtype]

    lit = dict(case.recipe.lit)

    def tensor(name: TensorName, stream: int, shape: tuple[int, ...]) -> Array:
        if case.recipe.kind == "one":
            zeros: Array = np.zeros(prod(shape), dtype)
            zeros[[lit[name]] if lit.get(name, len(zeros)) < len(zeros) else []] = 1
            one_hot: Array = zeros.reshape(shape)
            return one_hot
        bits = np.random.PCG64(np.random.SeedSequence((case.recipe.seed, stream)))
        raw = bits.random_raw(prod(shape)).reshape(shape)
        if case.recipe.kind == "int":
            drawn: Array = (raw % np.uint64(2 * magnitude + 1)).astype(np.int64) - magnitude
            return drawn.astype(dtype)
        # one bit for the sign, 53 for the magnitude: float64's last bit is random too
        sign = np.where(raw & np.uint64(1), -1.0, 1.0)
        real: Array = sign * ((raw >> np.uint64(11)) * 2.0**-53)
        return real.astype(dtype)

    lead = () if case.batch is None else (max(case.batch, 0),)
    positive = [max(v, 0) for v in (case.in_channels, *case.input_size)]
    weight_shape = tuple(max(v, 0) for v in case.weight_shape)
    return Data(
        x=tensor("x", 0, (*lead, *positive)),
        w=tensor("w", 1, weight_shape),
        b=tensor("b", 2, (max(case.out_channels, 0),)) if case.bias else None,
        g=None if geometry is None else tensor("g", 3, (*lead, case.out_channels, *geometry.output_size)),
        magnitude=magnitude,
        escape=2 / (2 * magnitude + 1) if case.recipe.kind == "int" else None,
        exact=case.recipe.kind != "real",
    )


def _integer_limit(case: Case, geometry: Geometry | None) -> int:
    """Returns the largest M for which the absolute sums of y and all gradients stay within ``2**p``."""
    limit = 1 << SIGNIFICAND_BITS[case.dtype]
    if geometry is None:
        return min(3, limit)
    batch = 1 if case.batch is None else case.batch
    overlap = [
        min(size, -(-kernel // (stride // gcd(stride, dilation))))
        for size, kernel, stride, dilation in zip(
            case.input_size, case.kernel_size, case.stride, case.dilation, strict=True
        )
    ]
    terms = max(
        case.in_channels // case.groups * prod(overlap) + 1,  # y, and the bias
        case.out_channels // case.groups * prod(case.kernel_size),  # grad_input
        batch * prod(case.input_size),  # grad_weight
        1,
    )
    by_sum = limit // max(batch * prod(geometry.output_size), 1)  # grad_bias has one factor, not two
    return max(1, min(isqrt(limit // terms), by_sum, _LARGEST_INTEGER))
