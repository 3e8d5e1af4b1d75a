"""The cases of a profile: the core corpus, kept cases, and cases that Hypothesis draws from a seed.

Generation knows no framework.  It draws parameter sets, and each serves every implementation that can express
it.  A parameter set gives several cases: exact integers and reals, in float32 and float64.  Few parameter
sets are *invalid*: they have an output of negative size, groups that do not divide the channels, or an output
padding at its limit.  They test refusals.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.recipe import Recipe
from conv_transpose_conformance.generation.corpus import core, variants
from conv_transpose_conformance.generation.kept_cases import kept_cases
from conv_transpose_conformance.generation.seeded_backend import seeded

PROFILES: Final = ("quick", "full")
FULL_EXAMPLES: Final = 1_500  # parameter sets that the full profile draws by default

_WAYS: Final = ["plain"] * 5 + ["asymmetric", "channels_last", "unbatched", "output_size", "words", "any"]
_SPELLINGS: Final = ["plain", "plain", "plain", "plain", "tuple", "tuple", "sides", "nested"]


@st.composite
def parameter_sets(draw: st.DrawFn, ndim: int) -> Case:
    """Draws a case whose output has at least one element by the shared formula, or one padded "same"."""
    top = 7 if ndim == 1 else 5
    isotropic = ndim > 1 and draw(st.integers(0, 3)) == 0

    def per_dimension(strategy: st.SearchStrategy[int]) -> tuple[int, ...]:
        if isotropic:
            return (draw(strategy),) * ndim
        return tuple(draw(strategy) for _ in range(ndim))

    ways = {draw(st.sampled_from(_WAYS))}
    if "any" in ways:  # several dimensions together
        ways = {way for way in dict.fromkeys(_WAYS) if draw(st.booleans())}
    if "words" in ways:
        ways -= {"asymmetric", "output_size"}
    size = per_dimension(st.integers(1, top))
    kernel = per_dimension(st.integers(1, 5 if ndim == 1 else 4))
    stride = per_dimension(st.integers(1, 4 if ndim == 1 else 3))
    dilation = per_dimension(st.sampled_from([1, 1, 1, 2, 3]))
    output_padding = (0,) * ndim
    if "output_size" not in ways and draw(st.integers(0, 4)) < 2:
        output_padding = tuple(
            draw(st.integers(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True)
        )
    reach = [(i - 1) * s + d * (k - 1) for i, s, d, k in zip(size, stride, dilation, kernel, strict=True)]
    padding: list[tuple[int, int]] = []
    for room in reach:
        if "asymmetric" in ways:
            before = draw(st.integers(0, min(room, 4)))
            padding.append((before, draw(st.integers(0, min(room - before, 4)))))
        else:
            both = draw(st.integers(0, min(room // 2, 3)))
            padding.append((both, both))
    output_size = None
    if "output_size" in ways:
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
    word = draw(st.sampled_from(["same", "valid"])) if "words" in ways else None
    if word is not None:
        padding = [(0, 0)] * ndim
    if word == "same":
        output_padding = (0,) * ndim
    return Case(
        batch=None if "unbatched" in ways else draw(st.sampled_from([1, 2, 2, 3])),
        in_channels=groups * per_in,
        out_channels=groups * per_out,
        input_size=size,
        kernel_size=kernel,
        stride=stride,
        padding=word or tuple(padding),  # type: ignore[arg-type]
        output_padding=output_padding,
        output_size=output_size,
        dilation=dilation,
        groups=groups,
        bias=draw(st.booleans()),
        dtype="float32",
        layout="channels_last" if "channels_last" in ways else "channels_first",
        spelling=draw(st.sampled_from(_SPELLINGS if word is None else _SPELLINGS[:-2])),
        recipe=Recipe("int", draw(st.integers(0, 0xFFFF))),
    )


@st.composite
def invalid_parameter_sets(draw: st.DrawFn, ndim: int) -> Case:
    """Draws a case with one invalid parameter."""
    case = draw(parameter_sets(ndim))
    case = case.replace(
        padding=((0, 0),) * ndim if isinstance(case.padding, str) else case.padding,
        output_size=None,
        output_padding=(0,) * ndim,
        layout="channels_first",
        dilation=(1,) * ndim,
    )
    fault = draw(st.sampled_from(["negative output", "negative output", "groups", "output_padding"]))
    if fault == "groups":
        return case.replace(groups=2, in_channels=3, out_channels=draw(st.sampled_from([2, 3, 4])))
    at = draw(st.integers(0, ndim - 1))
    if fault == "output_padding":
        limit = case.stride[at] + draw(st.integers(0, 2))
        return case.replace(output_padding=tuple(limit if axis == at else 0 for axis in range(ndim)))
    everywhere = draw(st.booleans())  # two negative sizes multiply to a positive number of elements
    padding = []
    for axis, (size, stride, kernel) in enumerate(
        zip(case.input_size, case.stride, case.kernel_size, strict=True)
    ):
        least = ((size - 1) * stride + kernel - 1) // 2 + 1
        both = least + draw(st.integers(0, 4)) if everywhere or axis == at else 0
        padding.append((both, both))
    return case.replace(padding=tuple(padding))


def draw_cases(strategy: st.SearchStrategy[Case], count: int, seed: int) -> list[Case]:
    """Returns ``count`` distinct cases, or as many as Hypothesis finds; same seed, same cases."""
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


def fuzz_cases(seed: int, examples: int | None, ndims: tuple[int, ...] = (1, 2)) -> Iterator[Case]:
    """Yields cases from the whole space; fewer examples give a prefix of the same sequence.

    The same seed gives the same cases.  ``examples`` counts the parameter sets, of which one in sixteen is
    invalid; None draws without end.
    """
    seen: set[Case] = set()
    drawn = 0
    for turn in itertools.count():
        # Hypothesis gets slower with the number of examples, so draw a few many times
        for kind, strategy in enumerate((parameter_sets, invalid_parameter_sets)):
            for ndim in ndims:
                count = (150, 10)[kind]
                for case in draw_cases(strategy(ndim), count, seed * 1_000_003 + turn * 4 + kind * 2 + ndim):
                    if drawn == examples:
                        return
                    if case not in seen:
                        seen.add(case)
                        drawn += 1
                        yield from variants(case) if kind == 0 else [case]


def run_cases(
    name: str, seed: int = 0, *, examples: int | None = None, budget: float | None = None
) -> Iterator[Case]:
    """Yields the cases of a run: those of the profile and those that the user keeps.

    With a budget in seconds and no number of examples, the full profile draws until the run ends.

    Raises:
        BadRegressions: if the file of kept cases cannot be read.
    """
    if examples is None and budget is None:
        examples = FULL_EXAMPLES
    return profile_cases(name, seed, examples, kept_cases())


def profile_cases(
    name: str, seed: int = 0, examples: int | None = FULL_EXAMPLES, kept: Iterable[Case] = ()
) -> Iterator[Case]:
    """Yields the cases of a profile: kept cases, the core corpus and, in the full profile, drawn cases.

    ``seed`` and ``examples`` control the drawn cases; with ``examples=None`` the full profile has no end.
    No case occurs twice.
    """
    known = dict.fromkeys(kept)
    yield from known
    for case in core().cases():
        if case not in known:
            known[case] = None
            yield case
    if name == "full":
        for case in fuzz_cases(seed, examples):
            if case not in known:
                yield case
