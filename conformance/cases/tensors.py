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
    documents give the output no shape.  ``exact`` says that the values are integers.  ``magnitude`` is M for
    drawn integers, else 1.  ``escape`` is the escape probability: the largest chance that one probe with
    drawn integers misses a wrong bilinear map.
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
    """Returns the tensors of a case; ``geometry`` gives the shape of the output's gradient.

    Without a geometry the integers suit every output up to :func:`widest`.
    """
    size = widest(case) if geometry is None else geometry.output_size
    magnitude = _integer_limit(case, size) if case.recipe.kind == "int" else 1
    lead = _lead(case)
    positive = [max(v, 0) for v in (case.in_channels, *case.input_size)]
    weight_shape = tuple(max(v, 0) for v in case.weight_shape)
    return Data(
        x=_tensor(case, magnitude, "x", (*lead, *positive)),
        w=_tensor(case, magnitude, "w", weight_shape),
        b=_tensor(case, magnitude, "b", (max(case.out_channels, 0),)) if case.bias else None,
        g=None if geometry is None else output_gradient(case, magnitude, geometry.output_size),
        magnitude=magnitude,
        escape=2 / (2 * magnitude + 1) if case.recipe.kind == "int" else None,
        exact=case.recipe.kind != "real",
    )


def output_gradient(case: Case, magnitude: int, size: tuple[int, ...]) -> Array:
    """Returns the gradient of an output of this spatial size.

    In C order it begins like that of any other size, as far as both reach.
    """
    return _tensor(case, magnitude, "g", (*_lead(case), max(case.out_channels, 0), *size))


def gradient_pool(case: Case, magnitude: int) -> Array:
    """Returns the numbers, in one dimension, that begin the gradient of every output up to :func:`widest`."""
    size = widest(case)
    if size is None:
        return np.empty(0, NUMPY_DTYPES[case.dtype])
    return output_gradient(case, magnitude, size).ravel()


def widest(case: Case) -> tuple[int, ...] | None:
    """Returns a spatial size that no reading of the parameters exceeds; None if they give no output at all.

    It is that of the uncropped output, together with one stride, every padding and every output padding.
    """
    if min(*case.kernel_size, *case.stride, *case.dilation, case.groups) < 1:
        return None
    pads = ((0, 0),) * case.ndim if isinstance(case.padding, str) else case.padding
    asked = (0,) * case.ndim if case.output_size is None else case.output_size
    return tuple(
        max(max(n - 1, 0) * s + d * (k - 1) + 1 + s + abs(e) + abs(before) + abs(after), wanted)
        for n, k, s, d, e, (before, after), wanted in zip(
            case.input_size,
            case.kernel_size,
            case.stride,
            case.dilation,
            case.output_padding,
            pads,
            asked,
            strict=True,
        )
    )


_STREAMS: Final[dict[TensorName, int]] = {"x": 0, "w": 1, "b": 2, "g": 3}


def _lead(case: Case) -> tuple[int, ...]:
    return () if case.batch is None else (max(case.batch, 0),)


def _tensor(case: Case, magnitude: int, name: TensorName, shape: tuple[int, ...]) -> Array:
    dtype = NUMPY_DTYPES[case.dtype]
    if case.recipe.kind == "one":
        lit = dict(case.recipe.lit)
        zeros: Array = np.zeros(prod(shape), dtype)
        zeros[[lit[name]] if lit.get(name, len(zeros)) < len(zeros) else []] = 1
        one_hot: Array = zeros.reshape(shape)
        return one_hot
    bits = np.random.PCG64(np.random.SeedSequence((case.recipe.seed, _STREAMS[name])))
    raw = bits.random_raw(prod(shape)).reshape(shape)
    if case.recipe.kind == "int":
        drawn: Array = (raw % np.uint64(2 * magnitude + 1)).astype(np.int64) - magnitude
        return drawn.astype(dtype)
    # one bit for the sign, 53 for the magnitude: float64's last bit is random too
    sign = np.where(raw & np.uint64(1), -1.0, 1.0)
    real: Array = sign * ((raw >> np.uint64(11)) * 2.0**-53)
    return real.astype(dtype)


def _integer_limit(case: Case, size: tuple[int, ...] | None) -> int:
    """Returns the largest M for which the absolute sums of y and all gradients stay within ``2**p``.

    ``size`` is the output's, None if there is none.
    """
    limit = 1 << SIGNIFICAND_BITS[case.dtype]
    if size is None:
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
    by_sum = limit // max(batch * prod(size), 1)  # grad_bias has one factor, not two
    return max(1, min(isqrt(limit // terms), by_sum, _LARGEST_INTEGER))
