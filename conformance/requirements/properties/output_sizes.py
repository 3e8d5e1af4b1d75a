"""Claims about sizes: the output's lengths, and the effect of an argument on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import output_size
from conv_transpose_conformance.judging.answers import Outcome
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.requirements.base.comparing import NoResult, result, shape, tried
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed


def ambiguous(prober: Prober, case: Case) -> Iterator[Trial]:
    """The convolution maps ``stride`` lengths to one; output paddings below the stride restore each."""
    case = case.replace(bias=False, output_padding=(0,) * case.ndim)
    for extra in range(case.stride[-1]):
        way = case.replace(output_padding=(*case.output_padding[:-1], extra))
        yield _there_and_back(prober, way)


@tried
def _there_and_back(prober: Prober, case: Case) -> Trial:
    arrays = {name: array for name, array in prober.arrays(case).items() if name in ("x", "w")}
    there = result(prober, case, arrays)
    sizes, expected = there.shape[-case.ndim :], output_size(case, case.output_padding)
    if sizes != expected:
        return differs(f"the output has the size {list(sizes)} instead of {list(expected)}", case)
    back = result(prober, case, {**arrays, "y": there}, "convolve")
    if back.shape[-case.ndim :] != case.input_size:
        found = list(back.shape[-case.ndim :])
        return differs(
            f"its convolution maps the size {list(sizes)} to {found}, not to {list(case.input_size)}", case
        )
    return passed(case)


@tried
def upsampling(prober: Prober, case: Case) -> Trial:
    """One more input element, in each dimension in turn, lengthens the output by the stride."""
    case = case.replace(bias=False)
    w = prober.arrays(case)["w"]

    def size(case: Case) -> tuple[int, ...]:
        return shape(prober, case, {"x": prober.arrays(case)["x"], "w": w})[-case.ndim :]

    before = size(case)
    for at, stride in enumerate(case.stride):
        longer = case.replace(input_size=_raised(case.input_size, at, 1))
        grown = [a - b for a, b in zip(size(longer), before, strict=True)]
        expected = [stride if axis == at else 0 for axis in range(case.ndim)]
        if grown != expected:
            return differs(
                f"one more element in dimension {at} makes the output longer by {grown}, not by {expected}",
                case,
            )
    return passed(case)


@tried
def output_padding_grows(prober: Prober, case: Case) -> Trial:
    """Output padding leaves the output as it is and adds that many elements at its end."""
    plain = case.replace(output_padding=(0,) * case.ndim)
    arrays = {name: array for name, array in prober.arrays(case).items() if name != "g"}
    found, without = (result(prober, one, arrays) for one in (case, plain))
    sizes = without.shape[-case.ndim :]
    grown = [a - b for a, b in zip(found.shape[-case.ndim :], sizes, strict=True)]
    if grown != list(case.output_padding):
        return differs(f"the output grows by {grown}, not by {list(case.output_padding)}", case)
    kept: Any = (..., *(slice(0, size) for size in sizes))
    if not np.array_equal(found[kept], without):
        return differs("the output differs before its added end", case)
    return passed(case)


@tried
def padding_pads_the_input(prober: Prober, case: Case) -> Trial:
    """A padding equals that many zeros on both sides of the input."""
    assert not isinstance(case.padding, str)
    padded = case.replace(
        padding=((0, 0),) * case.ndim,
        input_size=tuple(
            size + before + after for size, (before, after) in zip(case.input_size, case.padding, strict=True)
        ),
    )
    arrays = {name: array for name, array in prober.arrays(case).items() if name != "g"}
    x = np.pad(arrays["x"], [(0, 0)] * (arrays["x"].ndim - case.ndim) + list(case.padding))
    found, expected = result(prober, case, arrays), result(prober, padded, {**arrays, "x": x})
    if found.shape != expected.shape:
        sizes = [list(array.shape[-case.ndim :]) for array in (found, expected)]
        return differs(
            f"the output has the size {sizes[0]}; with these zeros around the input instead of padding it "
            f"has {sizes[1]}",
            case,
        )
    if not np.array_equal(found, expected):
        return differs(
            "the values differ from those with these zeros around the input instead of padding", case
        )
    return passed(case)


def columns_are_lost(prober: Prober, cases: Iterable[Case]) -> Trial:
    """In some cases an input column has no effect on the output, as in a valid cross-correlation."""
    lengths = []
    for case in cases:
        try:
            reaching, length = _reaching(prober, case.replace(bias=False))
        except NoResult as ended:
            return ended.trial
        if reaching < case.input_size[-1]:
            return passed(case)
        lengths.append(f"{length} for kernel {case.kernel_size[-1]} and stride {case.stride[-1]}")
    return differs(
        "every column reaches the output, whose length is that of a full cross-correlation: "
        + ", ".join(lengths),
        case,
    )


def _reaching(prober: Prober, case: Case) -> tuple[int, int]:
    """Returns the number of columns with an effect, and the length of the output."""
    like = {name: array for name, array in prober.arrays(case).items() if name in ("x", "w")}
    w, reaching, length = np.ones_like(like["w"]), 0, 0
    for column in range(case.input_size[-1]):
        x = np.zeros_like(like["x"])
        x[..., column] = 1
        found = result(prober, case, {"x": x, "w": w})
        reaching, length = reaching + bool(found.any()), found.shape[-1]
    return reaching, length


@tried
def not_inverse(prober: Prober, case: Case) -> Trial:
    """The matching convolution does not restore the input."""
    case = case.replace(bias=False)
    arrays = {name: array for name, array in prober.arrays(case).items() if name in ("x", "w")}
    there = result(prober, case, arrays)
    back = result(prober, case, {**arrays, "y": there}, "convolve")
    if back.shape == arrays["x"].shape and np.array_equal(back, arrays["x"]):
        return differs("the convolution of its output is the input itself", case)
    return passed(case)


def sized(prober: Prober, case: Case, extra: int) -> Trial:
    """The output size ``extra`` above the least, along the last dimension, is accepted and obeyed."""
    wanted = _raised(output_size(case, (0,) * case.ndim), -1, extra)
    asked = case.replace(output_padding=(0,) * case.ndim, output_size=wanted)
    answer = prober.call(asked, _without_gradient(prober, case), refusable=not prober.requires(asked))
    if answer.outcome is Outcome.RAISED:
        return differs(
            f"the output size {list(wanted)}, {extra} above the smallest, is refused: {answer.message}",
            asked,
            Severity.REFUSED,
        )
    trial = fault(answer, asked)
    if trial is not None:
        return trial
    found = (answer.shape or ())[-case.ndim :]
    if found != wanted:
        return differs(f"output_size {list(wanted)} gives the size {list(found)}", asked)
    return passed(asked)


def refused(prober: Prober, case: Case, extra: int) -> Trial:
    """An output size outside the documented range is refused, or not obeyed."""
    wanted = _raised(output_size(case, (0,) * case.ndim), -1, extra)
    asked = case.replace(output_padding=(0,) * case.ndim, output_size=wanted)
    answer = prober.call(asked, _without_gradient(prober, case), refusable=True)
    if answer.outcome is Outcome.OK and (answer.shape or ())[-case.ndim :] == wanted:
        return differs(
            f"output_size {list(wanted)}, {extra} above the smallest, is accepted", asked, Severity.ACCEPTED
        )
    if answer.outcome in (Outcome.OK, Outcome.RAISED):
        return passed(asked)
    trial = fault(answer, asked)
    assert trial is not None
    return trial


def _without_gradient(prober: Prober, case: Case) -> dict[str, Any]:
    return {name: array for name, array in prober.arrays(case).items() if name != "g"}


def _raised(sizes: tuple[int, ...], at: int, by: int) -> tuple[int, ...]:
    raised = list(sizes)
    raised[at] += by
    return tuple(raised)
