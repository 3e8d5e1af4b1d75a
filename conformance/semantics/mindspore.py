"""MindSpore, from the docstrings of ``nn.Conv1dTranspose/Conv2dTranspose`` and ``mint.nn.ConvTranspose2d``.

Both bound ``output_padding``: ``[0, max(stride, dilation))`` in ``nn``, "less than stride or dilation" in
``mint``.  The ``nn`` classes document dilations only up to the input's size.  Of ``pad_mode``, the formulas
given for ``"same"`` in 1-D and ``"valid"`` in 2-D contradict the words above them.
"""

from __future__ import annotations

from conformance.case import Case
from conformance.semantics.meaning import (
    Acceptance,
    Meaning,
    beyond,
    explicit,
    forbidden,
    stride_or_dilation,
    unspecified,
)


def interpret(case: Case, implementation: str) -> Meaning:
    """See the module's page."""
    if case.padding == "same" or (case.padding == "valid" and case.ndim == 2):
        return unspecified(f"the documented formula of pad_mode {case.padding!r} contradicts its description")
    if case.padding == "valid":
        case = case.replace(padding=((0, 0),))
    assert not isinstance(case.padding, str)
    if any(side < 0 for pair in case.padding for side in pair):
        return forbidden(f"padding {case.padding} has an entry below 0")
    meaning = explicit(case)
    if meaning.acceptance is not Acceptance.REQUIRED:
        return meaning
    if beyond(case, stride_or_dilation(case)):
        return forbidden(f"output_padding {case.output_padding} is not below stride or dilation")
    in_range = all(d <= max(size, 1) for d, size in zip(case.dilation, case.input_size, strict=True))
    if implementation.startswith("mindspore.nn.") and not in_range:
        return unspecified("dilation is beyond the documented range, 1 to the input's size")
    return meaning
