"""Claims about sizes: the output's lengths, and the effect of an argument on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import output_size
from conv_transpose_conformance.judging.answers import Outcome
from conv_transpose_conformance.requirements.base.comparing import NoResult, hold, result, shape, tried
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
            f"the output size {list(wanted)}, {extra} above the smallest, is refused: {answer.message}", asked
        )
    trial = fault(answer, asked)
    if trial is not None and not (prober.shape_only and answer.stage == "output"):
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
        return differs(f"output_size {list(wanted)}, {extra} above the smallest, is accepted", asked)
    if answer.outcome in (Outcome.OK, Outcome.RAISED):
        return passed(asked)
    trial = fault(answer, asked)
    assert trial is not None
    return trial


def interval(identifiers: Iterable[str], *, closed: bool) -> Callable[[Prober], Iterator[Trial]]:
    """Returns trials that each output size from L' to L' + stride is accepted and obeyed, others are not.

    L' is the length without output padding, along the last dimension; ``closed`` includes the upper end.
    """

    def trials(prober: Prober) -> Iterator[Trial]:
        for case in map(Case.parse, identifiers):
            end = case.stride[-1] + closed
            for extra in range(end):
                yield sized(prober, case, extra)
            for extra in (-1, end):
                yield refused(prober, case, extra)

    return trials


def size_is(formula: Callable[[int, int, int, int], int], words: str) -> Callable[[Prober, Case], Trial]:
    """Returns the check that each size is ``formula(size, stride, kernel, dilation)``, ``words`` in words."""

    @tried
    def check(prober: Prober, case: Case) -> Trial:
        found = shape(prober, case, _without_gradient(prober, case))[-case.ndim :]
        given = zip(case.input_size, case.stride, case.kernel_size, case.dilation, strict=True)
        expected = tuple(formula(*numbers) for numbers in given)
        if found == expected:
            return passed(case)
        return differs(f"the output has the size {list(found)}; {words} gives {list(expected)}", case)

    return check


@tried
def word_is_zero(prober: Prober, case: Case) -> Trial:
    """The output for a padding in words is that for a padding of zero."""
    arrays = _without_gradient(prober, case)
    plain = case.replace(padding=((0, 0),) * case.ndim)
    found = result(prober, case, arrays)
    hold({"output": found}, {"output": result(prober, plain, arrays)}, case, "the output without padding")
    return passed(case)


@tried
def same_cuts_halves(prober: Prober, case: Case) -> Trial:
    """With a stride of 1, 'same' cuts ``dilation * (kernel - 1)`` from the output, the odd one at the end."""
    arrays = _without_gradient(prober, case)
    full = result(prober, case.replace(padding=((0, 0),) * case.ndim), arrays)
    begins = [d * (k - 1) // 2 for d, k in zip(case.dilation, case.kernel_size, strict=True)]
    kept: Any = (
        ...,
        *(slice(at, at + size) for at, size in zip(begins, case.input_size, strict=True)),
    )
    why = "the output without padding, cut evenly at both ends"
    hold({"output": result(prober, case, arrays)}, {"output": full[kept]}, case, why)
    return passed(case)


@tried
def output_padding_is_zero(prober: Prober, case: Case) -> Trial:
    """The elements that output padding adds are zero."""
    plain = case.replace(output_padding=(0,) * case.ndim, bias=False)
    case = case.replace(bias=False)
    arrays = {name: array for name, array in prober.arrays(case).items() if name in ("x", "w")}
    found, without = (result(prober, one, arrays) for one in (case, plain))
    sizes = zip(found.shape, without.shape, strict=True)
    expected = np.pad(without, [(0, max(0, size - before)) for size, before in sizes])
    why = "the output without output padding, with zeros at its end"
    hold({"output": found}, {"output": expected}, case, why)
    return passed(case)


@tried
def padding_without_effect(prober: Prober, case: Case) -> Trial:
    """The output is that without padding."""
    plain = case.replace(padding=((0, 0),) * case.ndim)
    arrays = _without_gradient(prober, case)
    expected = {"output": result(prober, plain, arrays)}
    hold({"output": result(prober, case, arrays)}, expected, case, "the output without padding")
    return passed(case)


@tried
def convolution_maps_many(prober: Prober, case: Case) -> Trial:
    """The convolution maps ``stride`` lengths to one: the input's."""
    case = case.replace(bias=False)
    arrays = {name: array for name, array in prober.arrays(case).items() if name in ("x", "w")}
    there = result(prober, case, arrays)
    for extra in range(case.stride[-1]):
        y = np.zeros((*there.shape[:-1], there.shape[-1] + extra), there.dtype)
        back = result(prober, case, {**arrays, "y": y}, "convolve")
        if back.shape != arrays["x"].shape:
            return differs(
                f"the convolution maps the length {y.shape[-1]} to {back.shape[-1]}, not to "
                f"{case.input_size[-1]}",
                case,
            )
    return passed(case)


def every_size(prober: Prober, case: Case) -> Iterator[Trial]:
    """Each size from the least to below the stride above it, along the last dimension, can be asked for."""
    for extra in range(case.stride[-1]):
        yield sized(prober, case, extra)


def _without_gradient(prober: Prober, case: Case) -> dict[str, Any]:
    return {name: array for name, array in prober.arrays(case).items() if name != "g"}


def _raised(sizes: tuple[int, ...], at: int, by: int) -> tuple[int, ...]:
    raised = list(sizes)
    raised[at] += by
    return tuple(raised)
