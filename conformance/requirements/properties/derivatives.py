"""Derivatives: the first, the second, in forward mode, and through an output size or "same" padding."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance, output_size
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.judging.verdicts import Check, Verdict
from conv_transpose_conformance.reference_impl import second_order
from conv_transpose_conformance.requirements.base.comparing import (
    NoResult,
    hold,
    integers,
    result,
    results,
    tried,
)
from conv_transpose_conformance.requirements.base.probe import Prober
from conv_transpose_conformance.requirements.base.requirement import Judged, Probed, for_each
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed, unsupported
from conv_transpose_conformance.requirements.properties.parameter_sets import directed, every_other

Array = NDArray[Any]

_PROBES: Final = 3  # a wrong gradient passes one trial with a chance of at most 1/15


@tried
def second(prober: Prober, case: Case) -> Trial:
    """Compares the gradients of a sum of the gradients to the reference, exactly."""
    geometry = prober.meaning(case).geometry
    assert geometry is not None
    like = prober.arrays(case)
    given = {name: integers(case, name, array.shape) for name, array in like.items()}
    directions = {f"v{name}": integers(case, f"v{name}", like[name].shape) for name in "xwb" if name in like}
    wanted = second_order(
        given["x"],
        given["w"],
        given["g"],
        directions["vx"],
        directions["vw"],
        directions.get("vb"),
        geometry=geometry,
    )
    expected = {"second_x": wanted.x, "second_w": wanted.w, "second_g": wanted.grad_y}
    hold(results(prober, case, {**given, **directions}, "second"), expected, case, "the second derivatives")
    return passed(case)


@tried
def tangent(prober: Prober, case: Case) -> Trial:
    """Forward mode gives ``f(vx, w) + f(x, vw) + vb``, by the implementation's own forward pass.

    Where it takes only the input's tangent, the parameters' tangents are zero.
    """
    like = prober.arrays(case)
    given = {name: integers(case, name, like[name].shape) for name in "xwb" if name in like}
    directions = {f"v{name}": integers(case, f"v{name}", array.shape) for name, array in given.items()}
    try:
        found = result(prober, case, {**given, **directions}, "tangent")
    except NoResult as ended:
        if ended.trial.verdict is not Verdict.UNSUPPORTED:
            raise
        directions = {name: v if name == "vx" else np.zeros_like(v) for name, v in directions.items()}
        found = result(prober, case, {**given, **directions}, "tangent")
    plain = case.replace(bias=False)
    expected = result(prober, plain, {"x": directions["vx"], "w": given["w"]})
    expected = expected + result(prober, plain, {"x": given["x"], "w": directions["vw"]})
    if "vb" in directions:
        expected = expected + directions["vb"].reshape(-1, *(1,) * case.ndim)
    hold({"tangent": found}, {"tangent": expected}, case, "f(vx, w) + f(x, vw) + vb")
    return passed(case)


@tried
def gradient_is_adjoint(prober: Prober, case: Case) -> Trial:
    """The gradients of ``<y, g>`` are the adjoints of the implementation's own linear maps.

    ``<grad_input, p> = <f(p, w), g>`` and ``<grad_weight, q> = <f(x, q), g>`` for integers p and q;
    ``grad_bias`` sums g.  The check does not depend on how the implementation computes the output size.
    """
    like = prober.arrays(case)
    given = {name: integers(case, name, like[name].shape) for name in "xwb" if name in like}
    output = result(prober, case, given)
    g = integers(case, "g", output.shape)
    found = results(prober, case, {**given, "g": g})
    plain = case.replace(bias=False)
    for name, tensor in (("grad_input", "x"), ("grad_weight", "w")):
        gradient = found.get(name)
        if gradient is None or gradient.shape != given[tensor].shape:
            shape = "none" if gradient is None else list(gradient.shape)
            return differs(f"{name}: expected the shape {list(given[tensor].shape)}, got {shape}", case)
        for at in range(_PROBES):
            probe = integers(case, f"{name}{at}", gradient.shape)
            there = result(prober, plain, {"x": given["x"], "w": given["w"], tensor: probe})
            left, right = _dot(gradient, probe), _dot(there, g)
            if left != right:
                return differs(
                    f"<{name}, p> = {left:.17g}, but <f(p), g> = {right:.17g} for integers p in place of "
                    f"{tensor}",
                    case,
                )
    if "b" in given:
        axes = tuple(at for at in range(g.ndim) if at != g.ndim - case.ndim - 1)
        hold(found, {"grad_bias": g.sum(axes)}, case, "the sum of the output's gradient")
    return passed(case)


def _same(prober: Prober, case: Case) -> Trial:
    """Runs :func:`gradient_is_adjoint` on a call; a refusal is allowed where no document defines the call."""
    trial = gradient_is_adjoint(prober, case)
    open_ = prober.meaning(case).acceptance is not Acceptance.REQUIRED
    return unsupported(trial.message, case) if open_ and trial.verdict is Verdict.ERROR else trial


def _dot(a: Array, b: Array) -> float:
    return float(np.vdot(a.astype(np.float64), b.astype(np.float64)))


def _sized(prober: Prober) -> Iterator[Case]:
    """Yields cases with an output size instead of an output padding, up to the least size plus stride - 1."""
    for case in directed(prober):
        least = output_size(case, (0,) * case.ndim)
        size = tuple(length + stride - 1 for length, stride in zip(least, case.stride, strict=True))
        sized = case.replace(output_padding=(0,) * case.ndim, output_size=size)
        if prober.requires(sized):
            yield sized


def _worded(prober: Prober) -> Iterator[Case]:
    """Yields cases with the padding ``"same"``."""
    for case in directed(prober):
        worded = case.replace(padding="same", output_padding=(0,) * case.ndim)
        if prober.expresses(worded) and prober.meaning(worded).acceptance is not Acceptance.FORBIDDEN:
            yield worded


def _first(name: str, of: str, check: Check) -> Judged:
    return Judged(
        id=f"derivative.{name}",
        statement=f"The gradient with respect to {of} must be the adjoint of the operator's linear map.",
        source="suite",
        checks=(check,),
        of=lambda _case: True,
    )


REQUIREMENTS: Final = (
    _first("input", "the input", Check.GRAD_INPUT),
    _first("weight", "the weight", Check.GRAD_WEIGHT),
    _first("bias", "the bias", Check.GRAD_BIAS),
    Probed(
        id="derivative.second",
        statement="Double backward must give the second derivatives of a bilinear map.",
        source="suite",
        trials=for_each(second, directed),
        severity=Severity.GRADIENTS,
    ),
    Probed(
        id="derivative.forward-mode",
        statement="Forward-mode differentiation must give f(vx, w) + f(x, vw) + vb.",
        source="suite",
        trials=for_each(tangent, every_other),
        severity=Severity.GRADIENTS,
    ),
    Probed(
        id="derivative.output-size",
        statement="The gradients of a call with an output size must be the adjoints of its own linear maps.",
        source="suite",
        trials=for_each(gradient_is_adjoint, _sized),
        severity=Severity.GRADIENTS,
    ),
    Probed(
        id="derivative.same",
        statement="The gradients of a call with 'same' padding must be the adjoints of its own linear maps.",
        source="suite",
        trials=for_each(_same, _worded),
        note="judged for whatever 'same' means; where the documents leave that open, a call may be refused",
        severity=Severity.GRADIENTS,
    ),
)
