"""Invalid calls with output sizes, words and switches without a meaning, and with two faults at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from conv_transpose_conformance.frameworks import registry
from conv_transpose_conformance.frameworks.implementation import SIZE_OUT_OF_REACH
from conv_transpose_conformance.frameworks.interface import PADDING_WORDS
from conv_transpose_conformance.requirements.base.probe import Prober
from conv_transpose_conformance.requirements.refusals.invalid_call import InvalidCall, base, rejection
from conv_transpose_conformance.requirements.refusals.numbers import (
    AT_LEAST_ONE,
    HUGE,
    attempt,
    shown,
)


def _output_size_reach(prober: Prober) -> Iterator[InvalidCall]:
    case = base(prober)
    least = [(i - 1) * 2 + 3 for i in case.input_size]
    for extra in (-1, -3, 3, 9):
        size = tuple(length + extra for length in least)
        reading = case.replace(output_size=size)
        yield attempt(case, "output_size", list(size), reading, stated=SIZE_OUT_OF_REACH)


def _output_size_values(prober: Prober) -> Iterator[InvalidCall]:
    case = base(prober)
    for value in (-1, -10, *HUGE):
        yield attempt(case, "output_size", [value] * prober.ndim)
    yield attempt(case, "output_size", [0] * prober.ndim, stated=SIZE_OUT_OF_REACH)


def _output_size_types(prober: Prober) -> Iterator[InvalidCall]:
    case = base(prober)
    least = [(i - 1) * 2 + 3 for i in case.input_size]
    reading = case.replace(output_size=tuple(least))
    others = ([9] * (prober.ndim + 4), *([[9]] if prober.ndim == 2 else []))
    for value in ("a", ["a"] * prober.ndim, [9.5] * prober.ndim, *others):
        yield attempt(case, "output_size", value)
    # under a map over the batch, an input has no batch, and the output size may begin with the channels
    with_channels = (reading,) if prober.declared.maps_batch else ()
    yield attempt(case, "output_size", [4, *least], *with_channels)
    yield attempt(case, "output_size", [float(v) for v in least], reading)
    yield attempt(case, "output_size", [{"numpy": v} for v in least], reading)
    yield attempt(case, "output_size", None, case)


def _bias(prober: Prober) -> Iterator[InvalidCall]:
    case = base(prober).replace(bias=True)
    for value in ("a", 2, 0, None, [1, 2], 0.5):
        yield attempt(case, "bias", value, case, case.replace(bias=False))


def _words(role: str, *odd: tuple[Any, bool]) -> Callable[[Prober], Iterator[InvalidCall]]:
    def attempts(prober: Prober) -> Iterator[InvalidCall]:
        case = base(prober)
        for value, sensible in odd:
            yield attempt(case, role, value, *((case,) if sensible else ()))

    return attempts


def _start(prober: Prober) -> Iterator[InvalidCall]:
    """Yields invalid initializations of parameters: Paddle's attribute, MindSpore's initializer."""
    case = base(prober).replace(bias=True)
    odd: dict[str, tuple[Any, ...]] = {"weight_attr": (1.5, [1, 2])}
    odd |= dict.fromkeys(("weight_init", "bias_init"), ("nonsense", [1, 2]))
    for role, values in odd.items():
        for value in values:
            yield attempt(case, role, value)


def _padding_mode(prober: Prober) -> Iterator[InvalidCall]:
    case = base(prober)
    for value in ("nonsense", "", 1):
        yield attempt(case, "padding_mode", value)
    in_r = registry.framework(prober.framework).runtime.language == "R"  # a word is a vector of one word
    yield attempt(case, "padding_mode", ["zeros"], *((case,) if in_r else ()))
    about = prober.documented.interface
    if about is not None and about.default("padding_mode") in PADDING_WORDS:
        for mode in ("same", "valid"):
            yield InvalidCall(
                words=f"pad_mode={mode!r}, padding=1",
                case=case,
                arguments={"padding_mode": mode, "padding": 1},
            )
    else:
        yield attempt(case, "padding_mode", None, case)


def _pairs(prober: Prober) -> Iterator[InvalidCall]:
    """Yields calls with two faults; in some of them, the products are valid."""
    case = base(prober)
    pairs: list[tuple[tuple[str, Any], tuple[str, Any]]] = []
    for at, first in enumerate(AT_LEAST_ONE):
        for second in AT_LEAST_ONE[at + 1 :]:
            pairs.append(((first, -1), (second, -1)))
            if {first, second} != {"in_channels", "out_channels"}:
                pairs.append(((first, 0), (second, 0)))
    pairs += [
        (("in_channels", -4), ("groups", -4)),
        (("out_channels", -4), ("groups", -4)),
        (("stride", -1), ("padding", -5)),
        (("stride", 0), ("padding", 1)),
        (("stride", 0), ("output_padding", 1)),
        (("dilation", 0), ("padding", 1)),
        (("dilation", -1), ("output_padding", 1)),
        (("kernel_size", 0), ("padding", 0)),
        (("kernel_size", -1), ("padding", -3)),
        (("stride", "a"), ("groups", 0)),
    ]
    if not prober.shape_only:  # it can infer such sizes
        pairs += [
            (("stride", HUGE[0]), ("dilation", HUGE[0])),
            (("padding", HUGE[0]), ("output_padding", HUGE[0])),
        ]
    for first_argument, second_argument in pairs:
        arguments = dict([first_argument, second_argument])
        words = ", ".join(f"{role}={shown(value)}" for role, value in arguments.items())
        yield InvalidCall(words=words, case=case, arguments=arguments)


def single_faults(prober: Prober) -> Iterator[InvalidCall]:
    """Yields the calls with one meaningless word or size each."""
    for attempts in (_output_size_values, _output_size_types, _padding_mode):
        yield from attempts(prober)


REQUIREMENTS: Final = (
    rejection(
        "output_size.reach",
        "An output_size that no output padding reaches must be refused, or the output must have that size.",
        _output_size_reach,
    ),
    rejection(
        "output_size.value",
        "An output_size that is 0, negative or larger than any memory must be refused.",
        _output_size_values,
    ),
    rejection(
        "output_size.type",
        "An output_size that is not a list of whole numbers, one per dimension, must be refused; one of "
        "equal value may be read as such a list.",
        _output_size_types,
    ),
    rejection(
        "bias",
        "A bias that is neither True nor False must be refused, or be read as True or False.",
        _bias,
    ),
    rejection("padding_mode", "An unknown padding mode must be refused.", _padding_mode),
    rejection(
        "data_format",
        "An unknown data format must be refused; another spelling of a known one may be accepted.",
        _words(
            "data_format",
            ("nonsense", False),
            ("", False),
            (1, False),
            (None, True),
            ("ncl", True),
            ("nchw", True),
        ),
    ),
    rejection(
        "dtype",
        "An unknown dtype must be refused.",
        _words("dtype", ("nonsense", False), (1, False), ("float32", True)),
    ),
    rejection(
        "device",
        "An unknown device must be refused.",
        _words("device", ("nonsense", False), ("", False), (1.5, False), ("cpu:x", False)),
    ),
    rejection("start", "An invalid initializer must be refused.", _start),
    rejection("pairs", "Two invalid arguments at once must be refused, whatever their product.", _pairs),
)
