"""The ground truth: transposed convolution, its derivatives, and how far rounding may carry them.

What lives here:

- ``geometry``: which input position and tap meet at which output position (``Geometry``).
- ``operators``: ``forward`` and ``backward``, for any number of spatial dimensions by one formulation.
- ``error_model``: per element the number of terms and the scale of the rounding error.
- ``second_order``: what double backward must return.
- ``arguments``, ``choices``: checks at the door; ``whole``: int64, exact or refused; ``complexes``: complex
  numbers from the real operator, whose parts ``pieces`` holds.
- ``numpy_backend``: the complete NumPy path; ``compiled`` and ``_kernels``: the compiled one, optional.
- ``compensated``: correctly rounded results, by ``numpy_dot2`` or ``_compensated``, and exactly by
  ``rounding``.
- ``threads``: sharing units of work.

The folder knows no framework and imports nothing of this project outside itself. docs/reference.md explains
the algorithm with a picture.
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
