"""MindSpore, from the docstrings of ``nn.Conv1dTranspose/Conv2dTranspose`` and ``mint.nn.ConvTranspose2d``.

Both bound ``output_padding``: ``[0, max(stride, dilation))`` in ``nn``, "less than stride or dilation" in
``mint``.  The ``nn`` classes say that channels below 1 and paddings below 0 raise; they document dilations
only up to the input's size, and an ``output_padding`` only beside ``pad_mode="pad"``.  Of ``pad_mode``, the
formulas given for ``"same"`` in 1-D and ``"valid"`` in 2-D contradict the words above them, the first but
for a stride of 1.  ``"same"``, there and in 2-D, gives the input's size times the stride; what is cut for
that is halved, the odd position going to the end.  ``nn.Conv2dTranspose`` calls ``output_padding`` a padding
of the output, and itself the gradient of ``Conv2d``: the second is followed, so that what stands there is
computed.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import (
    NEGATIVE_OUTPUT_PADDING,
    NO_CHANNELS,
    Acceptance,
    Meaning,
    beyond,
    explicit,
    forbidden,
    stride_or_dilation,
    unspecified,
)

# what raises by the words of nn's pages
_STATED: Final = {
    NEGATIVE_OUTPUT_PADDING: "an output_padding is below 0",
    NO_CHANNELS: "in_channels or out_channels is below 1",
}


def interpret(case: Case, implementation: str) -> Meaning:
    """See the module's page."""
    if isinstance(case.padding, str):
        found = _in_numbers(case, case.padding)
        if isinstance(found, Meaning):
            return found
        case = found
    assert not isinstance(case.padding, str)
    in_nn = implementation.startswith("mindspore.nn.")
    if in_nn and any(side < 0 for pair in case.padding for side in pair):
        return forbidden(f"padding {case.padding} has an entry below 0")
    more = []
    if beyond(case, stride_or_dilation(case)):
        more.append(forbidden(f"output_padding {case.output_padding} is not below stride or dilation"))
    in_range = all(d <= max(size, 1) for d, size in zip(case.dilation, case.input_size, strict=True))
    if in_nn and not in_range:
        more.append(unspecified("dilation is beyond the documented range, 1 to the input's size"))
    meaning = explicit(case, more)
    stated = _STATED.get(meaning.reason) if in_nn else None
    return meaning if stated is None else evolve(forbidden(stated), alone=meaning.alone)


def _in_numbers(case: Case, mode: str) -> Case | Meaning:
    """The case with its padding in numbers, or what is to be said without them."""
    unpadded = case.replace(padding=((0, 0),) * case.ndim)
    whatever_is_cut = explicit(unpadded)
    if whatever_is_cut.acceptance is Acceptance.FORBIDDEN:
        return whatever_is_cut
    if any(case.output_padding):
        return forbidden(f"output_padding {case.output_padding} is given and pad_mode is not 'pad'")
    if (mode == "valid" and case.ndim == 2) or (mode == "same" and case.ndim == 1 and case.stride != (1,)):
        return unspecified(f"the documented formula of pad_mode {mode!r} contradicts its description")
    if mode == "valid":
        return unpadded
    cut = [
        dilation * (kernel - 1) + 1 - stride
        for dilation, kernel, stride in zip(case.dilation, case.kernel_size, case.stride, strict=True)
    ]
    if min(cut) < 0:
        return unspecified("pad_mode 'same' with a stride beyond the kernel leaves nothing to cut")
    return case.replace(padding=tuple((total // 2, total - total // 2) for total in cut))
