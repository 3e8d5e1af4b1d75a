"""Algebraic relations between an implementation's own results, without a reference.

On integers they hold exactly, in any order of summation.  Each function tries one parameter set.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.requirements.base.comparing import (
    Check,
    hold,
    integers,
    result,
    results,
    tried,
)
from conv_transpose_conformance.requirements.base.probe import Prober
from conv_transpose_conformance.requirements.base.requirement import Probed, for_each
from conv_transpose_conformance.requirements.base.trial import Trial, differs, not_applicable, passed
from conv_transpose_conformance.requirements.properties.parameter_sets import (
    Cases,
    below_stride,
    directed,
    where,
)

Array = NDArray[Any]


@tried
def adjoint(prober: Prober, case: Case) -> Trial:
    """``<convolution(y, w), x> = <y, transposed convolution(x, w)>``."""
    case = case.replace(bias=False)
    arrays = prober.arrays(case)
    x, w, y = arrays["x"], arrays["w"], arrays["g"]
    forward = result(prober, case, {"x": x, "w": w})
    convolved = result(prober, case, {"x": x, "w": w, "y": y}, "convolve")
    if any(case.output_padding):  # the convolution reaches further than the input does
        reached: Any = (..., *(slice(0, size) for size in case.input_size))
        convolved = convolved[reached]
    if convolved.shape != x.shape:
        return differs(f"the convolution gives the shape {list(convolved.shape)}, not {list(x.shape)}", case)
    left = np.vdot(convolved.astype(np.float64), x.astype(np.float64))
    right = np.vdot(y.astype(np.float64), forward.astype(np.float64))
    if left != right:
        return differs(
            f"<convolution(y), x> = {left:.17g} and <y, transposed convolution(x)> = {right:.17g}", case
        )
    return passed(case)


@tried
def linear_in_input(prober: Prober, case: Case) -> Trial:
    """``f(2 x - 3 x', w) = 2 f(x, w) - 3 f(x', w)``, without a bias."""
    return _linear_in("x", prober, case)


@tried
def linear_in_weight(prober: Prober, case: Case) -> Trial:
    """``f(x, 2 w - 3 w') = 2 f(x, w) - 3 f(x, w')``, without a bias."""
    return _linear_in("w", prober, case)


def _linear_in(name: str, prober: Prober, case: Case) -> Trial:
    case = case.replace(bias=False)
    like = prober.arrays(case)
    given = {other: integers(case, other, like[other].shape) for other in "xw"}
    first, second = (integers(case, stream, like[name].shape) for stream in ("first", "second"))
    sum_ = 2 * first - 3 * second
    one, two, both = (result(prober, case, {**given, name: a}) for a in (first, second, sum_))
    why = f"2 f({name}) - 3 f({name}') for 2 {name} - 3 {name}'"
    hold({"output": both}, {"output": 2 * one - 3 * two}, case, why)
    return passed(case)


@tried
def groups_side_by_side(prober: Prober, case: Case) -> Trial:
    """A layer with groups equals as many layers side by side, each on its share of the channels."""
    groups, axis = case.groups, _channels(case)
    alone = case.replace(
        in_channels=case.in_channels // groups, out_channels=case.out_channels // groups, groups=1
    )
    arrays = prober.arrays(case)
    axes = {"x": axis, "w": 0, "b": 0, "g": axis}
    parts = [
        results(prober, alone, dict(zip(arrays, part, strict=True)))
        for part in zip(*(np.split(a, groups, axes[name]) for name, a in arrays.items()), strict=True)
    ]
    axes = {"values": axis, "grad_input": axis, "grad_weight": 0, "grad_bias": 0}
    expected = {name: np.concatenate([part[name] for part in parts], axes[name]) for name in parts[0]}
    hold(results(prober, case, arrays), expected, case, f"the result of {groups} separate layers")
    return passed(case)


@tried
def dilation_as_explicit_kernel(prober: Prober, case: Case) -> Trial:
    """A dilated kernel equals a larger kernel with zeros between its taps."""
    sizes = tuple(d * (k - 1) + 1 for k, d in zip(case.kernel_size, case.dilation, strict=True))
    wide = case.replace(kernel_size=sizes, dilation=(1,) * case.ndim)
    if not prober.requires(wide):
        return not_applicable("the documents do not require the call with the explicit kernel")
    arrays = prober.arrays(case)
    taps: Any = (..., *(slice(None, None, d) for d in case.dilation))
    w = np.zeros((*arrays["w"].shape[:2], *sizes), arrays["w"].dtype)
    w[taps] = arrays["w"]
    expected = dict(results(prober, wide, {**arrays, "w": w}))
    if "grad_weight" in expected:
        expected["grad_weight"] = expected["grad_weight"][taps]
    hold(
        results(prober, case, arrays),
        expected,
        case,
        f"the result of the explicit kernel of size {list(sizes)}",
    )
    return passed(case)


@tried
def zero_insertion(prober: Prober, case: Case) -> Trial:
    """The output is the framework's own convolution of the input with zeros inserted and zeros around it.

    The convolution's weight is the given weight, flipped, with input and output channels exchanged.
    """
    arrays = prober.arrays(case)
    found = result(prober, case, {name: a for name, a in arrays.items() if name != "g"})
    spread = _spread(case, arrays["x"])
    w = arrays["w"]
    split = w.reshape(case.groups, w.shape[0] // case.groups, *w.shape[1:])
    turned = np.flip(split.swapaxes(1, 2), tuple(range(3, split.ndim)))
    turned = np.ascontiguousarray(turned.reshape(case.out_channels, -1, *case.kernel_size))
    # A layer's convolution maps the layer's output channels to its input channels.
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
    expected = result(prober, layer, given, "convolve")
    if "b" in arrays:
        expected = expected + arrays["b"].reshape(-1, *(1,) * case.ndim)
    hold({"output": found}, {"output": expected}, case, "the convolution of the zero-inserted input")
    return passed(case)


def _spread(case: Case, x: Array) -> Array:
    """Returns the input with ``stride - 1`` zeros between its elements, and the padding's zeros around it."""
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
            if zeros < 0:  # the padding cuts more than the kernel reaches beyond the input
                kept = slice(None, zeros) if end else slice(-zeros, None)
                spread = spread[(slice(None),) * axis + (kept,)]
            else:
                widths = [(0, 0)] * spread.ndim
                widths[axis] = (0, zeros) if end else (zeros, 0)
                spread = np.pad(spread, widths)
    return spread


@tried
def shape_roundtrip(prober: Prober, case: Case) -> Trial:
    """The convolution of an output has the input's shape; its transpose restores the output's shape."""
    return _roundtrip(prober, case, by_size=False)


@tried
def shape_roundtrip_by_size(prober: Prober, case: Case) -> Trial:
    """As above; an output size, where the API takes one, restores the shape as an output padding does."""
    return _roundtrip(prober, case, by_size=True)


def _roundtrip(prober: Prober, case: Case, *, by_size: bool) -> Trial:
    case = case.replace(bias=False)
    arrays = prober.arrays(case)
    x, w = arrays["x"], arrays["w"]
    there = result(prober, case, {"x": x, "w": w})
    back = result(prober, case, {"x": x, "w": w, "y": there}, "convolve")
    if back.shape != x.shape:
        return differs(
            f"the convolution of the output has the shape {list(back.shape)}, the input has {list(x.shape)}",
            case,
        )
    spatial = there.shape[there.ndim - case.ndim :]
    sized = case.replace(output_padding=(0,) * case.ndim, output_size=spatial)
    for way in (case, sized) if by_size else (case,):
        if prober.requires(way):
            again = result(prober, way, {"x": back, "w": w})
            if again.shape != there.shape:
                return differs(
                    f"transposed, that convolution gives the shape {list(again.shape)}, not "
                    f"{list(there.shape)}",
                    way,
                )
    return passed(case)


def _channels(case: Case) -> int:
    return 0 if case.batch is None else 1


def relation(
    name: str,
    statement: str,
    check: Check,
    cases: Cases = directed,
    **others: Any,
) -> Probed:
    """Builds the requirement that ``check`` holds on each of ``cases``."""
    trials = for_each(check, cases)
    return Probed(id=f"relation.{name}", statement=statement, source="suite", trials=trials, **others)


REQUIREMENTS: Final = (
    relation(
        "adjoint",
        "It must be the adjoint of the framework's own convolution: <conv(y, w), x> = <y, "
        "conv_transpose(x, w)>.",
        adjoint,
    ),
    relation(
        "linear-in-input",
        "It must be linear in the input: f(2 x - 3 x') = 2 f(x) - 3 f(x').",
        linear_in_input,
    ),
    relation(
        "linear-in-weight",
        "It must be linear in the weight: f(2 w - 3 w') = 2 f(w) - 3 f(w').",
        linear_in_weight,
    ),
    relation(
        "groups",
        "A layer with groups must equal that many separate layers, with their gradients.",
        groups_side_by_side,
        where(lambda case: case.groups > 1),
    ),
    relation(
        "dilation",
        "A dilated kernel must equal an explicit kernel with zeros between its taps, with its gradients.",
        dilation_as_explicit_kernel,
        where(lambda case: max(case.dilation) > 1),
    ),
    relation(
        "zero-insertion",
        "It must equal zeros inserted into the input, followed by the framework's own convolution with "
        "the weight flipped and its channels exchanged.",
        zero_insertion,
    ),
    relation(
        "shape-roundtrip",
        "The framework's convolution of an output must have the input's shape, and vice versa.",
        shape_roundtrip_by_size,
        where(below_stride),
        severity=Severity.SHAPE,
    ),
)
