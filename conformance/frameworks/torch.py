"""PyTorch, from the docstrings of ``torch.nn.ConvTranspose1d/2d`` and ``torch.nn.functional``.

The formula, the divisibility by groups and ``output_size`` in ``forward`` are documented.  No document
bounds ``output_padding``; up to the larger of stride and dilation, what stands there is computed like
the rest.  Beyond, the documents leave open whether a call is refused.
"""

from __future__ import annotations

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import (
    Meaning,
    beyond,
    explicit,
    stride_or_dilation,
    unspecified,
)


def interpret(case: Case, implementation: str) -> Meaning:
    """See the module's page."""
    del implementation  # the four forms are documented alike
    too_far = beyond(case, stride_or_dilation(case))
    return explicit(case, [unspecified("output_padding is not below stride or dilation")] if too_far else ())
