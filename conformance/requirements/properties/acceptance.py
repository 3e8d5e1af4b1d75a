"""Requirements that every documented call works and is right, whatever the memory layout of the input."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.adapters.base import VIEWS
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance, explicit
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.verdicts import Check, Verdict
from conv_transpose_conformance.reference_impl import backward, forward
from conv_transpose_conformance.requirements.base.comparing import NoResult, hold, results
from conv_transpose_conformance.requirements.base.probe import Prober, fault, same
from conv_transpose_conformance.requirements.base.requirement import Judged, Probed, for_each
from conv_transpose_conformance.requirements.base.trial import (
    Trial,
    differs,
    not_applicable,
    passed,
    reported,
)
from conv_transpose_conformance.requirements.properties.parameter_sets import directed
from conv_transpose_conformance.requirements.refusals.invalid_call import geometry_of, tensors

Array = NDArray[Any]
Try = Callable[[], Trial]

_CHECKS: Final = (
    Check.ACCEPTANCE,
    Check.SHAPE,
    Check.VALUES,
    Check.GRAD_INPUT,
    Check.GRAD_WEIGHT,
    Check.GRAD_BIAS,
)
_SIZES: Final = ("kernel_size", "stride", "padding", "output_padding", "dilation")


def expected(prober: Prober, case: Case, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Returns the reference's output and gradients for these tensors."""
    geometry = prober.meaning(case).geometry
    assert geometry is not None, "the documents require the case"
    x, w, b = arrays["x"], arrays["w"], arrays.get("b")
    gradients = backward(x, w, arrays["g"], geometry=geometry)
    found = {
        "values": forward(x, w, b, geometry=geometry),
        "grad_input": gradients.x,
        "grad_weight": gradients.w,
    }
    return found if b is None else {**found, "grad_bias": gradients.bias}


def exact(prober: Prober, case: Case, words: str, *, plain: Case | None = None, **options: Any) -> Trial:
    """Compares the call with these options to the reference, element by element.

    Where the ``plain`` call (the same case without options) is as wrong, the options are not to blame.
    """
    arrays = prober.arrays(case)
    if options.get("view") == "broadcast":  # one image for the whole batch
        arrays["x"] = np.repeat(arrays["x"][:1], arrays["x"].shape[0], axis=0)
    if prober.shape_only:
        return _described(prober.call(case, arrays, **options), arrays["g"], case, words)
    found: Mapping[str, Array] = {}
    try:
        found = results(prober, case, arrays, **options)
        hold(found, expected(prober, case, arrays), case, f"the reference, {words}")
    except NoResult as ended:
        if (
            found
            and ended.trial.verdict is Verdict.DIVERGE
            and _as_ever(prober, plain or case, arrays, found)
        ):
            return reported(f"the result is wrong {words}, but it is the same for the plain call", case)
        return ended.trial
    return passed(case)


def _described(answer: Answer, like: Array, case: Case, words: str) -> Trial:
    """Checks that the answer's output has the shape and dtype of ``like``."""
    if answer.shape is None or answer.stage != "output":
        return fault(answer, case) or differs(f"{words} there is no output", case)
    if (answer.shape, answer.dtype) != (like.shape, str(like.dtype)):
        told, wanted = f"{answer.dtype}{list(answer.shape)}", f"{like.dtype}{list(like.shape)}"
        return differs(f"{words} the output is {told} instead of {wanted}", case)
    return passed(case, f"only shape and dtype: {answer.message}")


def _as_ever(prober: Prober, plain: Case, arrays: Mapping[str, Array], found: Mapping[str, Array]) -> bool:
    """Whether the plain call gives the same results."""
    ever = prober.call(plain, arrays).arrays
    return found.keys() == ever.keys() and all(same(found[name], ever[name]) for name in ever)


def in_view(view: str, prober: Prober, case: Case) -> Trial:
    """Checks an input with an unusual memory layout."""
    return exact(prober, case, f"for an input that is {view.replace('_', ' ')}", view=view)


def empty_batch(prober: Prober, case: Case) -> Trial:
    """An empty batch gives an empty output, and zero gradients for the parameters."""
    case = case.replace(batch=0)
    if not prober.expresses(case):
        return not_applicable("the API cannot express an empty batch")
    geometry = geometry_of(case)
    assert geometry is not None, "it is a valid case but for the batch"
    gradient = np.zeros((0, case.out_channels, *geometry.output_size), np.float32)
    answer = prober.call(case, {**tensors(case), "g": gradient}, refusable=True, infer=False)
    if answer.outcome is Outcome.RAISED and answer.stage in ("construct", "forward"):
        return reported(f"refused in {answer.stage}: {answer.message}", case)
    if prober.shape_only:
        return _described(answer, gradient, case, "for an empty batch")
    trial = fault(answer, case)
    if trial is not None:
        return trial
    if answer.shape != gradient.shape:
        return differs(
            f"an empty batch gives the shape {list(answer.shape or ())} instead of {list(gradient.shape)}",
            case,
        )
    for name, array in answer.arrays.items():
        if name.startswith("grad_") and array.any():
            return differs(f"an empty batch gives a non-zero {name}", case)
    return passed(case)


def _spelled(prober: Prober) -> Iterator[Try]:
    """Yields every documented spelling of the same paddings, and one with different sides."""
    paddings: tuple[tuple[tuple[int, int], ...], ...] = (
        (((1, 1),), ((2, 2),), ((1, 0),), ((0, 2),), ((2, 1),))
        if prober.ndim == 1
        else (((1, 1), (1, 1)), ((1, 1), (2, 2)), ((1, 0), (0, 1)), ((0, 1), (2, 3)), ((3, 2), (1, 0)))
    )
    plain = Case.parse(
        "v1_1d_n2_ci2_co3_i5_k4_s2_b_f32_int.21"
        if prober.ndim == 1
        else "v1_2d_n2_ci2_co3_i5x4_k4x5_s2x1_b_f32_int.21"
    )
    for padding in paddings:
        for spelling in ("plain", "tuple", "sides", "nested"):
            for layout in ("channels_first", "channels_last"):
                case = plain.replace(padding=padding, spelling=spelling, layout=layout)
                if prober.requires(case):
                    words = f"for a padding written in the form {spelling!r}"
                    simple = case.replace(spelling="plain", layout="channels_first")
                    yield partial(exact, prober, case, words, plain=simple)


def _sequences(prober: Prober) -> Iterator[Try]:
    """Yields one number for each dimension, in every documented type of each argument."""
    case = Case.parse(
        "v1_1d_n2_ci2_co3_i4_k3_s3_p1_op1_d2_b_f32_int.22"
        if prober.ndim == 1
        else "v1_2d_n2_ci2_co3_i4x3_k3x2_s3x2_p1x0_op1x0_d2x1_b_f32_int.22"
    )
    if not prober.expresses(case):
        case = case.replace(output_padding=(0,) * case.ndim)
    if not prober.documented.padding_by_dimension:
        case = case.replace(padding=((1, 1),) * case.ndim)  # documented: a number, or one for each side
    if not prober.requires(case):
        return
    for kind in prober.documented.sequences:
        for role in _SIZES:
            if role == "kernel_size" and not prober.module:
                continue
            if role == "output_padding" and not any(case.output_padding):
                continue
            values = list(getattr(case, role))
            if role == "padding":
                if not prober.documented.padding_by_dimension:
                    continue
                values = [sides[0] for sides in case.padding]
            written = {"tuple": values} if kind == "tuple" else values
            yield partial(exact, prober, case, f"for the {role} as a {kind}", arguments={role: written})


def _probed(
    identifier: str, statement: str, trials: Callable[[Prober], Iterator[Trial]], **others: Any
) -> Probed:
    return Probed(id=f"accept.{identifier}", statement=statement, source="suite", trials=trials, **others)


def _judged(identifier: str, statement: str, of: Callable[[Case], bool]) -> Judged:
    return Judged(
        id=f"accept.{identifier}",
        statement=statement,
        source="suite",
        checks=_CHECKS,
        of=lambda case: of(case) and is_possible(case),
        working=True,
    )


def is_possible(case: Case) -> bool:
    """Whether a transposed convolution with these arguments exists; invalid calls are tested elsewhere."""
    if isinstance(case.padding, str):
        case = case.replace(padding=((0, 0),) * case.ndim)
    return explicit(case).acceptance is not Acceptance.FORBIDDEN


def _each(*names: str, any_of: Callable[..., bool]) -> Callable[[Case], bool]:
    """Returns the predicate that ``any_of`` holds in at least one dimension."""
    return lambda case: any(any_of(*found) for found in zip(*(getattr(case, n) for n in names), strict=True))


def _trials(tries: Callable[[Prober], Iterator[Try]]) -> Callable[[Prober], Iterator[Trial]]:
    """Returns the trials up to the first call that cannot be made, or a trial that there are none."""

    def trials(prober: Prober) -> Iterator[Trial]:
        waiting = list(tries(prober))
        if not waiting:
            yield not_applicable("the API documents only one spelling")
            return
        for one in prober.limited(waiting):
            trial = one()
            yield trial
            if trial.verdict in (Verdict.UNSUPPORTED, Verdict.CRASH, Verdict.HANG):
                return

    return trials


_WORDS: Final = {
    "channels_last": "with channels last in memory",
    "strided": "with gaps between its elements",
    "transposed": "with its first and last dimensions exchanged in memory",
    "flipped": "with negative strides",
    "broadcast": "that repeats one image by a stride of zero",
}

REQUIREMENTS: Final = (
    _judged(
        "output-padding-beyond-stride",
        "output_padding ≥ stride must give correct values where output_padding < dilation.",
        _each("output_padding", "stride", "dilation", any_of=lambda op, s, d: s <= op < d),
    ),
    _judged(
        "stride-beyond-kernel",
        "A stride larger than the dilated kernel must leave positions that contain only the bias.",
        _each("stride", "kernel_size", "dilation", any_of=lambda s, k, d: s > d * (k - 1) + 1),
    ),
    _judged(
        "kernel-1",
        "A kernel with one tap must give correct values for every stride and dilation.",
        lambda case: set(case.kernel_size) == {1},
    ),
    _judged(
        "sides",
        "Paddings that differ between the two sides of a dimension must give correct values, if the API "
        "takes them.",
        lambda case: not isinstance(case.padding, str) and not case.symmetric,
    ),
    _judged(
        "padding-words",
        "A padding in words must give what the API's document says about the word.",
        lambda case: isinstance(case.padding, str),
    ),
    _judged(
        "layout",
        "Channels-last data must give the same values.",
        lambda case: case.layout == "channels_last",
    ),
    _judged(
        "unbatched",
        "An input without a batch dimension must give correct values.",
        lambda case: case.batch is None,
    ),
    _judged(
        "output-size",
        "An output_size that some output padding reaches must give that size and the corresponding values.",
        lambda case: case.output_size is not None,
    ),
    _probed(
        "padding-spelling",
        "Every documented spelling of a padding must give the same result, also with different sides.",
        _trials(_spelled),
    ),
    _probed(
        "sequence",
        "Every documented sequence type must work for one number per dimension.",
        _trials(_sequences),
    ),
    *(
        _probed(
            f"view.{view.replace('_', '-')}",
            f"An input {_WORDS[view]} must give the same output and gradients.",
            for_each(partial(in_view, view), directed),
        )
        for view in VIEWS
        if view != "contiguous"
    ),
    _probed(
        "empty-batch",
        "An empty batch must be refused, or give an empty output and zero gradients.",
        for_each(empty_batch, directed),
    ),
)
