"""The reference: transposed convolution, its derivatives, and bounds on their rounding errors.

Modules:

- ``geometry``: the pairs of input position and tap that meet at each output position (``Geometry``).
- ``operators``: ``forward`` and ``backward``, for any number of spatial dimensions.
- ``error_model``: the number of terms and the scale of the rounding error of each element.
- ``second_order``: the second derivatives, as double backward must return them.
- ``arguments``, ``choices``: checks of arguments and options; ``whole``: exact int64; ``complexes``: complex
  numbers from the real operator, whose parts are in ``pieces``.
- ``numpy_backend``: the complete NumPy path; ``compiled`` and ``_kernels``: the compiled one, optional.
- ``compensated``: correctly rounded results, by ``numpy_dot2`` or ``_compensated``, else exactly by
  ``rounding``.
- ``threads``: distributes units of work.

The folder knows no framework and imports nothing else of this project. docs/reference.md explains the
algorithm with a picture.
"""

from conv_transpose_conformance.reference_impl.choices import has_kernels
from conv_transpose_conformance.reference_impl.error_model import (
    Bound,
    ErrorModel,
    error_model,
    forward_error_model,
)
from conv_transpose_conformance.reference_impl.geometry import Geometry
from conv_transpose_conformance.reference_impl.operators import Gradients, backward, forward
from conv_transpose_conformance.reference_impl.second_order import SecondOrder, second_order

__all__ = [
    "Bound",
    "ErrorModel",
    "Geometry",
    "Gradients",
    "SecondOrder",
    "backward",
    "error_model",
    "forward",
    "forward_error_model",
    "has_kernels",
    "second_order",
]
