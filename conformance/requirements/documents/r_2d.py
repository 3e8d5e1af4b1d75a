"""The claims of the reference page of R torch's ``nn_conv_transpose2d``."""

from __future__ import annotations

from typing import Final

from conv_transpose_conformance.frameworks.interface import described
from conv_transpose_conformance.requirements.base.requirement import Document, for_each, together
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.documents.torch_family import (
    columns_lost,
    not_inverse,
    shared_claims,
    strided,
    tuple_order,
    two_examples,
)
from conv_transpose_conformance.requirements.properties import output_sizes
from conv_transpose_conformance.requirements.properties.signatures import signature_as
from conv_transpose_conformance.requirements.properties.spellings import numbers_or_tuples

DOCUMENTS: Final = {
    "r-2d": Document(
        "R torch, nn_conv_transpose2d, reference page",
        "https://torch.mlverse.org/docs/reference/nn_conv_transpose2d",
    )
}
PAGE: Final = Page("R2", "r-2d", "r.torch.nn_conv_transpose2d", 2)
_ARGUMENTS: Final = PAGE.arguments[:-1]  # the page does not name padding_mode

REQUIREMENTS: Final = (
    PAGE.probed(
        "signature",
        f"The arguments are {described(_ARGUMENTS)}, TRUE being R's True; kernel, stride, padding, "
        "output_padding and dilation are numbers or tuples.",
        together(signature_as(_ARGUMENTS), numbers_or_tuples),
        quick=True,
        making=True,
    ),
    not_inverse(PAGE),
    columns_lost(PAGE),
    tuple_order(PAGE, "kernel_size, stride, padding and output_padding"),
    *shared_claims(
        PAGE,
        shapes="(N, C_in, H_in, W_in) gives (N, C_out, H_out, W_out)",
        filters="floor(out_channels / in_channels)",
    ),
    PAGE.probed(
        "output-size",
        "The exact size of the output can be given when the module is called.",
        for_each(output_sizes.every_size, strided(2)),
        note="tried with each size that an output padding below the stride reaches",
    ),
    *two_examples(PAGE),
)
