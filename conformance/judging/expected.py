"""What the reference says of one tensor."""

from __future__ import annotations

from typing import Any

from attrs import frozen
from numpy.typing import NDArray

from conv_transpose_conformance.reference_impl import Geometry

Array = NDArray[Any]


@frozen
class Expected:
    """One tensor of the reference.

    Attributes:
        values: the values.
        scale: A, the scale of rounding errors, per element.
        terms: m, the number of terms, per element; broadcasts to the values.
        bias: what is added to the sum of products, one channel a row; broadcasts to the values.  None
            where nothing is.
        transformable: whether Winograd's transforms, or Fourier's, may have computed the tensor, or a
            complex product from three real ones: algorithms that round a weight once for all elements.
    """

    values: Array
    scale: Array
    terms: Array
    bias: Array | None = None
    transformable: bool = False


def is_transformable(geometry: Geometry) -> bool:
    """Whether transforms compute a geometry: they need a stride of 1, and pay from three taps on."""
    return max(geometry.stride) == 1 and max(geometry.kernel_size) >= 3
