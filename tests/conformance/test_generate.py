"""The cases of a profile: the same for a seed anywhere, and broad enough."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
from hypothesis import given

from conformance.case import Case
from conformance.generate import draw_cases, invalid_parameter_sets, parameter_sets, profile_cases
from conformance.implementations import all_implementations
from conformance.plan import Planner, Skipped
from conformance.semantics import Acceptance, interpret

_DRAW = """
import sys
{imports}
from conformance.generate import draw_cases, invalid_parameter_sets, parameter_sets
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


@pytest.mark.parametrize("name", all_implementations())
def test_at_least_500_cases_for_every_implementation_that_computes_values(quick_cases, name):
    planner = Planner([name], allowance=20.0)
    jobs = [job for case in quick_cases for job in planner.plan(case) if not isinstance(job, Skipped)]
    if name == "mindspore.mint.nn.ConvTranspose2d":  # compiles a graph and computes nothing on a CPU
        assert 100 <= len(jobs) <= 200
    else:
        assert len(jobs) >= 500


def refused(case: Case) -> bool:
    """Whether no framework's documents want the call to work."""
    names = ("torch.nn.ConvTranspose1d", "paddle.nn.Conv1DTranspose", "mindspore.nn.Conv2dTranspose")
    return all(interpret(case, name).acceptance is not Acceptance.REQUIRED for name in names)


def test_invalid_cases_are_there_and_last(quick_cases):
    flags = [refused(case) for case in quick_cases]
    first = flags.index(True)
    assert len(flags) - first <= 24
    assert sum(flags[first:]) >= 12
    kinds = {interpret(case, "torch.nn.ConvTranspose1d").reason.split()[0] for case in quick_cases[first:]}
    assert {"the", "in_channels", "output_padding"} <= kinds  # a negative size, groups, output padding


@given(parameter_sets(1))
def test_a_valid_parameter_set_is_valid_by_the_shared_formula(case):
    assert interpret(case, "torch.nn.ConvTranspose1d").acceptance is Acceptance.REQUIRED


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
    "anisotropic padding": lambda c: anisotropic(c.padding),
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
        c.bias and any(o and p[0] for o, p in zip(c.output_padding, c.padding, strict=True))
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
def test_the_quick_profile_holds(quick_cases, feature):
    assert sum(map(FEATURES[feature], quick_cases)) >= 20


def test_a_parameter_set_serves_both_recipes_and_every_second_one_both_dtypes(quick_cases):
    by_parameters: dict[Case, set[tuple[str, str]]] = {}
    for case in quick_cases[:2000]:
        plain = case.replace(dtype="float32", recipe=quick_cases[0].recipe)
        by_parameters.setdefault(plain, set()).add((case.dtype, case.recipe.kind))
    kinds = list(by_parameters.values())[:-1]
    assert all({("float32", "int"), ("float32", "real")} <= found for found in kinds)
    both = sum(("float64", "real") in found for found in kinds)
    assert 0.4 < both / len(kinds) < 0.65
