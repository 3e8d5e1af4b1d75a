"""Relations that need no reference: what an implementation must agree with itself about."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from conformance.case import Case
from conformance.requirements.bench import Bench, fault, same
from conformance.requirements.parameter_sets import directed
from conformance.requirements.requirement import Probed, Trial, differs, for_each, passed


def adjoint(bench: Bench, case: Case) -> Trial:
    """``<convolution(y, w), x> = <y, transposed convolution(x, w)>``, exactly, on integers."""
    case = case.replace(bias=False)
    arrays = bench.arrays(case)
    x, y = arrays["x"], arrays["g"]
    forward = bench.call(case, {"x": x, "w": arrays["w"]})
    backward = bench.ask("convolve", case, {"x": x, "w": arrays["w"], "y": y})
    for answer in (forward, backward):
        trial = fault(answer, case)
        if trial is not None:
            return trial
    convolved = backward.arrays["values"]
    if any(case.output_padding):  # the convolution reaches further than the input does
        reached: Any = (..., *(slice(0, size) for size in case.input_size))
        convolved = convolved[reached]
    if convolved.shape != x.shape:
        return differs(f"its convolution gives the shape {list(convolved.shape)}, not {list(x.shape)}", case)
    left = np.vdot(convolved.astype(np.float64), x.astype(np.float64))
    right = np.vdot(y.astype(np.float64), forward.arrays["values"].astype(np.float64))
    if left != right:
        return differs(
            f"<convolution(y), x> = {left:.17g} and <y, transposed convolution(x)> = {right:.17g}", case
        )
    return passed(case)


def unmodified(bench: Bench, case: Case) -> Trial:
    """The tensors given to a call are the same after it."""
    arrays = bench.arrays(case)
    answer = bench.ask("inputs", case, arrays)
    trial = fault(answer, case)
    if trial is not None:
        return trial
    for name in ("x", "w", "b"):
        if name in arrays and not same(answer.arrays.get(name), arrays[name]):
            return differs(f"{name} is no longer what was given after a forward and a backward pass", case)
    return passed(case)


REQUIREMENTS: Final = (
    Probed(
        id="relation.adjoint",
        statement="Adjoint of the framework's own convolution: <conv(y, w), x> = <y, conv_transpose(x, w)>.",
        source="suite",
        trials=for_each(adjoint, directed),
    ),
    Probed(
        id="relation.unmodified",
        statement="A forward and a backward pass leave input, weight and bias as they were.",
        source="suite",
        trials=for_each(unmodified, directed),
    ),
)
