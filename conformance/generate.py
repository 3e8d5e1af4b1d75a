"""Cases drawn by Hypothesis, over all parameters and from a seed.

Generation knows no framework: it draws parameter sets, and each serves every implementation that can
express it.  A parameter set becomes several cases: exact integers and reals, in float32 and (every second
one) in float64.  Few parameter sets are *invalid*, with an output of negative size, groups that do not
divide the channels, or an output padding at its limit: refusing them is behaviour too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

from attrs import frozen
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conformance.case import Case, Recipe
from conformance.provider import seeded


@frozen
class Profile:
    """How many parameter sets are drawn, per number of dimensions."""

    valid: dict[int, int]
    invalid: int


PROFILES: Final = {
    "quick": Profile({1: 720, 2: 560}, 12),
    "full": Profile({1: 6000, 2: 5000}, 60),
}

_WAYS: Final = ["plain"] * 5 + ["asymmetric", "channels_last", "unbatched", "output_size"]


@st.composite
def parameter_sets(draw: st.DrawFn, ndim: int) -> Case:
    """A case that the shared formula gives an output of at least one element."""
    top = 7 if ndim == 1 else 5
    isotropic = ndim > 1 and draw(st.integers(0, 3)) == 0

    def per_dimension(strategy: st.SearchStrategy[int]) -> tuple[int, ...]:
        if isotropic:
            return (draw(strategy),) * ndim
        return tuple(draw(strategy) for _ in range(ndim))

    way = draw(st.sampled_from(_WAYS))
    size = per_dimension(st.integers(1, top))
    kernel = per_dimension(st.integers(1, 5 if ndim == 1 else 4))
    stride = per_dimension(st.integers(1, 4 if ndim == 1 else 3))
    dilation = per_dimension(st.sampled_from([1, 1, 1, 2, 3]))
    output_padding = (0,) * ndim
    if way != "output_size" and draw(st.integers(0, 4)) < 2:
        output_padding = tuple(
            draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)
        )
    reach = [(i - 1) * s + d * (k - 1) for i, s, d, k in zip(size, stride, dilation, kernel, strict=True)]
    padding: list[tuple[int, int]] = []
    for room in reach:
        if way == "asymmetric":
            before = draw(st.integers(0, min(room, 4)))
            padding.append((before, draw(st.integers(0, min(room - before, 4)))))
        else:
            both = draw(st.integers(0, min(room // 2, 3)))
            padding.append((both, both))
    output_size = None
    if way == "output_size":
        least = [room + 1 - before - after for room, (before, after) in zip(reach, padding, strict=True)]
        output_size = tuple(draw(st.integers(low, low + s - 1)) for low, s in zip(least, stride, strict=True))
    groups, per_in, per_out = draw(
        st.sampled_from(
            # one group, between, depthwise, and depthwise with a multiplier
            [
                (1, 1, 1),
                (1, 2, 3),
                (1, 3, 2),
                (1, 4, 1),
                (2, 1, 2),
                (2, 2, 1),
                (2, 2, 2),
                (3, 2, 1),
                (3, 1, 1),
                (4, 1, 2),
            ]
        )
    )
    return Case(
        batch=None if way == "unbatched" else draw(st.sampled_from([1, 2, 2, 3])),
        in_channels=groups * per_in,
        out_channels=groups * per_out,
        input_size=size,
        kernel_size=kernel,
        stride=stride,
        padding=tuple(padding),
        output_padding=output_padding,
        output_size=output_size,
        dilation=dilation,
        groups=groups,
        bias=draw(st.booleans()),
        dtype="float32",
        layout="channels_last" if way == "channels_last" else "channels_first",
        recipe=Recipe("int", draw(st.integers(0, 0xFFFF))),
    )


@st.composite
def invalid_parameter_sets(draw: st.DrawFn, ndim: int) -> Case:
    """A case with one parameter beyond what can be asked."""
    case = draw(parameter_sets(ndim))
    case = case.replace(
        output_size=None, output_padding=(0,) * ndim, layout="channels_first", dilation=(1,) * ndim
    )
    fault = draw(st.sampled_from(["negative output", "negative output", "groups", "output_padding"]))
    if fault == "groups":
        return case.replace(groups=2, in_channels=3, out_channels=draw(st.sampled_from([2, 3, 4])))
    at = draw(st.integers(0, ndim - 1))
    if fault == "output_padding":
        limit = case.stride[at] + draw(st.integers(0, 2))
        return case.replace(output_padding=tuple(limit if axis == at else 0 for axis in range(ndim)))
    everywhere = draw(st.booleans())  # two negative sizes make a positive number of elements
    padding = []
    for axis, (size, stride, kernel) in enumerate(
        zip(case.input_size, case.stride, case.kernel_size, strict=True)
    ):
        least = ((size - 1) * stride + kernel - 1) // 2 + 1
        both = least + draw(st.integers(0, 4)) if everywhere or axis == at else 0
        padding.append((both, both))
    return case.replace(padding=tuple(padding))


def draw_cases(strategy: st.SearchStrategy[Case], count: int, seed: int) -> list[Case]:
    """``count`` distinct cases, or as many as Hypothesis finds; the same for the same seed."""
    found: dict[Case, None] = {}
    with seeded(seed) as backend:

        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            backend=backend,
        )
        @given(strategy)
        def collect(case: Case) -> None:
            found[case] = None

        cast(Any, collect)()
    return list(found)


def variants(case: Case, index: int) -> Iterator[Case]:
    """The cases of a parameter set; ``index`` is its place in the order drawn."""
    seed = case.recipe.seed
    yield case
    yield case.replace(recipe=Recipe("real", seed))
    if index % 2 == 0:
        yield case.replace(dtype="float64")
        yield case.replace(dtype="float64", recipe=Recipe("real", seed))


def profile_cases(name: str, seed: int, ndims: tuple[int, ...] = (1, 2)) -> Iterator[Case]:
    """The cases of a profile, those that may kill a worker last."""
    profile = PROFILES[name]
    batch = 200
    rounds = max(-(-profile.valid[ndim] // batch) for ndim in ndims)
    seen: set[Case] = set()
    index = 0
    for turn in range(rounds):
        for ndim in ndims:
            count = min(batch, profile.valid[ndim] - turn * batch)
            if count <= 0:
                continue
            # Hypothesis grows costlier with the number of examples: many draws of a few.
            for case in draw_cases(parameter_sets(ndim), count, seed * 1009 + turn * 2 + ndim):
                if case not in seen:
                    seen.add(case)
                    yield from variants(case, index)
                    index += 1
    for ndim in ndims:
        yield from draw_cases(invalid_parameter_sets(ndim), profile.invalid, seed * 1009 + ndim)
