"""The claims of the reference page of R torch's ``nn_conv_transpose1d``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.interface import described
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.requirement import DEFINITION, Document
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed, reported
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.documents.torch_family import in_one_dimension
from conv_transpose_conformance.requirements.properties import output_sizes
from conv_transpose_conformance.requirements.properties.signatures import signature_as

DOCUMENTS: Final = {
    "r-1d": Document(
        "R torch, nn_conv_transpose1d, reference page",
        "https://torch.mlverse.org/docs/reference/nn_conv_transpose1d",
    )
}
PAGE: Final = Page("R1", "r-1d", "r.torch.nn_conv_transpose1d", 1)
_UNPADDED: Final = (
    "v1_1d_n1_ci1_co1_i4_k2_f32_int.1",
    "v1_1d_n1_ci1_co1_i5_k3_s2_f32_int.1",
    "v1_1d_n1_ci1_co1_i5_k5_s3_f32_int.1",
)
KINDS: Final = ("zeros", "reflect", "replicate", "circular")


def padding_mode(prober: Prober) -> Iterator[Trial]:
    """Each of the four padding modes gives an output."""
    case = Case.parse("v1_1d_n1_ci2_co2_i5_k3_p1_f32_int.1")
    arrays = {name: array for name, array in prober.arrays(case).items() if name != "g"}
    for kind in KINDS:
        answer = prober.call(case, arrays, arguments={"padding_mode": kind}, refusable=True)
        trial = fault(answer, case)
        yield (
            passed(case)
            if trial is None
            else Trial(trial.verdict, f"padding_mode={kind!r}: {trial.message}", case)
        )
    other = prober.call(case, arrays, arguments={"padding_mode": "no kind of padding"}, refusable=True)
    if fault(other) is None:
        yield reported("a name beside the four is accepted too", case)


def example(prober: Prober) -> Iterator[Trial]:
    """The page's own example runs; its output's shape is that of the page's formula."""
    case = Case.parse("v1_1d_n10_ci32_co16_i2_k2_b_f32_real.1")
    answer = prober.call(case, {"x": prober.arrays(case)["x"]})
    trial = fault(answer, case)
    if trial is None and answer.shape != (10, 16, 3):
        trial = differs(f"the output has the shape {list(answer.shape or ())} rather than [10, 16, 3]", case)
    yield trial or passed(case)


REQUIREMENTS: Final = (
    PAGE.probed(
        "signature",
        f"The arguments are {described(PAGE.arguments)}, TRUE being R's True.",
        signature_as(PAGE.arguments),
        quick=True,
        making=True,
        severity=Severity.REFUSED,
    ),
    PAGE.probed(
        "padding-mode",
        "padding_mode is 'zeros', 'reflect', 'replicate' or 'circular'.",
        padding_mode,
        quick=True,
        note="read as: each of the four is accepted",
        severity=Severity.REFUSED,
    ),
    PAGE.probed(
        "columns-lost",
        "Depending on the size of the kernel several of the last columns of the input may be lost, as it "
        "is a valid and not a full cross-correlation.",
        lambda prober: [output_sizes.columns_are_lost(prober, map(Case.parse, _UNPADDED))],
        quick=True,
        note="judged as written, without padding, as the page leaves that to the user: for some kernel a "
        "column is without effect. The sentence is one of Conv1d's page; read as no more than a 'may' it "
        "could not fail",
        contradicts=(DEFINITION,),
    ),
    *in_one_dimension(PAGE, shapes="(N, C_in, L_in) gives (N, C_out, L_out)"),
    PAGE.probed(
        "example",
        "nn_conv_transpose1d(32, 16, 2) runs on an input of the shape (10, 32, 2).",
        example,
        quick=True,
    ),
)
