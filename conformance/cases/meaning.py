"""The meaning of a case under one API, and the part of it that all documents share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import islice
from typing import Final

from attrs import evolve, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import InvalidCase
from conv_transpose_conformance.reference_impl import Geometry

# explicit() leaves these open; some documents decide them
NEGATIVE_OUTPUT_PADDING: Final = "an output_padding is negative"
NO_CHANNELS: Final = "there are no channels"  # an empty sum, or an empty output
OUT_OF_REACH: Final = "output_size is out of reach: below the smallest, or the stride or more above it"


class Acceptance(Enum):
    """What the documents say about a call."""

    REQUIRED = "required"  # a documented, valid call
    FORBIDDEN = "forbidden"  # must be refused: the document says so, or no such output can exist
    UNSPECIFIED = "unspecified"  # the document is silent or contradicts itself


@frozen
class Meaning:
    """What the documents of an API demand of a case.

    ``geometry`` is set exactly if the call must work; otherwise ``reason`` says why it need not.  ``alone``
    is whether the reason is the only objection to the call.  If it is not, a refusal does not prove that the
    API checks the reason.
    """

    acceptance: Acceptance
    geometry: Geometry | None = None
    reason: str = ""
    alone: bool = True


def forbidden(reason: str) -> Meaning:
    """Returns the meaning of a call that must be refused."""
    return Meaning(Acceptance.FORBIDDEN, None, reason)


def unspecified(reason: str) -> Meaning:
    """Returns the meaning of a call that the documents leave open.

    ``reason`` contains no numbers, because reports count equal reasons.
    """
    return Meaning(Acceptance.UNSPECIFIED, None, reason)


def explicit(case: Case, more: Sequence[Meaning] = ()) -> Meaning:
    """Returns the meaning of a case with explicit paddings, by the formula that all documents share.

    ``out = (in - 1) * stride - before - after + dilation * (kernel - 1) + 1 + output_padding``; an
    ``output_size`` counts as the output padding that reaches it.

    Args:
        case: a case with a padding in numbers.
        more: further objections to the call, weaker than the shared ones.

    Raises:
        InvalidCase: if positions are too large for the reference.
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
    except ValueError as error:  # a position that does not fit into 64 bits
        raise InvalidCase(f"{case.id}: too large for the reference: {error}") from None
    if more:
        return evolve(more[0], alone=len(more) == 1)
    return Meaning(Acceptance.REQUIRED, geometry)


def _objections(case: Case) -> Iterator[Meaning]:
    """Yields the objections to a call, the strongest first."""
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
    """Returns the output padding, or the one that an output size needs."""
    if case.output_size is None:
        return case.output_padding
    base = output_size(case, (0,) * case.ndim)
    return tuple(size - least for size, least in zip(case.output_size, base, strict=True))


def output_size(case: Case, output_padding: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the documented output size for explicit paddings."""
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
    """Returns whether an output padding reaches its dimension's limit (0 never does)."""
    return any(extra and extra >= bound for extra, bound in zip(case.output_padding, limit, strict=True))


def stride_or_dilation(case: Case) -> tuple[int, ...]:
    """Returns the larger of stride and dilation per dimension."""
    return tuple(map(max, case.stride, case.dilation))
