"""The test of U(-bound, bound) finds what is not it, and lets what is pass."""

from __future__ import annotations

import numpy as np
import pytest

from conv_transpose_conformance.requirements.properties.uniform import SIGNIFICANCE, contradiction, resolution

SIZE = 20_000


def drawn(seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, SIZE)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bound", [0.01, 1.0, 3.0])
def test_uniform_values_pass(dtype, bound):
    for seed in range(50):
        assert contradiction((bound * drawn(seed)).astype(dtype), bound) == ""


FAULTS = {
    "normal": lambda u: np.clip(np.random.default_rng(1).normal(0, 3**-0.5, SIZE), -1, 1),
    "zeros": np.zeros_like,
    "constant": lambda u: np.full_like(u, 0.5),
    "a range too small": lambda u: u * 0.95,
    "shifted": lambda u: np.clip(u + 0.05, -1, 1),
    "positive only": np.abs,
    "triangular": lambda u: (u + drawn(1)) / 2,
    "one half only in half of them": lambda u: np.where(np.arange(SIZE) < SIZE // 2, u, np.abs(u)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_another_distribution_is_found(fault):
    assert "Kolmogorov-Smirnov" in contradiction(FAULTS[fault](drawn()).astype(np.float32), 1.0)


def test_a_single_value_beyond_the_bound_is_found():
    values = drawn().astype(np.float32)
    values[7] = -1.001
    assert contradiction(values, 1.0) == f"the largest of {SIZE} absolute values is 1.001, above the bound 1"
    values[7] = np.float32(1)  # the bound itself, as rounded
    assert contradiction(values, float(np.float64(1))) == ""


def test_nan_is_found():
    values = drawn()
    values[0] = np.nan
    assert contradiction(values, 1.0) == "not all values are finite"


def test_a_thousand_tests_raise_less_than_one_false_alarm_in_a_thousand_runs():
    assert 1000 * SIGNIFICANCE < 1e-3
    assert resolution(SIZE) < 0.025  # a twentieth of the range missing is seen
