"""PaddlePaddle, from the docstrings of ``Conv1DTranspose``, ``Conv2DTranspose`` and the functional forms.

They bound the output length by ``[L', L' + stride]``, in some places with the upper end and in others
without: an output padding below the stride is documented, the stride itself and more is left open.
The length documented for ``"SAME"``, ``(L_in + stride - 1) / stride``, is that of a convolution and
contradicts the rest of the page.
"""

from __future__ import annotations

from conformance.case import Case
from conformance.semantics.meaning import Meaning, beyond, explicit, unspecified


def interpret(case: Case, implementation: str) -> Meaning:
    """See the module's page."""
    del implementation  # the four forms are documented alike
    if case.padding == "same":
        return unspecified("the documented length of 'SAME' is that of a convolution")
    if case.padding == "valid":
        case = case.replace(padding=((0, 0),) * case.ndim)
    more = [unspecified("output_padding is not below the stride")] if beyond(case, case.stride) else []
    return explicit(case, more)
