"""R torch, from the pages of ``nn_conv_transpose1d/2d`` and ``nnf_conv_transpose1d/2d``.

Formula, divisibility by groups and an input with a batch are documented; of ``output_size`` in a module's
``forward`` the 2-D page says that it gives the exact size.  An input without a batch is on no page.  Nor is a
bound of ``output_padding``; up to the larger of stride and dilation, what stands there is computed like the
rest.  Beyond, the pages leave open whether a call is refused.  The functions' pages give the weight the
layout of an ordinary convolution's; the modules', whose weights have the transposed one, are followed.
"""

from __future__ import annotations

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import (
    Acceptance,
    Meaning,
    beyond,
    explicit,
    stride_or_dilation,
    unspecified,
)


def interpret(case: Case, implementation: str) -> Meaning:
    """See the module's page."""
    del implementation  # the four forms are documented alike
    meaning = explicit(case)
    if meaning.acceptance is not Acceptance.REQUIRED:
        return meaning
    if case.batch is None:
        return unspecified("an input without a batch is not documented")
    if beyond(case, stride_or_dilation(case)):
        return unspecified("output_padding is not below stride or dilation")
    return meaning
