"""How a layer's parameters start: their names, their shapes, and U(-sqrt(k), sqrt(k)).

``k = groups / (C_out * prod(kernel))``.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed
from conv_transpose_conformance.requirements.properties.uniform import contradiction

# Enough values of both parameters; channels, groups and kernel each have a different size.
_ONE: Final = (
    "v1_1d_n1_ci8_co4096_i1_k3_g4_b_f32_int.1",
    "v1_1d_n1_ci3_co20000_i1_k1_b_f32_int.1",
    "v1_1d_n1_ci6000_co2_i1_k5_b_f32_int.1",
)
_TWO: Final = (
    "v1_2d_n1_ci8_co4096_i1x1_k3x2_g4_b_f32_int.1",
    "v1_2d_n1_ci3_co20000_i1x1_k1x1_b_f32_int.1",
    "v1_2d_n1_ci3000_co2_i1x1_k5x2_b_f32_int.1",
)
_ENOUGH: Final = 1000  # enough values for a test


def layers(ndim: int) -> tuple[Case, ...]:
    """Returns layers with enough parameters to test their distribution."""
    return tuple(Case.parse(identifier) for identifier in (_ONE, _TWO)[ndim - 1])


def weight(prober: Prober) -> Iterator[Trial]:
    """The weight's shape is ``(C_in, C_out / g, *kernel)`` and its distribution U(-sqrt(k), sqrt(k))."""
    for case in layers(prober.ndim):
        yield _parameter(prober, case, "weight", case.weight_shape)


def bias(prober: Prober) -> Iterator[Trial]:
    """The bias's shape is ``(C_out)``, its distribution the weight's; without ``bias`` there is none."""
    for case in layers(prober.ndim):
        yield _parameter(prober, case, "bias", (case.out_channels,))
    case = layers(prober.ndim)[0].replace(bias=False)
    answer = prober.ask("initial", case, {})
    trial = fault(answer, case)
    if trial is None:
        names = sorted(answer.arrays)
        trial = (
            passed(case)
            if names == ["weight"]
            else differs(f"without a bias the parameters are {names}", case)
        )
    yield trial


def xavier(prober: Prober) -> Iterator[Trial]:
    """The variance of the weight is ``2 / (fan_in + fan_out)``, a fan being channels times kernel.

    The variance of n uniform or normal values is off by more than ``6 sqrt(2 / n)`` of itself less than once
    in 10^8 samples.
    """
    for case in layers(prober.ndim):
        if case.groups > 1:
            continue
        drawn = drawn_as(prober, case)
        if isinstance(drawn, Trial):
            yield drawn
            continue
        found = float(np.mean(np.square(drawn["weight"].astype(np.float64))))
        expected = 2 / ((case.in_channels + case.out_channels) * prod(case.kernel_size))
        off = abs(found / expected - 1)
        if off > 6 * sqrt(2 / drawn["weight"].size):
            yield differs(f"the mean square is {found:.6g}; that of Xavier is {expected:.6g}", case)
        else:
            yield passed(case)


def zero_bias(prober: Prober) -> Iterator[Trial]:
    """The bias starts as zeros."""
    case = layers(prober.ndim)[-1]
    drawn = drawn_as(prober, case)
    if isinstance(drawn, Trial):
        yield drawn
    elif "bias" not in drawn:
        yield differs(f"there is no bias; the parameters are {sorted(drawn)}", case)
    else:
        yield differs("the bias is not zero", case) if drawn["bias"].any() else passed(case)


def drawn_as(prober: Prober, case: Case, **options: Any) -> dict[str, NDArray[Any]] | Trial:
    """Returns the parameters that a layer starts with, or the trial that says why there are none."""
    answer = prober.ask("initial", case, {}, seed=1, **options)
    return fault(answer, case) or answer.arrays


def limit(case: Case) -> float:
    """Returns ``sqrt(k)``."""
    return sqrt(case.groups / (case.out_channels * prod(case.kernel_size)))


def _parameter(prober: Prober, case: Case, name: str, shape: tuple[int, ...]) -> Trial:
    drawn: list[NDArray[Any]] = []
    for seed in (0, 1):
        answer = prober.ask("initial", case, {}, seed=seed)
        trial = fault(answer, case)
        if trial is not None:
            return trial
        if name not in answer.arrays:
            return differs(f"there is no parameter {name}; found {sorted(answer.arrays)}", case)
        drawn.append(answer.arrays[name])
    if drawn[0].shape != shape:
        return differs(f"the {name} has the shape {list(drawn[0].shape)} instead of {list(shape)}", case)
    if drawn[0].size < _ENOUGH:
        return passed(case, f"too few values ({drawn[0].size}) to test their distribution")
    for values in drawn:
        against = contradiction(values, limit(case))
        if against:
            return differs(f"{name}: {against}", case)
    if np.array_equal(drawn[0], drawn[1]):
        return differs(f"the {name} is the same after two different seeds: it is not random", case)
    return passed(case)
