"""The claims of the reference page of ``torch.nn.ConvTranspose1d``."""

from __future__ import annotations

from typing import Final

from conv_transpose_conformance.frameworks.interface import described
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.requirements.base.requirement import Document, for_each, together
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.documents.torch_family import in_one_dimension
from conv_transpose_conformance.requirements.properties import devices, output_sizes
from conv_transpose_conformance.requirements.properties.parameter_sets import directed
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
        severity=Severity.REFUSED,
    ),
    PAGE.probed(
        "not-inverse",
        "It is no deconvolution: it does not compute a true inverse of convolution.",
        for_each(output_sizes.not_inverse, directed),
    ),
    PAGE.probed("tf32", "TensorFloat32 is supported.", devices.tf32, needs="cuda"),
    PAGE.probed(
        "rocm-fp16",
        "On certain ROCm devices, with float16 inputs, the backward pass has another precision.",
        devices.rocm_float16,
        needs="rocm",
        note="whichever precision the device has is in keeping with it, as long as it is at least bfloat16's",
    ),
    *in_one_dimension(
        PAGE, shapes="(N, C_in, L_in) or (C_in, L_in) gives (N, C_out, L_out) or (C_out, L_out)"
    ),
)
