"""Special values: NaN, infinities, signed zeros, subnormals, the largest numbers.

A special value affects exactly the sums that hold a product with it.  A sum with a NaN, infinities of both
signs, or zero times an infinity is NaN; a sum with infinities of one sign is that infinity.  All other sums
are exact, because they are made of integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from math import inf, nan
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.judging.verdicts import FAILING, Verdict
from conv_transpose_conformance.reference_impl import backward, forward
from conv_transpose_conformance.requirements.base.comparing import (
    NoResult,
    hold,
    integers,
    result,
    results,
    tried,
)
from conv_transpose_conformance.requirements.base.probe import Prober
from conv_transpose_conformance.requirements.base.requirement import Probed, for_each
from conv_transpose_conformance.requirements.base.trial import (
    Trial,
    differs,
    not_applicable,
    passed,
    reported,
)
from conv_transpose_conformance.requirements.properties.parameter_sets import directed, every_other

Array = NDArray[Any]
Check = Callable[[Prober, Case], Trial]

_NAMES: Final = {"x": "the input", "w": "the weight", "b": "the bias", "g": "the output's gradient"}
_LARGEST: Final = float(np.finfo(np.float32).max)
_IMPLICIT: Final = (
    "NaN in further elements of an image or a kernel that they reach is reported, not judged: documents "
    "describe the operator by inserted and padded zeros, and zero times NaN or infinity is NaN"
)
_SUBNORMAL: Final = float(np.finfo(np.float32).smallest_subnormal)


def placed(tensor: str, *choices: tuple[float, ...]) -> Check:
    """Returns a check with special values at some elements of a tensor, for each choice of them in turn."""

    @tried
    def check(prober: Prober, case: Case) -> Trial:
        case = case.replace(bias=case.bias or tensor == "b")
        for values in choices:
            given = _whole(prober, case)
            _put(given[tensor], values)
            _hold_output(prober, case, given, f"with {_told(values)} in {_NAMES[tensor]}")
        return passed(case)

    return check


@tried
def times_zero(prober: Prober, case: Case) -> Trial:
    """NaN or an infinity times zero is NaN, in either order of the factors."""
    for tensor, other in (("x", "w"), ("w", "x")):
        for value in (nan, inf):
            given = _whole(prober, case)
            given[other][...] = 0
            _put(given[tensor], (value,))
            why = f"with {_told((value,))} in {_NAMES[tensor]} and zeros in {_NAMES[other]}"
            _hold_output(prober, case, given, why)
    return passed(case)


@tried
def cropped(prober: Prober, case: Case) -> Trial:
    """NaN and infinities in the region cut off by the padding do not reach the output."""
    ones = (1,) * case.ndim
    wide = case.replace(
        input_size=tuple(size + 2 for size in case.input_size),
        kernel_size=ones,
        stride=ones,
        dilation=ones,
        padding=((1, 1),) * case.ndim,
        output_padding=(0,) * case.ndim,
    )
    inner: Any = (..., *(slice(1, -1),) * case.ndim)
    for value in (nan, inf):
        given = _whole(prober, wide)
        around = np.full_like(given["x"], value)
        around[inner] = given["x"][inner]
        _hold_output(prober, wide, {**given, "x": around}, f"with {_told((value,))} cut off by the padding")
    return passed(wide)


@tried
def gradients(prober: Prober, case: Case) -> Trial:
    """NaN and infinities in the input, the weight or the output's gradient reach the right gradients."""
    geometry = prober.meaning(case).geometry
    assert geometry is not None
    for tensor in ("x", "w", "g"):
        for value in (nan, -inf):
            given = _whole(prober, case)
            given["g"] = integers(case, "g", prober.arrays(case)["g"].shape)
            _put(given[tensor], (value,))
            wanted = backward(given["x"], given["w"], given["g"], geometry=geometry)
            expected = {"grad_input": wanted.x, "grad_weight": wanted.w}
            if "b" in given:
                expected["grad_bias"] = wanted.bias
            why = f"the result with {_told((value,))} in {_NAMES[tensor]}"
            _hold(prober, case, results(prober, case, given), expected, why)
    return passed(case)


@tried
def largest(prober: Prober, case: Case) -> Trial:
    """The largest finite number times one is unchanged where nothing is added; times two it is infinite."""
    case = case.replace(bias=False)
    for factor in (1, -1, 2, -2):
        given = _single_product(prober, case, _LARGEST, factor)
        _hold_output(prober, case, given, f"with the largest finite number times {factor}")
    return passed(case)


@tried
def on_the_way(prober: Prober, case: Case) -> Trial:
    """An overflow within a finite sum is reported; without an overflow, the sum is exact."""
    case = case.replace(bias=False)
    given = _filled(prober, case, x=0, w=1)
    # one channel adds the largest number at every tap, the next takes it away
    signs = np.where(np.arange(case.in_channels) % 2, -1, 1)
    given["x"] += (signs * _LARGEST).astype(np.float32).reshape(-1, *(1,) * case.ndim)
    exact = _exact(prober, case, given)
    found = result(prober, case, given)
    if found.shape != exact.shape:
        return differs(f"the output has the shape {list(found.shape)} instead of {list(exact.shape)}", case)
    finite = np.isfinite(found)
    hold({"output": found}, {"output": np.where(finite, exact, found)}, case, "the exact sum")
    if (~finite & np.isfinite(exact)).any():
        return reported("sums of the largest numbers overflow on the way to a finite result", case)
    return passed(case)


@tried
def subnormal(prober: Prober, case: Case) -> Trial:
    """The smallest subnormal number times one is unchanged; a flush to zero is reported."""
    case = case.replace(bias=False)
    given = _single_product(prober, case, _SUBNORMAL, 1)
    found = result(prober, case, given)
    if not found.any():
        return reported("the smallest subnormal number times one is flushed to zero", case)
    hold({"output": found}, {"output": _exact(prober, case, given)}, case, "a subnormal number times one")
    return passed(case)


@tried
def negative_zero(prober: Prober, case: Case) -> Trial:
    """Reports the sign of sums of negative zeros: it depends on the sum's initial value."""
    case = case.replace(bias=False)
    given = _filled(prober, case, x=-0.0, w=1)
    found = result(prober, case, given)
    hold({"output": found}, {"output": _exact(prober, case, given)}, case, "sums of negative zeros")
    signs = np.signbit(found)
    told = "negative zeros" if signs.all() else "zeros of both signs" if signs.any() else "positive zeros"
    return reported(f"sums of negative zeros are {told}", case)


def _whole(prober: Prober, case: Case) -> dict[str, Array]:
    """Returns input, weight and bias of small integers."""
    like = prober.arrays(case)
    return {name: integers(case, name, like[name].shape) for name in "xwb" if name in like}


def _filled(prober: Prober, case: Case, *, x: float, w: float) -> dict[str, Array]:
    like = prober.arrays(case)
    return {"x": np.full_like(like["x"], x), "w": np.full_like(like["w"], w)}


def _put(array: Array, values: tuple[float, ...]) -> None:
    """Puts values at different places, away from the ends where there is room."""
    for at, value in enumerate(values):
        array.flat[(2 * at + 1) * array.size // (2 * len(values))] = value


def _single_product(prober: Prober, case: Case, value: float, factor: float) -> dict[str, Array]:
    """Returns zeros, except for one element and one tap that meet in the output."""
    given = _filled(prober, case, x=0, w=0)
    _put(given["x"], (value,))
    for tap in range(given["w"].size):
        given["w"][...] = 0
        given["w"].flat[tap] = factor
        if _exact(prober, case, given).any():
            break
    return given


def _exact(prober: Prober, case: Case, given: dict[str, Array]) -> Array:
    geometry = prober.meaning(case).geometry
    assert geometry is not None
    exact = forward(given["x"], given["w"], given.get("b"), geometry=geometry)
    with np.errstate(over="ignore", invalid="ignore"):
        return exact.astype(np.float32)


def _hold_output(prober: Prober, case: Case, given: dict[str, Array], why: str) -> None:
    found = {"values": result(prober, case, given)}
    _hold(prober, case, found, {"values": _exact(prober, case, given)}, f"the result {why}")


def _hold(
    prober: Prober, case: Case, found: Mapping[str, Array], expected: Mapping[str, Array], why: str
) -> None:
    """Applies :func:`results.hold` to calls that are right on ordinary numbers.

    Other requirements judge the rest.  An extra NaN may be the product of a special value and an implicit
    zero, because documents describe the operator by inserted and padded zeros.  It is reported.
    """
    beside = {name: _beside(found.get(name), wanted, case.ndim) for name, wanted in expected.items()}
    lenient = {name: np.where(beside[name], nan, wanted) for name, wanted in expected.items()}
    try:
        hold(found, lenient, case, why)
    except NoResult:
        problem = prober.problem(case)
        plain = results(prober, case, problem.data.arrays())
        for check, wanted in problem.reference.items():
            if check in expected and not np.array_equal(plain.get(check, ()), wanted.values):
                told = f"{check} also differs on ordinary numbers, which other requirements judge"
                raise NoResult(not_applicable(told)) from None
        raise
    more = [f"{name}: {int(where.sum())} of {where.size}" for name, where in beside.items() if where.any()]
    if more:
        raise NoResult(
            reported(f"more NaN than in {why}, as from products with zeros: {', '.join(more)}", case)
        )


def _beside(actual: Array | None, wanted: Array, ndim: int) -> Array:
    """Marks each NaN in place of a number, in a plane (an image, a kernel) with special values."""
    if actual is None or actual.shape != wanted.shape or wanted.ndim <= ndim:
        return np.zeros(wanted.shape, bool)
    reached = ~np.isfinite(wanted).all(axis=tuple(range(-ndim, 0)), keepdims=True)
    beside: Array = np.isnan(actual) & np.isfinite(wanted) & reached
    return beside


def _told(values: tuple[float, ...]) -> str:
    return " and ".join({inf: "+Inf", -inf: "-Inf"}.get(value, "NaN") for value in values)


def _crops(prober: Prober) -> Iterator[Case]:
    return islice((case for case in directed(prober) if case.groups == 1), 2)


def _several_channels(prober: Prober) -> Iterator[Case]:
    return (case for case in directed(prober) if case.in_channels // case.groups > 1)


def _requirement(
    name: str,
    statement: str,
    check: Check,
    cases: Callable[[Prober], Iterator[Case]] = directed,
    **others: Any,
) -> Probed:
    def trials(prober: Prober) -> Iterator[Trial]:
        found = list(for_each(check, cases)(prober))
        seen = [trial for trial in found if trial.verdict is Verdict.ALLOWED]
        yield from found if any(trial.verdict in FAILING for trial in found) or not seen else seen

    return Probed(id=f"special.{name}", statement=statement, source="suite", trials=trials, **others)


REQUIREMENTS: Final = (
    *(
        _requirement(
            f"nan-{_NAMES[tensor].split()[-1]}",
            f"NaN in {_NAMES[tensor]} must go into the sums that contain it, and into no other.",
            placed(tensor, (nan,)),
            note=_IMPLICIT,
        )
        for tensor in "xwb"
    ),
    *(
        _requirement(
            f"infinity-{_NAMES[tensor].split()[-1]}",
            f"An infinity in {_NAMES[tensor]} must go with its sign into the sums that contain it, and "
            "into no other; two of opposite signs must give NaN.",
            placed(tensor, (inf,), (-inf,), (inf, -inf)),
            note=_IMPLICIT,
        )
        for tensor in "xwb"
    ),
    _requirement("times-zero", "NaN or infinity times zero must be NaN.", times_zero, every_other),
    _requirement(
        "cropped",
        "NaN and infinities that the padding cuts off must not appear in the output.",
        cropped,
        _crops,
    ),
    _requirement(
        "gradients",
        "NaN and infinities must reach the gradient elements whose sums contain them, and no others.",
        gradients,
        every_other,
        note=_IMPLICIT,
        severity=Severity.GRADIENTS,
    ),
    _requirement(
        "largest",
        "The largest finite number times one must be unchanged; times two it must be infinite, with its "
        "sign.",
        largest,
        every_other,
    ),
    _requirement(
        "overflow-on-the-way",
        "A finite sum of the largest numbers should not overflow.",
        on_the_way,
        _several_channels,
        note="reported, not judged: the order of a sum is not documented",
    ),
    _requirement(
        "subnormal",
        "The smallest subnormal number times one should be unchanged.",
        subnormal,
        every_other,
        note="flushing to zero is reported, not judged: no document mentions it",
    ),
    _requirement(
        "negative-zero",
        "The sign of a sum of negative zeros, reported.",
        negative_zero,
        every_other,
        note="reported, not judged: it depends on the initial value of a sum",
    ),
)
