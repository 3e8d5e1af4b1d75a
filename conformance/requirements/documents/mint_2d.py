"""The claims of the reference page of ``mindspore.mint.nn.ConvTranspose2d``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.interface import described
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.judging.verdicts import Check, Verdict
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.requirement import Document, for_each
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed, reported, unsupported
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.documents.torch_family import unequal
from conv_transpose_conformance.requirements.properties import initial, relations
from conv_transpose_conformance.requirements.properties.parameter_sets import directed
from conv_transpose_conformance.requirements.properties.signatures import introspected, signature_as
from conv_transpose_conformance.requirements.refusals.invalid_call import refuses_all

DOCUMENTS: Final = {
    "mint-2d": Document(
        "mindspore.mint.nn.ConvTranspose2d, reference page",
        "https://gitee.com/mindspore/mindspore/blob/master/docs/api/api_python/mint/mindspore.mint.nn.ConvTranspose2d.rst",
    )
}
PAGE: Final = Page("M2", "mint-2d", "mindspore.mint.nn.ConvTranspose2d", 2)
_PLAIN: Final = "v1_2d_n1_ci2_co3_i3x4_k3x2_b_f32_int.1"
# output paddings that are below neither the stride nor the dilation
_TOO_LARGE: Final = (
    "v1_2d_n1_ci1_co1_i3x3_k3x3_op1x0_f32_int.1",
    "v1_2d_n1_ci1_co1_i3x3_k3x3_s2x2_op0x2_f32_int.1",
    "v1_2d_n1_ci1_co1_i3x3_k3x3_s2x2_op3x3_d3x3_f32_int.1",
)


def experimental(prober: Prober) -> Iterator[Trial]:
    """No call contradicts the announced changes; the present behaviour is reported."""
    trial = introspected(prober, PAGE.arguments)
    if trial.verdict is Verdict.UNSUPPORTED:
        yield trial
        return
    today = "matches the page" if trial.verdict is Verdict.PASS else f"differs from the page: {trial.message}"
    yield reported(f"a statement about the future; the interface exists, and its signature {today}")


def noncontiguous(prober: Prober) -> Iterator[Trial]:
    """An output padding of the stride or more is refused for a non-contiguous input."""
    case = Case.parse("v1_2d_n2_ci2_co2_i3x3_k3x3_op1x1_d2x2_f32_int.1")
    for view in ("transposed", "strided"):
        answer = prober.call(case, view=view, refusable=True)
        yield _refusal(answer, case, f"an input that is {view} in memory and an output_padding of the stride")
    yield from filter(None, [refuses_all(prober)])


def output_padding_limit(prober: Prober) -> Iterator[Trial]:
    """An output padding below neither stride nor dilation is refused."""
    for identifier in _TOO_LARGE:
        case = Case.parse(identifier)
        arrays = {name: array for name, array in prober.arrays(case).items() if name != "g"}
        answer = prober.call(case, arrays, refusable=True)
        yield _refusal(
            answer, case, f"output_padding {case.output_padding}, below neither stride nor dilation,"
        )
    yield from filter(None, [refuses_all(prober)])


def _refusal(answer: Answer, case: Case, what: str) -> Trial:
    """Returns the trial that a call is refused; without a kernel that might refuse it, it is unsupported."""
    if answer.outcome is Outcome.RAISED:
        return passed(case, answer.message)
    if answer.outcome is Outcome.OK:
        return differs(f"{what} is accepted; the output has the shape {list(answer.shape or ())}", case)
    if answer.outcome is Outcome.UNSUPPORTED and answer.shape is not None:
        message = f"{what} is not refused before the kernel, which is missing here: {answer.message}"
        return unsupported(message, case)
    return fault(answer, case) or passed(case)


def atlas_groups(prober: Prober) -> Iterator[Trial]:
    """Two groups in float32 are refused on Atlas training devices."""
    case = Case.parse("v1_2d_n1_ci4_co4_i3x3_k3x3_g2_f32_int.1")
    answer = prober.call(case, refusable=True)
    if answer.outcome is Outcome.OK:
        yield reported(
            "two groups in float32 are accepted: not an Atlas training device, or one that supports it",
            case,
        )
    else:
        yield _refusal(answer, case, "a call with two groups in float32")


def padding_mode(prober: Prober) -> Iterator[Trial]:
    """The value "zeros" is accepted; other names are refused when the layer is made or called."""
    case = Case.parse(_PLAIN)
    answer = prober.call(case, arguments={"padding_mode": "zeros"})
    if answer.outcome is Outcome.UNSUPPORTED and answer.stage == "forward":
        yield passed(case, f"the layer is built; {answer.message}")
    else:
        yield fault(answer, case) or passed(case)
    for kind in ("reflect", "replicate", "circular", "no kind of padding"):
        answer = prober.call(case, arguments={"padding_mode": kind}, refusable=True)
        yield _refusal(answer, case, f"padding_mode={kind!r}")


def dtype(prober: Prober) -> Iterator[Trial]:
    """Without a dtype the parameters are float32."""
    case = Case.parse(_PLAIN)
    answer = prober.ask("initial", case, {}, arguments={"dtype": None})
    trial = fault(answer, case)
    if trial is None:
        found = {name: str(array.dtype) for name, array in answer.arrays.items()}
        expected = dict.fromkeys(("weight", "bias"), "float32")
        trial = passed(case) if found == expected else differs(f"the parameters are {found}", case)
    yield trial


REQUIREMENTS: Final = (
    PAGE.probed(
        "signature",
        f"The arguments are {described(PAGE.arguments)}.",
        signature_as(PAGE.arguments),
        quick=True,
        making=True,
        severity=Severity.REFUSED,
    ),
    PAGE.probed(
        "adjoint",
        "The module can be seen as the gradient of Conv2d with respect to its input.",
        for_each(relations.adjoint, directed),
    ),
    PAGE.judged(
        "tuple-order",
        "kernel_size, stride, padding and output_padding are a number for both dimensions or a tuple, its "
        "element 0 for H and 1 for W.",
        (Check.SHAPE, Check.VALUES),
        unequal,
    ),
    PAGE.probed(
        "experimental",
        "The interface is experimental and may change or go.",
        experimental,
        quick=True,
        making=True,
        note="nothing that an interface does today contradicts it",
    ),
    PAGE.probed(
        "noncontiguous",
        "For inputs that are not contiguous output_padding must be less than stride.",
        noncontiguous,
        note="tried with an output_padding that the page allows for other inputs, below the dilation",
        severity=Severity.ACCEPTED,
    ),
    PAGE.probed(
        "atlas-groups",
        "On Atlas training products inputs of float32 support no more than one group.",
        atlas_groups,
        needs="ascend",
        severity=Severity.ACCEPTED,
    ),
    PAGE.probed(
        "output-padding-limit",
        "output_padding must be less than stride or dilation.",
        output_padding_limit,
        note="read as: less than the larger of the two, dimension by dimension; the other reading, less "
        "than both, would forbid more",
        severity=Severity.ACCEPTED,
    ),
    PAGE.probed(
        "padding-mode",
        "padding_mode names the mode of padding, of which 'zeros' alone is supported.",
        padding_mode,
        severity=Severity.ACCEPTED,
    ),
    PAGE.probed(
        "dtype",
        "With dtype=None the parameters are float32.",
        dtype,
        quick=True,
        making=True,
        severity=Severity.SHAPE,
    ),
    PAGE.probed(
        "weight",
        "The weight has the shape (in_channels, out_channels / groups, kernel_size[0], kernel_size[1]) "
        "and is drawn from U(-sqrt(k), sqrt(k)), k = groups / (C_out * kernel_size[0] * kernel_size[1]).",
        initial.weight,
        making=True,
    ),
    PAGE.probed(
        "bias",
        "The bias has the shape (out_channels) and the weight's distribution.",
        initial.bias,
        making=True,
    ),
    PAGE.judged(
        "shape",
        "(N, C_in, H_in, W_in) or (C_in, H_in, W_in) gives (N, C_out, H_out, W_out) or (C_out, H_out, "
        "W_out), in each dimension out = (in - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + "
        "output_padding + 1.",
        (Check.SHAPE,),
        lambda case: case.output_size is None,
        note="where the device has no kernel, the shape is the one that the compiler of graphs infers",
    ),
)
