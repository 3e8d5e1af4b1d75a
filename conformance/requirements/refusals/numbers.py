"""Invalid calls with numbers that define no transposed convolution, or an ambiguous one.

An argument with a sensible reading (2.0 for 2, say) may be refused; if it is accepted, the result must be
that of the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from attrs import evolve

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.implementation import (
    EXTRA_BEYOND_STRIDE,
    EXTRA_OF_STRIDE,
    NEGATIVE,
    NO_CHANNELS,
    WRONG_TYPE,
    WRONG_TYPE_OF_GROUPS,
)
from conv_transpose_conformance.frameworks.interface import REQUIRED
from conv_transpose_conformance.requirements.base.probe import Prober
from conv_transpose_conformance.requirements.refusals.invalid_call import (
    InvalidCall,
    base,
    meant,
    rejection,
    tensors,
    told,
)

# Beyond every memory; the lower 32 bits of both are those of 1.
HUGE: Final = (2**32 + 1, 2**60 + 1)

SIZES: Final = ("kernel_size", "stride", "padding", "output_padding", "dilation")
CHANNELS: Final = ("in_channels", "out_channels", "groups")
AT_LEAST_ONE: Final = ("in_channels", "out_channels", "kernel_size", "stride", "dilation", "groups")


def with_value(case: Case, role: str, value: int) -> Case:
    """Returns the case with a number for an argument, in all dimensions."""
    if role in CHANNELS:
        return case.replace(**{role: value})
    each: Any = (value, value) if role == "padding" else value
    return case.replace(**{role: (each,) * case.ndim})


def _default(prober: Prober, role: str) -> Any:
    """Returns the documented default of an argument; ``REQUIRED`` where there is none."""
    about = prober.documented.interface
    return REQUIRED if about is None else about.default(role)


def entries(*values: Any) -> dict[str, Any]:
    """Returns a tuple in the form of ``adapters.base.argument``."""
    return {"tuple": list(values)}


def shown(value: Any) -> str:
    """Returns a raw argument in readable notation."""
    if isinstance(value, dict):
        ((kind, inner),) = value.items()
        if kind == "tuple":
            return "(" + ", ".join(map(shown, inner)) + ("," if len(inner) == 1 else "") + ")"
        return f"numpy.int64({inner})" if kind == "numpy" else f"{kind}({inner!r})"
    return repr(value)


def attempt(case: Case, role: str, value: Any, *readings: Case, stated: str = "") -> InvalidCall:
    """Returns an invalid call with one argument, and the tensors of its first reading, or of ``case``."""
    asked = readings[0] if readings else case
    return InvalidCall(
        words=f"{role}={shown(value)}",
        case=asked,
        arguments={role: value},
        readings=meant(tensors(asked), *readings) if readings else {},
        stated=stated,
    )


def _zero(role: str) -> Callable[[Prober], Iterator[InvalidCall]]:
    def attempts(prober: Prober) -> Iterator[InvalidCall]:
        case = base(prober)
        if role in ("in_channels", "out_channels"):
            # a sum without products, or no output at all: an empty, valid reading
            yield attempt(case, role, 0, with_value(case, role, 0), stated=NO_CHANNELS)
            return
        yield attempt(case, role, 0)
        if role != "groups" and prober.ndim == 2:
            yield attempt(case, role, entries(1, 0))
            yield attempt(case, role, entries(0, 1))

    return attempts


def _negative(role: str) -> Callable[[Prober], Iterator[InvalidCall]]:
    def attempts(prober: Prober) -> Iterator[InvalidCall]:
        case = base(prober)
        if role not in ("padding", "output_padding"):
            for value in (-1, -2, -4):
                yield attempt(case, role, value)
            if role in SIZES and prober.ndim == 2:
                yield attempt(case, role, entries(1, -1))
                yield attempt(case, role, entries(-1, 1))
            return
        # The formula allows negative paddings: they add to the output, or take from its end.
        for value in (-1, -2):
            reading = with_value(case, role, value)
            yield attempt(case, role, value, reading, stated=NEGATIVE)

    return attempts


def _too_large(role: str) -> Callable[[Prober], Iterator[InvalidCall]]:
    def attempts(prober: Prober) -> Iterator[InvalidCall]:
        case = base(prober)
        for value in (*HUGE, 2**63):
            one = attempt(case, role, value)
            # without stored values, even a size beyond all memory can be inferred
            fits = prober.shape_only and role not in ("in_channels", "groups") and value in HUGE
            yield evolve(one, readings=told(with_value(case, role, value))) if fits else one

    return attempts


def _length(role: str) -> Callable[[Prober], Iterator[InvalidCall]]:
    def attempts(prober: Prober) -> Iterator[InvalidCall]:
        case = base(prober)
        count = 3 if role == "padding" else prober.ndim + 1  # two paddings mean one for each side
        yield attempt(case, role, entries(*[1] * count))
        yield attempt(case, role, entries(*[1] * 5))
        default = _default(prober, role)
        yield attempt(
            case, role, entries(), *(() if default is REQUIRED else (with_value(case, role, default),))
        )
        if prober.ndim == 2:
            yield attempt(case, role, entries(1), with_value(case, role, 1))

    return attempts


def _type(role: str) -> Callable[[Prober], Iterator[InvalidCall]]:
    def attempts(prober: Prober) -> Iterator[InvalidCall]:
        case = base(prober)
        if role == "in_channels":
            case = case.replace(in_channels=3)  # 3.5 cut off
        for value in ("a", 1.5, {"float": "nan"}, {"float": "inf"}):
            yield attempt(case, role, value)
        if role in ("kernel_size", "in_channels", "out_channels"):
            yield attempt(case, role, None)
        if role in SIZES:
            yield attempt(case, role, entries(*["a"] * prober.ndim))
            yield attempt(case, role, entries(*[1.5] * prober.ndim))
            yield attempt(case, role, entries(*[None] * prober.ndim))

    return attempts


def _conversion(role: str) -> Callable[[Prober], Iterator[InvalidCall]]:
    def attempts(prober: Prober) -> Iterator[InvalidCall]:
        case = base(prober)
        typed = WRONG_TYPE_OF_GROUPS if role == "groups" else WRONG_TYPE
        if role in SIZES:
            one = with_value(case, role, 1)
            yield attempt(case, role, 1.0, one, stated=typed)
            yield attempt(one, role, {"numpy": 1}, one)
            yield attempt(one, role, True, one)
            yield attempt(one, role, entries(*[1.0] * prober.ndim), one)
        elif role == "groups":
            two = with_value(case, role, 2)
            yield attempt(two, role, 2.0, two, stated=typed)
            yield attempt(two, role, {"numpy": 2}, two)
            yield attempt(two, role, entries(2), two)
            yield attempt(case, role, True, case)
        else:
            yield attempt(case, role, 4.0, case, stated=typed)
            yield attempt(case, role, {"numpy": 4}, case)
            yield attempt(case, role, entries(4), case)
        default = _default(prober, role)
        if default is not REQUIRED:
            yield attempt(case, role, None, with_value(case, role, default), stated=typed)

    return attempts


def _not_dividing(prober: Prober) -> Iterator[InvalidCall]:
    case = base(prober)
    yield attempt(case, "groups", 3)
    yield attempt(case, "groups", 8)
    if not prober.module:  # a function takes the channels from the weight
        yield InvalidCall(
            words="groups=2 with 3 input channels",
            case=case.replace(in_channels=3, out_channels=4),
            arguments={"groups": 2},
        )
        return
    for channels in ({"in_channels": 3}, {"out_channels": 3}, {"in_channels": 3, "out_channels": 3}):
        words = ", ".join(f"{role}={value}" for role, value in channels.items())
        yield InvalidCall(
            words=f"groups=2 with {words}",
            case=case.replace(**channels),
            arguments={**channels, "groups": 2},
        )


def _exceeding(prober: Prober) -> Iterator[InvalidCall]:
    """Yields paddings with an output of negative size, and one with an empty output."""
    case = base(prober)
    longest = max(case.input_size)
    reach = (longest - 1) * 2 + 3  # of the longest dimension, without padding
    for value in (reach // 2 + 1, 50):
        yield attempt(case, "padding", value)
    even = case.replace(kernel_size=(2,) * prober.ndim)  # of even length
    nothing = 4 if prober.ndim == 1 else 3  # of both dimensions the first has length 0
    yield attempt(even, "padding", nothing, with_value(even, "padding", nothing))


def _beyond(prober: Prober) -> Iterator[InvalidCall]:
    """Yields output paddings of the stride and more: documents bound them, or say nothing."""
    case = base(prober)
    yield attempt(case, "output_padding", 2, with_value(case, "output_padding", 2), stated=EXTRA_OF_STRIDE)
    for value in (3, 9):
        reading = with_value(case, "output_padding", value)
        yield attempt(case, "output_padding", value, reading, stated=EXTRA_BEYOND_STRIDE)


def single_faults(prober: Prober) -> Iterator[InvalidCall]:
    """Yields the calls with one invalid number each."""
    kinds = [_zero(role) for role in AT_LEAST_ONE] + [_negative(role) for role in AT_LEAST_ONE]
    kinds += [_length(role) for role in SIZES] + [_type(role) for role in (*SIZES, *CHANNELS)]
    for attempts in kinds:
        yield from attempts(prober)


def _called(role: str) -> str:
    """Returns an argument's name within a sentence."""
    return "number of groups" if role == "groups" else role


def _a(role: str) -> str:
    """Returns an argument's name at the beginning of a sentence."""
    return f"{'An' if role[0] in 'aeio' else 'A'} {_called(role)}"


def _all() -> Iterable[Any]:
    for role in AT_LEAST_ONE:
        yield rejection(
            f"{role}.zero",
            f"{_a(role)} of 0 must be refused"
            + (", or give an empty result or the bias." if role.endswith("channels") else "."),
            _zero(role),
        )
    for role in (*AT_LEAST_ONE, "padding", "output_padding"):
        sides = role in ("padding", "output_padding")
        yield rejection(
            f"{role}.negative",
            f"A negative {_called(role)} must be refused"
            + (", or do what the formula of the output size says." if sides else "."),
            _negative(role),
        )
    for role in (*AT_LEAST_ONE, "padding", "output_padding"):
        yield rejection(
            f"{role}.too-large",
            f"{_a(role)} that fits in no memory must be refused, and not be cut to 32 bits.",
            _too_large(role),
        )
    for role in SIZES:
        yield rejection(
            f"{role}.length",
            f"{_a(role)} with a wrong number of entries must be refused; one entry may stand for all "
            "dimensions, none for the default.",
            _length(role),
        )
    for role in (*SIZES, *CHANNELS):
        yield rejection(
            f"{role}.type",
            f"{_a(role)} that is not a whole number (a string, a fraction, NaN, infinity) must be refused.",
            _type(role),
        )
        yield rejection(
            f"{role}.conversion",
            f"{_a(role)} of another type that equals a whole number must be refused or be read as that "
            "number; None may stand for the default.",
            _conversion(role),
        )
    yield rejection(
        "groups.dividing", "Groups that do not divide both channel counts must be refused.", _not_dividing
    )
    yield rejection(
        "padding.exceeding",
        "A padding that gives a negative output size must be refused; one that gives size 0 must be "
        "refused or give an empty output.",
        _exceeding,
    )
    yield rejection(
        "output_padding.beyond",
        "output_padding ≥ stride must be refused, or give what the formula says.",
        _beyond,
    )


REQUIREMENTS: Final = tuple(_all())
