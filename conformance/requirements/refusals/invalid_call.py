"""Invalid calls, and the verdict on how an implementation handles them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import InvalidCase
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.reference_impl import Geometry, forward
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.requirement import Probed
from conv_transpose_conformance.requirements.base.trial import (
    Trial,
    differs,
    not_applicable,
    passed,
    reported,
    unsupported,
)

Array = NDArray[Any]

_ONE: Final = "v1_1d_n2_ci4_co4_i4_k3_s2_f32_int.1"
_TWO: Final = "v1_2d_n2_ci4_co4_i3x4_k3x3_s2x2_f32_int.1"
_CHANNELS: Final = ("in_channels", "out_channels", "groups")
_SIZES: Final = ("kernel_size", "stride", "padding", "output_padding", "dilation")
# The number of each verdict after which a requirement stops: each costs seconds, or compiles a graph.
ENOUGH: Final = {Verdict.CRASH: 2, Verdict.HANG: 2, Verdict.UNSUPPORTED: 1}


@frozen(kw_only=True)
class InvalidCall:
    """A call with ``arguments`` (by their roles, see ``interfaces``) in place of the case's, or ``arrays``.

    ``readings`` are the possible meanings of the call, each with its output; there are none where no
    transposed convolution with such arguments exists.  An accepted call must give the output of one of
    them.  ``stated`` is the kind of invalid argument that documents may say raises (see
    ``Documented.refuses``), whatever the call's readings.
    """

    words: str
    case: Case
    arguments: Mapping[str, Any] = field(factory=dict)
    arrays: Mapping[str, Array] | None = None
    readings: Mapping[str, Array] = field(factory=dict, eq=False)
    stated: str = ""

    @property
    def equivalent(self) -> Case | None:
        """Returns the case with these arguments, or None where no case has them or the tensors are others."""
        if self.arrays is not None:
            return None
        changes: dict[str, Any] = {}
        for role, value in self.arguments.items():
            entries = value["tuple"] if isinstance(value, dict) and set(value) == {"tuple"} else value
            whole = entries if isinstance(entries, list) else [entries]
            if not all(type(number) is int for number in whole):
                return None
            if role in _CHANNELS:
                changes[role] = entries
            elif role in _SIZES:
                each = [(number, number) if role == "padding" else number for number in whole]
                changes[role] = tuple(each * self.case.ndim if len(each) == 1 else each)
            else:
                return None
        try:
            return self.case.replace(**changes)
        except InvalidCase:
            return None

    def expressed(self, prober: Prober) -> dict[str, Any] | None:
        """Returns the arguments by the API's names, or None where it lacks one."""
        about = prober.documented.interface
        if about is None or not prober.expresses(self.case):
            return None
        named = {about.name(role): value for role, value in self.arguments.items()}
        found = {name: value for name, value in named.items() if name is not None}
        return found if len(found) == len(named) else None


InvalidCalls = Callable[[Prober], Iterable[InvalidCall]]


def rejection(identifier: str, statement: str, attempts: InvalidCalls, **others: Any) -> Probed:
    """Builds the requirement that these calls are refused, or give the output of one of their readings."""
    return Probed(
        id=f"reject.{identifier}",
        statement=statement,
        source="suite",
        trials=lambda prober: _trials(prober, attempts(prober)),
        severity=Severity.ACCEPTED,
        **others,
    )


def _trials(prober: Prober, attempts: Iterable[InvalidCall]) -> Iterator[Trial]:
    found: Counter[Verdict] = Counter()
    waiting = [attempt for attempt in attempts if attempt.expressed(prober) is not None]
    if not waiting:
        yield not_applicable("the API has no such argument")
        return
    for attempt in prober.limited(waiting):
        trial = judged(prober, attempt, asked(prober, attempt))
        yield trial
        found[trial.verdict] += 1
        if any(found[verdict] >= enough for verdict, enough in ENOUGH.items()):
            return
    if set(found) == {Verdict.PASS} and (plain := refuses_all(prober)) is not None:
        yield plain


def base(prober: Prober) -> Case:
    """Returns the valid call from which invalid calls are made: N = 2, C = 4, kernel 3, stride 2."""
    return Case.parse(_ONE if prober.ndim == 1 else _TWO)


def refuses_all(prober: Prober) -> Trial | None:
    """Returns the error of an API that refuses the valid call too, else None; its refusals prove nothing."""
    case = base(prober)
    if not prober.requires(case):
        return None
    if case not in prober.remembered:
        prober.remembered[case] = prober.call(case, tensors(case))
    answer: Answer = prober.remembered[case]
    if answer.outcome is not Outcome.RAISED:
        return None
    told = f"the valid call is also refused, in {answer.stage}: {answer.message}"
    return Trial(Verdict.ERROR, told, case)


def asked(prober: Prober, attempt: InvalidCall) -> Answer:
    """Makes an invalid call that the prober's API can express, once per prober, and returns the answer."""
    arguments = attempt.expressed(prober)
    assert arguments is not None, attempt.words
    key = (attempt.words, attempt.case)
    if key not in prober.remembered:
        arrays = tensors(attempt.case) if attempt.arrays is None else attempt.arrays
        prober.remembered[key] = prober.call(attempt.case, arrays, arguments=arguments, refusable=True)
    found: Answer = prober.remembered[key]
    return found


def judged(prober: Prober, attempt: InvalidCall, answer: Answer) -> Trial:
    """Returns the trial of an invalid call's answer."""
    words, case = attempt.words, attempt.equivalent
    if answer.outcome is Outcome.RAISED and answer.stage != "output":
        return passed(case, f"{words}: refused in {answer.stage}: {answer.message}")
    if answer.outcome is Outcome.RAISED:
        return differs(f"{words}: not refused, although the result cannot be read: {answer.message}", case)
    if answer.outcome is Outcome.UNSUPPORTED:
        if min(answer.shape or (0,)) < 0:
            return differs(f"{words}: an output of the shape {list(answer.shape or ())} is inferred", case)
        if answer.stage != "output":  # where it is one, the call came back
            return unsupported(f"{words}: {answer.message}", case)
    elif (broken := fault(answer, case)) is not None:
        return Trial(broken.verdict, f"{words}: {broken.message}", case)
    shape = list(answer.shape or ())
    if attempt.stated in prober.documented.refuses:
        return differs(
            f"{words}: accepted, although its document says that it raises; the output has the shape {shape}",
            case,
        )
    if not attempt.readings:
        return differs(
            f"{words}: accepted, although the arguments describe no valid transposed convolution; "
            f"the output has the shape {shape}",
            case,
        )
    values = answer.arrays.get("values")
    for reading, expected in attempt.readings.items():
        if values is not None and np.array_equal(values.astype(np.float64), expected):
            return reported(f"{words}: accepted, with the result of {reading}", case)
        if prober.shape_only and answer.shape == expected.shape:
            return reported(f"{words}: accepted, with the shape of {reading}", case)
    return differs(
        f"{words}: accepted, but the result, of the shape {shape}, is not that of "
        + " nor of ".join(attempt.readings),
        case,
    )


def tensors(case: Case) -> dict[str, Array]:
    """Returns the tensors of a case: x, w and, with a bias, b."""
    arrays = Problem(case, geometry_of(case)).data.arrays()
    arrays.pop("g", None)
    return arrays


def meant(arrays: Mapping[str, Array], *cases: Case) -> dict[str, Array]:
    """Returns the outputs of cases for these tensors, by case id, from the formula that all documents share.

    Paddings may be negative and outputs empty; a case without any output is left out.
    """
    found = {}
    for case in cases:
        geometry = geometry_of(case)
        if geometry is not None:
            bias = arrays.get("b") if case.bias else None
            found[case.id] = forward(arrays["x"], arrays["w"], bias, geometry=geometry)
    return found


def told(case: Case) -> dict[str, Array]:
    """Returns an output of a case's shape that takes no memory, by the case's id; nothing without a size."""
    geometry = geometry_of(case)
    if geometry is None or case.batch is None:
        return {}
    try:
        shape = (case.batch, case.out_channels, *geometry.output_size)
        return {case.id: np.broadcast_to(np.float64(0), shape)}
    except ValueError:
        return {}


def geometry_of(case: Case) -> Geometry | None:
    """Returns the geometry of a case by the shared formula; paddings may be negative and outputs empty.

    It uses ``output_size`` as given.
    """
    if isinstance(case.padding, str):
        return None
    size = case.output_size or tuple(
        (i - 1) * s - before - after + d * (k - 1) + 1 + extra
        for i, s, (before, after), d, k, extra in zip(
            case.input_size,
            case.stride,
            case.padding,
            case.dilation,
            case.kernel_size,
            case.output_padding,
            strict=True,
        )
    )
    try:
        return Geometry(
            input_size=case.input_size,
            kernel_size=case.kernel_size,
            stride=case.stride,
            dilation=case.dilation,
            crop_before=tuple(before for before, _ in case.padding),
            output_size=size,
            groups=case.groups,
        )
    except ValueError:
        return None
