"""The meaning of a case under one API, and the part of it on which all documents agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import islice
from typing import Final

from attrs import evolve, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import InvalidCase
from conv_transpose_conformance.reference_impl import Geometry

# What explicit() leaves open and some documents decide
NEGATIVE_OUTPUT_PADDING: Final = "an output_padding is negative"
NO_CHANNELS: Final = "there are no channels"  # a sum of nothing, or an output of nothing
OUT_OF_REACH: Final = "output_size is out of reach: below the least, or the stride or more above it"


class Acceptance(Enum):
    """What the documents say of a call."""

    REQUIRED = "required"  # a documented, valid call
    FORBIDDEN = "forbidden"  # must be refused: the document says so, or no such output can exist
    UNSPECIFIED = "unspecified"  # the document is silent or contradicts itself


@frozen
class Meaning:
    """``geometry`` is there exactly where the call is required to work; else ``reason`` says why not.

    ``alone`` is whether that reason is all that speaks against the call.  Where it is not, a refusal does not
    show that the reason is heeded.
    """

    acceptance: Acceptance
    geometry: Geometry | None = None
    reason: str = ""
    alone: bool = True


def forbidden(reason: str) -> Meaning:
    """A call that must be refused."""
    return Meaning(Acceptance.FORBIDDEN, None, reason)


def unspecified(reason: str) -> Meaning:
    """A call on which the documents do not decide; ``reason`` is without numbers, as a report counts it."""
    return Meaning(Acceptance.UNSPECIFIED, None, reason)


def explicit(case: Case, more: Sequence[Meaning] = ()) -> Meaning:
    """The meaning of explicit paddings, by the formula that all the documents share.

    ``out = (in - 1) * stride - before - after + dilation * (kernel - 1) + 1 + output_padding``; an
    ``output_size`` stands for the output padding that reaches it.

    Args:
        case: with a padding in numbers.
        more: what else speaks against the call, less than anything shared.

    Raises:
        InvalidCase: where positions are too large for the reference.
    """
    assert not isinstance(case.padding, str)
    against = list(islice(_objections(case), 2))
    if against:
        return evolve(against[0], alone=len(against) == 1 and not more)
    try:
        geometry = Geometry.from_parameters(
            case.input_size,
            case.kernel_size,
            stride=case.stride,
            padding=case.padding,
            output_padding=extra_size(case),
            dilation=case.dilation,
            groups=case.groups,
        )
    except ValueError as error:  # a position that 64 bits cannot hold
        raise InvalidCase(f"{case.id}: beyond what the reference computes: {error}") from None
    if more:
        return evolve(more[0], alone=len(more) == 1)
    return Meaning(Acceptance.REQUIRED, geometry)


def _objections(case: Case) -> Iterator[Meaning]:
    """All that speaks against a call, the gravest first."""
    assert not isinstance(case.padding, str)
    for name in ("kernel_size", "stride", "dilation"):
        if min(getattr(case, name)) < 1:
            yield forbidden(f"{name} {getattr(case, name)} has an entry below 1")
    for name, least in (("in_channels", 0), ("out_channels", 0), ("groups", 1)):
        if getattr(case, name) < least:
            yield forbidden(f"{name} {getattr(case, name)} is below {least}")
    if 0 in (case.in_channels, case.out_channels):
        yield unspecified(NO_CHANNELS)
    if (case.batch is not None and case.batch < 1) or min(case.input_size) < 1:
        yield unspecified("the input is empty")
    for name in ("in_channels", "out_channels"):
        if case.groups and getattr(case, name) % case.groups:
            yield forbidden(f"{name} {getattr(case, name)} is not divisible by groups {case.groups}")
    if any(side < 0 for pair in case.padding for side in pair):
        yield unspecified("a padding is negative")
    if min(case.output_padding) < 0:
        yield unspecified(NEGATIVE_OUTPUT_PADDING)
    if case.output_size is not None:
        if any(case.output_padding):
            yield unspecified("both output_size and output_padding are given")
        if any(not 0 <= extra < stride for extra, stride in zip(extra_size(case), case.stride, strict=True)):
            yield unspecified(OUT_OF_REACH)
    size = output_size(case, extra_size(case))
    if min(size) < 0:
        yield forbidden(f"the output would have the negative size {size}")
    if min(size) == 0:
        yield unspecified("the output would be empty")


def extra_size(case: Case) -> tuple[int, ...]:
    """The output padding, or what an output size amounts to."""
    if case.output_size is None:
        return case.output_padding
    base = output_size(case, (0,) * case.ndim)
    return tuple(size - least for size, least in zip(case.output_size, base, strict=True))


def output_size(case: Case, output_padding: tuple[int, ...]) -> tuple[int, ...]:
    """The documented output size of explicit paddings."""
    assert not isinstance(case.padding, str)
    return tuple(
        (size - 1) * stride - before - after + dilation * (kernel - 1) + 1 + extra
        for size, stride, (before, after), dilation, kernel, extra in zip(
            case.input_size,
            case.stride,
            case.padding,
            case.dilation,
            case.kernel_size,
            output_padding,
            strict=True,
        )
    )


def beyond(case: Case, limit: tuple[int, ...]) -> bool:
    """Whether an output padding is not below its dimension's limit (0 is below every limit)."""
    return any(extra and extra >= bound for extra, bound in zip(case.output_padding, limit, strict=True))


def stride_or_dilation(case: Case) -> tuple[int, ...]:
    """The larger of stride and dilation, per dimension."""
    return tuple(map(max, case.stride, case.dilation))
