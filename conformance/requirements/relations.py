"""Relations that need no reference: what an implementation must agree with itself about.

On integers they hold exactly, in whatever order an algorithm sums.  Each function tries one parameter set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from attrs import evolve
from numpy.typing import NDArray

from conformance.case import Case
from conformance.requirements.bench import Bench, same
from conformance.requirements.counterpart import counterpart
from conformance.requirements.parameter_sets import directed, every_other
from conformance.requirements.requirement import (
    Probed,
    Trial,
    differs,
    for_each,
    not_applicable,
    passed,
    reported,
    unsupported,
)
from conformance.requirements.results import NoResult, hold, integers, result, results, tried
from conformance.verdicts import Verdict

Array = NDArray[Any]


@tried
def adjoint(bench: Bench, case: Case) -> Trial:
    """``<convolution(y, w), x> = <y, transposed convolution(x, w)>``."""
    case = case.replace(bias=False)
    arrays = bench.arrays(case)
    x, w, y = arrays["x"], arrays["w"], arrays["g"]
    forward = result(bench, case, {"x": x, "w": w})
    convolved = result(bench, case, {"x": x, "w": w, "y": y}, "convolve")
    if any(case.output_padding):  # the convolution reaches further than the input does
        reached: Any = (..., *(slice(0, size) for size in case.input_size))
        convolved = convolved[reached]
    if convolved.shape != x.shape:
        return differs(f"its convolution gives the shape {list(convolved.shape)}, not {list(x.shape)}", case)
    left = np.vdot(convolved.astype(np.float64), x.astype(np.float64))
    right = np.vdot(y.astype(np.float64), forward.astype(np.float64))
    if left != right:
        return differs(
            f"<convolution(y), x> = {left:.17g} and <y, transposed convolution(x)> = {right:.17g}", case
        )
    return passed(case)


@tried
def linear_in_input(bench: Bench, case: Case) -> Trial:
    """``f(2 x - 3 x', w) = 2 f(x, w) - 3 f(x', w)``, without a bias."""
    return _linear_in("x", bench, case)


@tried
def linear_in_weight(bench: Bench, case: Case) -> Trial:
    """``f(x, 2 w - 3 w') = 2 f(x, w) - 3 f(x, w')``, without a bias."""
    return _linear_in("w", bench, case)


def _linear_in(name: str, bench: Bench, case: Case) -> Trial:
    case = case.replace(bias=False)
    like = bench.arrays(case)
    given = {other: integers(case, other, like[other].shape) for other in "xw"}
    first, second = (integers(case, stream, like[name].shape) for stream in ("first", "second"))
    sum_ = 2 * first - 3 * second
    one, two, both = (result(bench, case, {**given, name: a}) for a in (first, second, sum_))
    why = f"2 f({name}) - 3 f({name}') for 2 {name} - 3 {name}'"
    hold({"output": both}, {"output": 2 * one - 3 * two}, case, why)
    return passed(case)


@tried
def groups_side_by_side(bench: Bench, case: Case) -> Trial:
    """A layer with groups is as many layers side by side, each on its share of the channels."""
    groups, axis = case.groups, _channels(case)
    alone = case.replace(
        in_channels=case.in_channels // groups, out_channels=case.out_channels // groups, groups=1
    )
    arrays = bench.arrays(case)
    axes = {"x": axis, "w": 0, "b": 0, "g": axis}
    parts = [
        results(bench, alone, dict(zip(arrays, part, strict=True)))
        for part in zip(*(np.split(a, groups, axes[name]) for name, a in arrays.items()), strict=True)
    ]
    axes = {"values": axis, "grad_input": axis, "grad_weight": 0, "grad_bias": 0}
    expected = {name: np.concatenate([part[name] for part in parts], axes[name]) for name in parts[0]}
    hold(results(bench, case, arrays), expected, case, f"that of {groups} layers side by side")
    return passed(case)


@tried
def dilation_as_explicit_kernel(bench: Bench, case: Case) -> Trial:
    """A dilated kernel is a larger one with zeros between its taps."""
    sizes = tuple(d * (k - 1) + 1 for k, d in zip(case.kernel_size, case.dilation, strict=True))
    wide = case.replace(kernel_size=sizes, dilation=(1,) * case.ndim)
    if not bench.requires(wide):
        return not_applicable("the call with the explicit kernel is not one that must work")
    arrays = bench.arrays(case)
    taps: Any = (..., *(slice(None, None, d) for d in case.dilation))
    w = np.zeros((*arrays["w"].shape[:2], *sizes), arrays["w"].dtype)
    w[taps] = arrays["w"]
    expected = dict(results(bench, wide, {**arrays, "w": w}))
    if "grad_weight" in expected:
        expected["grad_weight"] = expected["grad_weight"][taps]
    hold(results(bench, case, arrays), expected, case, f"that of the explicit kernel of size {list(sizes)}")
    return passed(case)


@tried
def zero_insertion(bench: Bench, case: Case) -> Trial:
    """Zeros between the input's elements and around them, then the framework's own convolution.

    Its weight is the given one, flipped, with input and output channels exchanged.
    """
    arrays = bench.arrays(case)
    found = result(bench, case, {name: a for name, a in arrays.items() if name != "g"})
    spread = _spread(case, arrays["x"])
    w = arrays["w"]
    split = w.reshape(case.groups, w.shape[0] // case.groups, *w.shape[1:])
    turned = np.flip(split.swapaxes(1, 2), tuple(range(3, split.ndim)))
    turned = np.ascontiguousarray(turned.reshape(case.out_channels, -1, *case.kernel_size))
    # The convolution of a layer maps its output's channels to its input's.
    layer = case.replace(
        in_channels=case.out_channels,
        out_channels=case.in_channels,
        input_size=found.shape[-case.ndim :],
        stride=(1,) * case.ndim,
        padding=((0, 0),) * case.ndim,
        output_padding=(0,) * case.ndim,
        output_size=None,
        bias=False,
    )
    given = {"x": np.zeros_like(found), "w": turned, "y": spread}
    expected = result(bench, layer, given, "convolve")
    if "b" in arrays:
        expected = expected + arrays["b"].reshape(-1, *(1,) * case.ndim)
    hold({"output": found}, {"output": expected}, case, "its convolution of the input spread by zeros")
    return passed(case)


def _spread(case: Case, x: Array) -> Array:
    """The input with ``stride - 1`` zeros between its elements and those around it that stand for padding."""
    assert not isinstance(case.padding, str)
    lead = x.shape[: x.ndim - case.ndim]
    sizes = tuple((size - 1) * stride + 1 for size, stride in zip(case.input_size, case.stride, strict=True))
    spread = np.zeros((*lead, *sizes), x.dtype)
    places: Any = (..., *(slice(None, None, stride) for stride in case.stride))
    spread[places] = x
    for at in range(case.ndim):
        axis, reach = len(lead) + at, case.dilation[at] * (case.kernel_size[at] - 1)
        before, after = case.padding[at]
        for zeros, end in ((reach - before, False), (reach - after + case.output_padding[at], True)):
            if zeros < 0:  # more is cut than the kernel reaches beyond the input
                kept = slice(None, zeros) if end else slice(-zeros, None)
                spread = spread[(slice(None),) * axis + (kept,)]
            else:
                widths = [(0, 0)] * spread.ndim
                widths[axis] = (0, zeros) if end else (zeros, 0)
                spread = np.pad(spread, widths)
    return spread


@tried
def batch_independent(bench: Bench, case: Case) -> Trial:
    """Every item of a batch comes out as it does alone; the parameters' gradients add up."""
    arrays = bench.arrays(case)
    alone = case.replace(batch=1)
    parts = [
        results(bench, alone, {**arrays, "x": arrays["x"][at : at + 1], "g": arrays["g"][at : at + 1]})
        for at in range(case.batch or 0)
    ]
    expected = {
        name: np.sum([part[name] for part in parts], 0)
        if name in ("grad_weight", "grad_bias")
        else np.concatenate([part[name] for part in parts])
        for name in parts[0]
    }
    hold(results(bench, case, arrays), expected, case, "that of the batch's items alone")
    return passed(case)


@tried
def unbatched(bench: Bench, case: Case) -> Trial:
    """An input without a batch dimension comes out as a batch of one does."""
    one, none = case.replace(batch=1), case.replace(batch=None)
    arrays = bench.arrays(one)
    expected = dict(results(bench, one, arrays))
    for name in ("values", "grad_input"):
        if name in expected:
            expected[name] = expected[name][0]
    given = {name: array[0] if name in ("x", "g") else array for name, array in arrays.items()}
    hold(results(bench, none, given), expected, none, "that of a batch of one")
    return passed(none)


@tried
def channels_last(bench: Bench, case: Case) -> Trial:
    """Channels last as channels first: by the API's data format or, where it has none, in memory."""
    arrays = bench.arrays(case)
    expected = results(bench, case, arrays)
    last = case.replace(layout="channels_last")
    if bench.expresses(last):
        found = results(bench, last, arrays)
    else:
        last, found = case, results(bench, case, arrays, view="channels_last")
    hold(found, expected, last, "that of channels first")
    return passed(last)


@tried
def module_equals_functional(bench: Bench, case: Case) -> Trial:
    """The layer and the function of the same framework agree."""
    name = counterpart(bench.implementation)
    if name is None:
        return not_applicable("there is not one layer and one function")
    other = Bench(name, bench.driver, bench.hello)
    if not other.expresses(case):
        return not_applicable(f"{name} cannot express it")
    arrays = bench.arrays(case)
    hold(results(bench, case, arrays), results(other, case, arrays), case, f"that of {name}")
    return passed(case)


@tried
def unmodified(bench: Bench, case: Case) -> Trial:
    """The tensors given to a call are the same after it."""
    arrays = bench.arrays(case)
    after = results(bench, case, arrays, "inputs")
    for name in ("x", "w", "b"):
        if name in arrays and not same(after.get(name), arrays[name]):
            return differs(f"{name} is no longer what was given after a forward and a backward pass", case)
    return passed(case)


@tried
def repeatable(bench: Bench, case: Case) -> Trial:
    """The same bits in a fresh layer, and from the same layer a second time.

    On integers every order of summation is exact, so that a difference is one of values.  On reals it may be
    another order, which is reported: no document promises the bits without determinism switched on.
    """
    for drawn in (case, _real(case)):
        arrays = bench.arrays(drawn)
        first = results(bench, drawn, arrays)
        for again, how in (("call", "in a fresh layer"), ("twice", "the second time")):
            found = results(bench, drawn, arrays, again)
            try:
                hold(found, first, drawn, f"the first call's, {how}")
            except NoResult as ended:
                if drawn is case:
                    raise
                return reported(f"on reals, {ended.trial.message}", drawn)
    return passed(case)


@tried
def deterministic(bench: Bench, case: Case) -> Trial:
    """With the framework's determinism switched on, the same bits every time."""
    drawn = _real(case)
    arrays = bench.arrays(drawn)
    try:
        first = results(bench, drawn, arrays, deterministic=True)
    except NoResult as ended:
        if ended.trial.verdict is Verdict.ERROR and "determinis" in ended.trial.message:
            return unsupported(ended.trial.message, drawn)
        raise
    for again, how in (("call", "in a fresh layer"), ("twice", "the second time"), ("call", "once more")):
        hold(
            results(bench, drawn, arrays, again, deterministic=True), first, drawn, f"the first call's, {how}"
        )
    return passed(drawn)


@tried
def shape_roundtrip(bench: Bench, case: Case) -> Trial:
    """The convolution of an output has the input's shape; transposed, that has the output's.

    Where the API takes an output size, it brings back the shape as well as an output padding does.
    """
    case = case.replace(bias=False)
    arrays = bench.arrays(case)
    x, w = arrays["x"], arrays["w"]
    there = result(bench, case, {"x": x, "w": w})
    back = result(bench, case, {"x": x, "w": w, "y": there}, "convolve")
    if back.shape != x.shape:
        return differs(
            f"the convolution of its output has the shape {list(back.shape)}, the input {list(x.shape)}", case
        )
    spatial = there.shape[there.ndim - case.ndim :]
    sized = case.replace(output_padding=(0,) * case.ndim, output_size=spatial)
    for way in (case, sized):
        if bench.requires(way):
            again = result(bench, way, {"x": back, "w": w})
            if again.shape != there.shape:
                return differs(
                    f"of that convolution it gives the shape {list(again.shape)}, not {list(there.shape)}",
                    way,
                )
    return passed(case)


def _channels(case: Case) -> int:
    return 0 if case.batch is None else 1


def _real(case: Case) -> Case:
    return case.replace(recipe=evolve(case.recipe, kind="real"))


def _where(holds: Callable[[Case], bool]) -> Callable[[Bench], Iterator[Case]]:
    return lambda bench: (case for case in directed(bench) if holds(case))


def _unbatched(bench: Bench) -> Iterator[Case]:
    return (case for case in directed(bench) if bench.requires(case.replace(batch=None)))


def _below_stride(case: Case) -> bool:
    return all(extra < stride for extra, stride in zip(case.output_padding, case.stride, strict=True))


def _relation(
    name: str,
    statement: str,
    check: Callable[[Bench, Case], Trial],
    cases: Callable[[Bench], Iterator[Case]] = directed,
    **others: Any,
) -> Probed:
    trials = for_each(check, cases)
    return Probed(id=f"relation.{name}", statement=statement, source="suite", trials=trials, **others)


REQUIREMENTS: Final = (
    _relation(
        "adjoint",
        "Adjoint of the framework's own convolution: <conv(y, w), x> = <y, conv_transpose(x, w)>.",
        adjoint,
    ),
    _relation("linear-in-input", "Linear in the input: f(2 x - 3 x') = 2 f(x) - 3 f(x').", linear_in_input),
    _relation(
        "linear-in-weight", "Linear in the weight: f(2 w - 3 w') = 2 f(w) - 3 f(w').", linear_in_weight
    ),
    _relation(
        "groups",
        "A layer with groups is as many layers side by side, with their gradients.",
        groups_side_by_side,
        _where(lambda case: case.groups > 1),
    ),
    _relation(
        "dilation",
        "A dilated kernel is an explicit one with zeros between its taps, with its gradients.",
        dilation_as_explicit_kernel,
        _where(lambda case: max(case.dilation) > 1),
    ),
    _relation(
        "zero-insertion",
        "Zeros inserted into the input, then the framework's own convolution with the weight flipped and its "
        "channels exchanged.",
        zero_insertion,
    ),
    _relation(
        "batch",
        "The items of a batch are independent; the gradients of the parameters add up over them.",
        batch_independent,
        _where(lambda case: (case.batch or 0) > 1),
    ),
    _relation(
        "unbatched", "An input without a batch dimension equals a batch of one.", unbatched, _unbatched
    ),
    _relation("channels-last", "Channels last equals channels first.", channels_last),
    _relation("module-functional", "The layer equals the function.", module_equals_functional),
    _relation(
        "unmodified",
        "A forward and a backward pass leave input, weight and bias as they were.",
        unmodified,
    ),
    _relation(
        "repeatable",
        "The same call gives the same bits, in a fresh layer and the second time.",
        repeatable,
        every_other,
        note="on reals a difference is reported: no document promises the bits without determinism",
    ),
    _relation(
        "deterministic",
        "With determinism switched on, the same call gives the same bits.",
        deterministic,
        every_other,
    ),
    _relation(
        "shape-roundtrip",
        "The framework's convolution of an output has the input's shape, and the other way round.",
        shape_roundtrip,
        _where(_below_stride),
    ),
)
