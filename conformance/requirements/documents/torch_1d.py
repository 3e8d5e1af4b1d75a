"""The claims of the reference page of ``torch.nn.ConvTranspose1d``."""

from __future__ import annotations

from typing import Final

from conv_transpose_conformance.frameworks.interface import described
from conv_transpose_conformance.requirements.base.requirement import Document, together
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.documents.torch_family import (
    not_inverse,
    on_devices,
    shared_claims,
)
from conv_transpose_conformance.requirements.properties.signatures import signature_as
from conv_transpose_conformance.requirements.properties.spellings import numbers_or_tuples

DOCUMENTS: Final = {
    "torch-1d": Document(
        "torch.nn.ConvTranspose1d, reference page",
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html",
    )
}
PAGE: Final = Page("T1", "torch-1d", "torch.nn.ConvTranspose1d", 1)

REQUIREMENTS: Final = (
    PAGE.probed(
        "signature",
        f"The arguments are {described(PAGE.arguments)}; kernel, stride, padding, output_padding and "
        "dilation are numbers or tuples.",
        together(
            signature_as(PAGE.arguments),
            numbers_or_tuples,
        ),
        quick=True,
        making=True,
    ),
    not_inverse(PAGE),
    *on_devices(PAGE),
    *shared_claims(PAGE, shapes="(N, C_in, L_in) or (C_in, L_in) gives (N, C_out, L_out) or (C_out, L_out)"),
)
