"""Cases that several APIs cannot express."""

from __future__ import annotations

from conv_transpose_conformance.cases.case import Case


def needs_output_channels(case: Case) -> str | None:
    """Returns why a function without an out_channels argument cannot express the case, or None."""
    if case.groups > 0 and case.out_channels % case.groups:
        return "the function takes the output channels from the weight, so they are a multiple of groups"
    return None


def unlike_torch(case: Case) -> str | None:
    """Returns why an API with PyTorch's arguments cannot express the case, or None.

    Such an API takes symmetric paddings in numbers, and inputs with channels first.
    """
    if isinstance(case.padding, str):
        return "padding must be given in numbers"
    if not case.symmetric:
        return "padding must be the same on both sides of a dimension"
    if case.spelling not in ("plain", "tuple"):
        return "padding must be one number per dimension"
    if case.layout != "channels_first":
        return "no data-format argument: the input must have channels first"
    return None
