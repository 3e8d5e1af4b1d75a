"""What several APIs have no way to say."""

from __future__ import annotations

from conv_transpose_conformance.cases.case import Case


def needs_output_channels(case: Case) -> str | None:
    """Why a function that takes the output channels from its weight cannot say the case, or None."""
    if case.groups > 0 and case.out_channels % case.groups:
        return "the functional form takes the output channels from the weight: groups times a whole number"
    return None


def unlike_torch(case: Case) -> str | None:
    """Why an API with PyTorch's arguments cannot say the case, or None.

    Padding is symmetric and in numbers, the layout channels first.
    """
    if isinstance(case.padding, str):
        return "padding is given in numbers only"
    if not case.symmetric:
        return "padding is the same on both sides of a dimension"
    if case.spelling not in ("plain", "tuple"):
        return "padding is one number per dimension"
    if case.layout != "channels_first":
        return "no data-format argument: the input is channels first"
    return None
