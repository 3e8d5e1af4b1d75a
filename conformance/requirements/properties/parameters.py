"""Requirements on a layer's parameters: names, shapes, dtypes, gradients and initial values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.registry import registry
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.judging.verdicts import Check
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
from conv_transpose_conformance.requirements.properties.uniform import contradiction

Array = NDArray[Any]

_DECLARED: Final = tuple(
    one for _, one in registry().implementations.values() if one.is_layer and not one.variant
)
# Layers with a documented distribution; other documents name an initializer at most.
STATED: Final = tuple(one.api for one in _DECLARED if one.documented.uniform)
UNSTATED: Final = tuple(one.api for one in _DECLARED if not one.documented.uniform)
_LAYERS: Final = (*STATED, *UNSTATED)
_SEEDS: Final = (1, 2, 3, 4)

# Enough numbers for the test, in every way that affects the bound.
_ONE: Final = (
    "v1_1d_n1_ci32_co64_i4_k5_b_f32_int.41",
    "v1_1d_n1_ci64_co256_i4_k3_g4_b_f32_int.41",
    "v1_1d_n1_ci256_co128_i4_k1_b_f32_int.41",
)
_TWO: Final = (
    "v1_2d_n1_ci32_co64_i4x4_k3x5_b_f32_int.41",
    "v1_2d_n1_ci64_co256_i4x4_k3x3_g4_b_f32_int.41",
    "v1_2d_n1_ci256_co128_i4x4_k1x1_b_f32_int.41",
)


def bound(case: Case) -> float:
    """Returns the documented bound: the root of ``groups / (C_out * prod(kernel))``."""
    return sqrt(case.groups / (case.out_channels * prod(case.kernel_size)))


def _cases(prober: Prober) -> Iterator[Case]:
    if prober.module:
        for identifier in _ONE if prober.ndim == 1 else _TWO:
            case = Case.parse(identifier)
            if prober.expresses(case):
                yield case


def _initial(prober: Prober, case: Case) -> dict[str, Array] | Trial:
    """Returns the parameters of some layers, made with different seeds, each in one array."""
    made: dict[str, list[Array]] = {}
    for seed in _SEEDS:
        answer = prober.ask("initial", case, seed=seed)
        trial = fault(answer, case)
        if trial is not None:
            return trial
        for name, array in answer.arrays.items():
            made.setdefault(name, []).append(array.ravel())
    return {name: np.concatenate(arrays) for name, arrays in made.items()}


def uniform(prober: Prober, case: Case) -> Iterator[Trial]:
    """Weight and bias are drawn from U(-bound, bound)."""
    found = _initial(prober, case)
    if isinstance(found, Trial):
        yield found
        return
    for name in ("weight", "bias"):
        if name not in found:
            yield differs(f"there is no {name}", case)
            continue
        against = contradiction(found[name], bound(case))
        yield differs(f"{name}: {against}", case) if against else passed(case)


def observed(prober: Prober, case: Case) -> Iterator[Trial]:
    """Reports the distribution of the parameters where no document gives it in numbers."""
    found = _initial(prober, case)
    if isinstance(found, Trial):
        yield found
        return
    words = []
    for name, values in sorted(found.items(), reverse=True):
        wide = values.astype(np.float64)
        if not wide.any():
            words.append(f"{name}: zeros")
            continue
        reach = float(np.abs(wide).max())
        kind = "" if contradiction(values, reach) else ", as if uniform"
        words.append(
            f"{name}: {wide.size} values within ±{reach:.6g} ({reach / bound(case):.4g} "
            f"times √k), standard deviation {wide.std():.6g}{kind}"
        )
    yield reported("; ".join(words), case)


def repeated(prober: Prober, case: Case) -> Trial:
    """The same seed gives the same parameters."""
    first, second = (prober.ask("initial", case, seed=7) for _ in range(2))
    for answer in (first, second):
        trial = fault(answer, case)
        if trial is not None:
            return trial
    for name, array in first.arrays.items():
        if not same(second.arrays.get(name), array):
            return differs(f"{name} differs after the same seed", case)
    return passed(case)


def trainable(prober: Prober, case: Case) -> Trial:
    """Every parameter gets a gradient of its own shape and dtype."""
    if not prober.module:
        return not_applicable("a function has no parameters of its own")
    answer = prober.call(case, infer=False)
    trial = fault(answer, case)
    if trial is not None:
        return trial
    for name, (shape, dtype) in answer.parameters.items():
        gradient = answer.arrays.get(f"grad_{name}")
        if gradient is None:
            return differs(f"{name} gets no gradient", case)
        if gradient.shape != shape or str(gradient.dtype) != dtype:
            return differs(
                f"{name} is {dtype}{list(shape)}, but its gradient is {gradient.dtype}{list(gradient.shape)}",
                case,
            )
    return passed(case)


def _default_dtype(prober: Prober) -> Iterator[Trial]:
    about = prober.documented.interface
    if about is None or not prober.module or dict(about.construct).get("dtype", 0) is not None:
        yield not_applicable("there is no dtype argument that defaults to None")
        return
    for case in directed(prober):
        answer = prober.ask("initial", case, arguments={"dtype": None}, seed=1)
        trial = fault(answer, case)
        if trial is not None:
            yield trial
            return
        wrong = {name: str(a.dtype) for name, a in answer.arrays.items() if a.dtype != np.float32}
        yield differs(f"without a dtype the parameters are {wrong}", case) if wrong else passed(case)


def _probed(
    identifier: str, statement: str, trials: Callable[[Prober], Iterator[Trial]], **more: Any
) -> Probed:
    return Probed(
        id=f"parameters.{identifier}",
        statement=statement,
        source="suite",
        trials=trials,
        **{"applies": _LAYERS, **more},
    )


REQUIREMENTS: Final = (
    Judged(
        id="parameters.shape",
        statement="A layer must have a weight of shape (C_in, C_out / groups, *kernel), with a bias also "
        "one of (C_out,), both of the requested dtype, and no other parameter.",
        source="suite",
        applies=_LAYERS,
        checks=(Check.PARAMETERS,),
        of=lambda _case: True,
    ),
    _probed(
        "dtype",
        "Without a dtype, the parameters must have the framework's default, float32.",
        _default_dtype,
        making=True,
        severity=Severity.SHAPE,
    ),
    _probed(
        "trainable",
        "Every parameter must get a gradient of its own shape and dtype.",
        for_each(trainable, directed),
        severity=Severity.GRADIENTS,
    ),
    _probed(
        "uniform",
        "Initial weight and bias must be drawn from U(-√k, √k), k = groups / (C_out · ∏ kernel).",
        for_each(uniform, _cases),
        applies=STATED,
        making=True,
    ),
    _probed(
        "observed",
        "The distribution of initial weight and bias, reported where the document gives no numbers.",
        for_each(observed, _cases),
        applies=UNSTATED,
        making=True,
    ),
    _probed(
        "seeded", "The same seed must give the same parameters.", for_each(repeated, _cases), making=True
    ),
)
