"""Hypothesis strategies for cases, much wider than what the suite generates, and shorthands."""

from __future__ import annotations

from hypothesis import strategies as st

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.recipe import MAX_SEED, Recipe

LIMIT = 2**63 - 1

_number = st.one_of(st.integers(-3, 12), st.integers(-LIMIT, LIMIT))


def any_cases(number: st.SearchStrategy[int] = _number) -> st.SearchStrategy[Case]:
    """Whatever a case can hold, sensible or not."""

    @st.composite
    def draw_case(draw: st.DrawFn) -> Case:
        ndim = draw(st.sampled_from([1, 2]))
        sizes = st.tuples(*[number] * ndim)
        pairs = st.tuples(*[st.one_of(st.tuples(number, number), number.map(lambda v: (v, v)))] * ndim)
        return Case(
            input_size=draw(sizes),
            batch=draw(st.none() | number),
            in_channels=draw(number),
            out_channels=draw(number),
            kernel_size=draw(sizes),
            stride=draw(st.just((1,) * ndim) | sizes),
            padding=draw(st.sampled_from(["same", "valid", ((0, 0),) * ndim]) | pairs),
            output_padding=draw(st.just((0,) * ndim) | sizes),
            output_size=draw(st.none() | sizes),
            dilation=draw(st.just((1,) * ndim) | sizes),
            groups=draw(st.just(1) | number),
            bias=draw(st.booleans()),
            dtype=draw(st.sampled_from(["float16", "bfloat16", "float32", "float64"])),
            layout=draw(st.sampled_from(["channels_first", "channels_last"])),
            spelling=draw(st.sampled_from(["plain", "tuple", "sides", "nested"])),
            recipe=draw(_recipes),
        )

    return draw_case()


_recipes = st.one_of(
    st.builds(Recipe, st.sampled_from(["int", "real"]), st.integers(0, MAX_SEED)),
    st.tuples(*[st.none() | st.integers(0, LIMIT)] * 4).map(
        lambda at: Recipe("one", 0, tuple((n, i) for n, i in zip("xwbg", at, strict=True) if i is not None))
    ),
)


def small_cases(
    seeds: list[str], template: str = "v1_1d_n2_ci2_co2_i4_k3_s2_p1_op1_b_f32_int.{}"
) -> list[Case]:
    """The template's case with each of the seeds (hexadecimal)."""
    return [Case.parse(template.format(seed)) for seed in seeds]
