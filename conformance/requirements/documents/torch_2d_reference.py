"""The claims of the reference page of ``torch.nn.ConvTranspose2d``."""

from __future__ import annotations

from typing import Final

from conv_transpose_conformance.frameworks.interface import described
from conv_transpose_conformance.requirements.base.requirement import Document, for_each, together
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.documents.torch_family import (
    not_inverse,
    on_devices,
    shared_claims,
    strided,
    tuple_order,
    two_examples,
)
from conv_transpose_conformance.requirements.properties import output_sizes, relations
from conv_transpose_conformance.requirements.properties.parameter_sets import directed, where
from conv_transpose_conformance.requirements.properties.signatures import signature_as
from conv_transpose_conformance.requirements.properties.spellings import numbers_or_tuples

DOCUMENTS: Final = {
    "torch-2d-reference": Document(
        "torch.nn.ConvTranspose2d, reference page",
        "https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html",
    )
}
PAGE: Final = Page("T2D", "torch-2d-reference", "torch.nn.ConvTranspose2d", 2)

REQUIREMENTS: Final = (
    PAGE.probed(
        "signature",
        f"The arguments are {described(PAGE.arguments)}; kernel, stride, padding, output_padding and "
        "dilation are numbers or tuples.",
        together(signature_as(PAGE.arguments), numbers_or_tuples),
        quick=True,
        making=True,
    ),
    not_inverse(PAGE),
    *on_devices(PAGE),
    PAGE.probed(
        "stride",
        "With a stride above 1 zeros are inserted between the elements of the input before the kernel is "
        "applied, which upsamples it.",
        for_each(relations.zero_insertion, where(lambda case: max(case.stride) > 1)),
    ),
    PAGE.probed(
        "stride.upsampling",
        "The insertion of zeros can increase the spatial resolution.",
        for_each(output_sizes.upsampling, directed),
        note="read as: an input longer by one makes an output longer by the stride",
    ),
    tuple_order(PAGE, "kernel_size, stride, padding and output_padding"),
    *shared_claims(
        PAGE,
        shapes="(N, C_in, H_in, W_in) or (C_in, H_in, W_in) gives (N, C_out, H_out, W_out) or (C_out, H_out, "
        "W_out)",
    ),
    PAGE.probed(
        "output-size",
        "The exact size of the output can be given when the layer is called.",
        for_each(output_sizes.every_size, strided(2)),
        note="tried with each size that an output padding below the stride reaches",
    ),
    *two_examples(PAGE),
)
