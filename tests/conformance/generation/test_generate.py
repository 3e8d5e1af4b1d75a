"""The cases of a profile: the same for a seed anywhere, and broad enough."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance
from conv_transpose_conformance.cases.recipe import Recipe
from conv_transpose_conformance.frameworks.registry import interpret
from conv_transpose_conformance.generation.factors import levels
from conv_transpose_conformance.generation.generate import (
    draw_cases,
    fuzz_cases,
    invalid_parameter_sets,
    parameter_sets,
    profile_cases,
)

_DRAW = """
import sys
{imports}
from conv_transpose_conformance.generation.generate import draw_cases, invalid_parameter_sets, parameter_sets
for ndim in (1, 2):
    for case in draw_cases(parameter_sets(ndim), 40, 11) + draw_cases(invalid_parameter_sets(ndim), 10, 11):
        print(case.id)
"""


def drawn_in_another_program(imports: str, cwd) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _DRAW.format(imports=imports)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_a_seed_draws_the_same_cases_in_any_program(tmp_path):
    here = [
        case.id
        for ndim in (1, 2)
        for case in draw_cases(parameter_sets(ndim), 40, 11)
        + draw_cases(invalid_parameter_sets(ndim), 10, 11)
    ]
    # Modules of one's own with constants in them are what Hypothesis' own backend would mix into its draws.
    (tmp_path / "constants.py").write_text("LENGTHS = [3, 5, 977, 65521]\nNAME = 'conv'\n")
    imports = "sys.path.insert(0, '.'); import constants, decimal, pandas"
    assert drawn_in_another_program(imports, tmp_path) == here
    assert drawn_in_another_program("", "/") == here


def test_another_seed_draws_other_cases():
    assert draw_cases(parameter_sets(1), 20, 1) != draw_cases(parameter_sets(1), 20, 2)


def test_the_profile_begins_the_same_each_time(quick_cases):
    assert list(itertools.islice(profile_cases("quick", 0), 300)) == quick_cases[:300]


def test_no_case_comes_twice(quick_cases):
    assert len(set(quick_cases)) == len(quick_cases)


def test_the_full_profile_is_the_core_corpus_and_what_is_drawn(quick_cases):
    full = list(profile_cases("full", 5, examples=40))
    assert full[: len(quick_cases)] == quick_cases
    drawn = full[len(quick_cases) :]
    assert drawn == list(fuzz_cases(5, 40))
    assert len(set(full)) == len(full)


def test_fewer_examples_are_the_beginning_of_more():
    more, fewer = list(fuzz_cases(3, 400)), list(fuzz_cases(3, 60))
    assert more[: len(fewer)] == fewer
    sets = {case.replace(dtype="float32", recipe=Recipe("int", 0)) for case in fewer}
    assert 50 <= len(sets) <= 60  # two sets may differ in their seed alone


def test_without_a_number_of_examples_there_is_no_end():
    endless = fuzz_cases(0, None, (1,))
    assert len(list(itertools.islice(endless, 3000))) == 3000


def test_valid_and_invalid_calls_are_drawn():
    drawn = list(fuzz_cases(1, 330))
    assert sum(levels(case) is None for case in drawn) >= 10
    assert sum(levels(case) is not None for case in drawn) >= 300


def test_kept_cases_come_first_and_once(quick_cases):
    kept = [Case.parse("v1_1d_n2_ci2_co2_i9_k3_f32_int.1"), quick_cases[7]]
    cases = list(profile_cases("quick", 0, kept=kept))
    assert cases[:2] == kept
    assert len(cases) == len(quick_cases) + 1


@given(st.sampled_from([1, 2]).flatmap(parameter_sets))
def test_a_valid_parameter_set_lies_in_the_space(case):
    assert levels(case) is not None


@given(invalid_parameter_sets(2))
def test_an_invalid_parameter_set_is_no_documented_call(case):
    assert interpret(case, "torch.nn.ConvTranspose2d").acceptance is not Acceptance.REQUIRED or any(
        case.output_padding
    )


def anisotropic(values: tuple[object, ...]) -> bool:
    return len(set(values)) > 1


FEATURES = {
    "1-D": lambda c: c.ndim == 1,
    "2-D": lambda c: c.ndim == 2,
    "anisotropic input": lambda c: anisotropic(c.input_size),
    "anisotropic kernel": lambda c: anisotropic(c.kernel_size),
    "anisotropic stride": lambda c: anisotropic(c.stride),
    "anisotropic dilation": lambda c: anisotropic(c.dilation),
    "anisotropic padding": lambda c: not isinstance(c.padding, str) and anisotropic(c.padding),
    "padding in words": lambda c: isinstance(c.padding, str),
    "every spelling": lambda c: c.spelling == "nested",
    "anisotropic output padding": lambda c: anisotropic(c.output_padding),
    "isotropic 2-D with stride": lambda c: c.ndim == 2 and c.stride == (2, 2) and c.kernel_size[0] > 1,
    "asymmetric padding": lambda c: not c.symmetric,
    "more channels in": lambda c: c.in_channels > c.out_channels,
    "more channels out": lambda c: c.in_channels < c.out_channels,
    "batch of one": lambda c: c.batch == 1,
    "batch of several": lambda c: (c.batch or 0) > 1,
    "unbatched": lambda c: c.batch is None,
    "one group": lambda c: c.groups == 1 and c.in_channels > 1,
    "some groups": lambda c: 1 < c.groups < min(c.in_channels, c.out_channels),
    "depthwise": lambda c: c.groups == c.in_channels == c.out_channels > 1,
    "depthwise with a multiplier": lambda c: c.groups == c.in_channels < c.out_channels and c.groups > 1,
    "stride beyond the kernel": lambda c: any(s > k for s, k in zip(c.stride, c.kernel_size, strict=True)),
    "dilation": lambda c: max(c.dilation) > 1,
    "dilation under stride": lambda c: any(d > 1 < s for d, s in zip(c.dilation, c.stride, strict=True)),
    "output padding, padding and bias": lambda c: (
        c.bias
        and not isinstance(c.padding, str)
        and any(o and p[0] for o, p in zip(c.output_padding, c.padding, strict=True))
    ),
    "output padding of a dilation beyond the stride": lambda c: any(
        o >= s for o, s in zip(c.output_padding, c.stride, strict=True) if o
    ),
    "output size": lambda c: c.output_size is not None,
    "channels last": lambda c: c.layout == "channels_last",
    "bias": lambda c: c.bias,
    "no bias": lambda c: not c.bias,
    "kernel of one": lambda c: max(c.kernel_size) == 1,
    "input of one": lambda c: max(c.input_size) == 1,
    "float32": lambda c: c.dtype == "float32",
    "float64": lambda c: c.dtype == "float64",
    "integers": lambda c: c.recipe.kind == "int",
    "reals": lambda c: c.recipe.kind == "real",
}


@pytest.mark.parametrize("feature", FEATURES)
def test_the_quick_profile_has_twenty_cases_of_each_feature(quick_cases, feature):
    assert sum(map(FEATURES[feature], quick_cases)) >= 20
