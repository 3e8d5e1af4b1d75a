"""Sums of products with a bias as hardware computes them: rounded to nearest in many orders, or faulty.

A tensor has the shape ``(channels, phases, positions)``.  As in a transposed convolution the weights of an
output are those of its channel and phase, and channels and phases share the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from attrs import field, frozen

from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES, SIGNIFICAND_BITS
from conv_transpose_conformance.faults.rounding import truncated
from conv_transpose_conformance.judging.expected import Expected
from tests.support import transforms

Array = Any
Factors = tuple[Array, Array]
ORDERS: Final = ("forwards", "backwards", "shuffled", "pairs", "blocks", "wider blocks", "wider")
PLACES: Final = ("first", "middle", "last", "within")
BIASES: Final = {"none": 0, "1 channel": 1, "16 channels": 16}


@frozen
class Results:
    """One tensor, or the parts of a complex one: results and what the reference says of them."""

    kind: str
    name: str
    dtype: str
    parts: list[tuple[Array, Expected]]


@frozen
class Format:
    """Arithmetic of a dtype; of 16 bits it is done in float32, whence sums and products round right."""

    dtype: str
    carrier: Any = field(init=False)
    wide: Any = field(init=False)

    def __attrs_post_init__(self) -> None:
        double = self.dtype == "float64"
        object.__setattr__(self, "carrier", np.float64 if double else np.float32)
        object.__setattr__(self, "wide", np.longdouble if double else np.float64)

    def rounded(self, array: Array) -> Array:
        """To nearest, ties to even."""
        return array.astype(NUMPY_DTYPES[self.dtype]).astype(self.carrier, copy=False)

    def drawn(self, rng: np.random.Generator, *shape: int) -> Array:
        """Uniform on (-1, 1)."""
        return self.rounded(2 * rng.random(shape) - 1)

    def add(self, one: Array, other: Array) -> Array:
        """A rounded sum."""
        return self.rounded(one + other)

    def product(self, factors: Factors) -> Array:
        """A rounded product."""
        return self.rounded(factors[0] * factors[1])

    def accumulate(self, total: Array | None, factors: Factors, *, fused: bool) -> Array:
        """The total and a product, rounded once or twice."""
        if total is None:
            return self.product(factors)
        if not fused:
            return self.add(total, self.product(factors))
        one, other = (factor.astype(self.wide) for factor in factors)
        return self.rounded(total.astype(self.wide) + one * other)


@frozen
class Plan:
    """How a sum runs, and where its bias comes in."""

    order: str
    place: str = "last"
    fused: bool = False
    block: int = 8

    @classmethod
    def random(cls, rng: np.random.Generator) -> Plan:
        """Any order with any place."""
        order, place = str(rng.choice(ORDERS)), str(rng.choice(PLACES))
        return cls(order, place, bool(rng.integers(2)), int(rng.integers(2, 33)))

    def __str__(self) -> str:
        return f"{self.order}, bias {self.place}{', fused' * self.fused}, blocks of {self.block}"


def summed(form: Format, terms: Sequence[Factors], bias: Array | None, plan: Plan) -> Array:
    """The rounded sum of products and bias."""
    if plan.order == "wider":
        return _wider(form, terms, bias, plan)
    if plan.order == "pairs":
        leaves: list[Factors | Array] = list(terms)
        if bias is not None:
            place = {"first": 0, "middle": len(terms) // 2}.get(plan.place, len(terms))
            leaves.insert(place, bias)
        return _pairs(form, leaves)
    sums: list[Any] = list(terms)
    half = (len(sums) + 1) // 2
    if "blocks" in plan.order:
        chunks = [terms[at : at + plan.block] for at in range(0, len(terms), plan.block)]
        wide = plan.order == "wider blocks"
        sums = [form.rounded(exact(form, c, None)[0]) if wide else _sequence(form, c, plan) for c in chunks]
        half = 1
    total = bias if bias is not None and plan.place == "first" else None
    for number, term in enumerate(sums):
        if bias is not None and plan.place == "middle" and number == half:
            assert total is not None
            total = form.add(total, bias)
        if isinstance(term, tuple):
            total = form.accumulate(total, term, fused=plan.fused)
        else:
            total = term if total is None else form.add(total, term)
    assert total is not None
    late = plan.place in ("last", "within") or (plan.place == "middle" and half >= len(sums))
    return form.add(total, bias) if bias is not None and late else total


def _sequence(form: Format, terms: Sequence[Factors], plan: Plan) -> Array:
    total = None
    for term in terms:
        total = form.accumulate(total, term, fused=plan.fused)
    return total


def _pairs(form: Format, leaves: Sequence[Factors | Array]) -> Array:
    if len(leaves) == 1:
        return form.product(leaves[0]) if isinstance(leaves[0], tuple) else leaves[0]
    half = len(leaves) // 2
    return form.add(_pairs(form, leaves[:half]), _pairs(form, leaves[half:]))


def _wider(form: Format, terms: Sequence[Factors], bias: Array | None, plan: Plan) -> Array:
    total, _ = exact(form, terms, bias if plan.place == "within" else None)
    found = form.rounded(total)
    return found if bias is None or plan.place == "within" else form.add(found, bias)


def exact(form: Format, terms: Sequence[Factors], bias: Array | None) -> tuple[Array, Array]:
    """The sum and the sum of absolute values in the wider format."""
    total: Array = 0
    scale: Array = 0
    for factors in terms:
        one, other = (factor.astype(form.wide) for factor in factors)
        product = one * other
        total = total + product
        scale = scale + np.abs(product, out=product)
    if bias is not None:
        total, scale = total + bias.astype(form.wide), scale + np.abs(bias.astype(form.wide))
    return total, scale


def expected(form: Format, terms: Sequence[Factors], bias: Array | None) -> Expected:
    """What the reference would say."""
    total, scale = exact(form, terms, bias)
    values, scales = total.astype(np.float64), np.asarray(scale).astype(np.float64)
    wide = None if bias is None else bias.astype(np.float64)
    return Expected(values, np.broadcast_to(scales, values.shape), np.array(len(terms)), wide)


def _output(rng: np.random.Generator, form: Format, size: int, length: int) -> list[Factors]:
    """The terms of an output, or of the input's gradient.

    Each is a weight, of a channel and a phase, times an input, of a position.
    """
    channels = min(size, int(2 ** rng.uniform(0, 8.5)))
    phases = min(max(size // channels, 1), int(rng.choice((1, 1, 2, 4, 16))))
    positions = max(size // (channels * phases), 1)
    weights = form.drawn(rng, length, channels, phases, 1)
    taps = min(length, int(rng.integers(1, 5)))
    inputs = form.drawn(rng, -(-length // taps), 1, 1, positions)
    if rng.random() < 0.02:  # sparse, so that some outputs are zero
        inputs = inputs * (rng.random(inputs.shape) < 0.2).astype(inputs.dtype)
    if rng.random() < 0.02 and form.dtype != "float64":  # products around the smallest numbers
        weights = form.rounded(weights * np.float32(2.0 ** {"float16": -12}.get(form.dtype, -70)))
        inputs = form.rounded(inputs * np.float32(2.0 ** {"float16": -6}.get(form.dtype, -70)))
    return [(weights[j], np.roll(inputs[j // taps], j % taps, axis=-1)) for j in range(length)]


def _weight(rng: np.random.Generator, form: Format, size: int, length: int) -> list[Factors]:
    """The terms of the weight's gradient: an input and an output's gradient at a position."""
    channels = min(size, int(2 ** rng.uniform(0, 6)))
    inputs, gradients = (
        form.drawn(rng, length, channels, 1),
        form.drawn(rng, length, max(size // channels, 1)),
    )
    return [(inputs[j], gradients[j]) for j in range(length)]


def _bias_gradient(rng: np.random.Generator, form: Format, size: int) -> tuple[Array, Expected]:
    """Plain sums, one or more, of ``size`` numbers in all."""
    channels = int(rng.integers(1, 9))
    numbers = form.drawn(rng, channels, max(size // channels, 1))
    wide = numbers.astype(form.wide)
    values, scale = (a.sum(axis=1).astype(np.float64) for a in (wide, np.abs(wide)))
    if SIGNIFICAND_BITS[form.dtype] < 24:
        sums = form.rounded(values)
    elif rng.integers(2):
        sums = np.add.accumulate(numbers, axis=1)[:, -1]
    else:
        sums = np.add.reduce(numbers, axis=1)  # in pairs of blocks
    return sums, Expected(values, scale, np.array(numbers.shape[1]))


def _complex(rng: np.random.Generator, size: int, length: int) -> list[tuple[Array, Expected]]:
    """Real and imaginary parts, from four real products each or from three."""
    form, three = Format("float32"), bool(rng.integers(2))
    channels = int(rng.integers(1, 9))
    weights, inputs, biases = (
        [form.drawn(rng, *shape) for _ in range(2)]
        for shape in (
            (length, channels, 1),
            (length, 1, max(size // channels, 1)),
            (channels, 1),
        )
    )
    totals: list[Array] = list(biases)
    values: list[Array] = [bias.astype(np.float64) for bias in biases]
    scale: Array = sum(abs(bias.astype(np.float64)) for bias in biases)
    for wr, wi, xr, xi in zip(*weights, *inputs, strict=True):
        both, cross = wr * xr, wi * xi
        other = (wr + wi) * (xr + xi) - both - cross if three else wr * xi + wi * xr
        totals = [totals[0] + (both - cross), totals[1] + other]
        ar, ai, br, bi = (a.astype(np.float64) for a in (wr, wi, xr, xi))
        values = [values[0] + (ar * br - ai * bi), values[1] + (ar * bi + ai * br)]
        scale = scale + (abs(ar) + abs(ai)) * (abs(br) + abs(bi))
    return [
        (total, Expected(value, scale, np.array(2 * length + 7), bias.astype(np.float64), transformable=True))
        for total, value, bias in zip(totals, values, biases, strict=True)
    ]


def _size(rng: np.random.Generator, *, large: bool) -> int:
    if large:
        return int(10 ** rng.uniform(6, 7))
    return int(10 ** (rng.uniform(4, 6) if rng.random() < 0.01 else rng.uniform(0, 4)))


def honest(seed: int, *, large: bool = False) -> Results:
    """A tensor computed with rounding to nearest; ``large`` ones have 1,000,000 to 10,000,000 elements."""
    rng = np.random.default_rng((seed, large))
    size = _size(rng, large=large)
    draw = rng.random()
    if draw < 0.02:
        name = str(rng.choice(transforms.NAMES))
        return Results("transform", f"{name}, {size} elements", "float32", transforms.honest(rng, size, name))
    if draw < 0.04:
        length = int(rng.integers(1, 9))
        return Results("complex", f"{size} elements of {length}", "float32", _complex(rng, size, length))
    dtypes = ("float32", "float64", "float16", "bfloat16")
    form = Format(str(rng.choice(dtypes, p=(0.6, 0.2, 0.1, 0.1))))
    if draw < 0.09:
        part = _bias_gradient(rng, form, size)
        return Results("grad_bias", f"{form.dtype}, {size} terms", form.dtype, [part])
    longest = 2_000 if size <= 300 and rng.random() < 0.1 else max(1, min(64, 20_000_000 // size))
    length = int(longest ** rng.uniform(0, 1))
    kind = "grad_weight" if draw < 0.2 and not large else "output"
    terms = (_weight if kind == "grad_weight" else _output)(rng, form, size, length)
    bias = form.drawn(rng, len(terms[0][0]), 1, 1) if kind == "output" and rng.random() < 0.65 else None
    plan = Plan.random(rng)
    ordered = list(terms)
    if plan.order == "backwards":
        ordered.reverse()
    elif plan.order == "shuffled":
        rng.shuffle(ordered)  # type: ignore[arg-type]
    found = summed(form, ordered, bias, plan)
    wanted = expected(form, terms, bias)
    name = f"{form.dtype} {kind}, {found.shape} of {length}, {'no bias' if bias is None else plan}"
    return Results(kind, name, form.dtype, [(np.broadcast_to(found, wanted.values.shape), wanted)])


def _truncates_always(form: Format, terms: Sequence[Factors], bias: Array | None, _values: Array) -> Array:
    bits = SIGNIFICAND_BITS[form.dtype]
    total: Array = np.zeros(())
    for one, other in terms:
        product = truncated(one.astype(np.float64) * other.astype(np.float64), bits)
        total = truncated(total + product, bits)
    return total if bias is None else truncated(total + bias.astype(np.float64), bits)


def _upwards(form: Format, _terms: Any, _bias: Any, values: Array) -> Array:
    fraction, exponent = np.frexp(values)
    bits = SIGNIFICAND_BITS[form.dtype]
    return np.ldexp(np.ceil(np.ldexp(fraction, bits)), exponent - bits)


def _short(share: float) -> Callable[..., Array]:
    """Results that lack a constant, in units of the mean rounding unit of the results."""

    def apply(form: Format, _terms: Any, _bias: Any, values: Array) -> Array:
        unit = 2.0 ** -SIGNIFICAND_BITS[form.dtype] * float(np.abs(values).mean())
        return form.rounded(values - share * unit)

    return apply


FAULTS: Final[dict[str, Callable[..., Array]]] = {
    "truncates": lambda form, _t, _b, values: truncated(values, SIGNIFICAND_BITS[form.dtype]),
    "truncates each step": _truncates_always,
    "rounds up": _upwards,
    "lacks 1 u": _short(1.0),
    "lacks 1/4 u": _short(0.25),
}


def faulty(seed: int, fault: str, bias: str, size: int) -> Results:
    """A float32 output of about this size by an operator with one of ``FAULTS``."""
    rng = np.random.default_rng((seed, size))
    form, channels = Format("float32"), BIASES[bias] or 4
    length = int(2 ** rng.uniform(0, 5))
    positions = max(size // channels, 1)
    weights, inputs = form.drawn(rng, length, channels, 1, 1), form.drawn(rng, length, 1, 1, positions)
    added = form.drawn(rng, channels, 1, 1) if BIASES[bias] else None
    terms = list(zip(weights, inputs, strict=True))
    wanted = expected(form, terms, added)
    found = FAULTS[fault](form, terms, added, wanted.values)
    return Results("faulty", fault, "float32", [(found, wanted)])
