"""The rounding of whole tensors: honest arithmetic passes, what leans is found at the documented sizes."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve

from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES, Data
from conv_transpose_conformance.faults.rounding import truncated
from conv_transpose_conformance.judging.expected import Expected, is_transformable
from conv_transpose_conformance.judging.judge import compare
from conv_transpose_conformance.judging.lean import find_lean
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.reference_impl import Geometry
from tests.support import arithmetic, transforms
from tests.support.arithmetic import Format, Plan

REALS = Data(np.zeros(0), np.zeros(0), None, None, magnitude=1, escape=None, exact=False)


def verdict(actual, expected: Expected, dtype: str = "float32") -> Verdict:
    return compare(actual, expected, dtype, REALS)["verdict"]


def layer(dtype: str, channels: int, length: int, phases: int, positions: int, seed: int = 0):
    """The terms of an output and its bias."""
    rng, form = np.random.default_rng(seed), Format(dtype)
    weights, inputs = (
        form.drawn(rng, length, channels, phases, 1),
        form.drawn(rng, length, 1, 1, positions),
    )
    return list(zip(weights, inputs, strict=True)), form.drawn(rng, channels, 1, 1)


def deviations(actual, expected: Expected, dtype: str) -> float:
    """How far errors sum beyond what would be honest, were they independent."""
    errors = (actual - expected.values) / expected.scale
    signed = errors.sum(), (errors * np.sign(expected.values)).sum()
    return float(np.abs(signed).max() / np.sqrt((errors**2).sum()))


@pytest.mark.parametrize("start", range(0, 1500, 250))
def test_honest_tensors_are_not_accused(start):
    for seed in range(start, start + 250):
        results = arithmetic.honest(seed)
        for actual, expected in results.parts:
            found = compare(actual, expected, results.dtype, REALS)
            assert found["verdict"] is Verdict.PASS, (seed, results.name, found["message"])


# Shapes of layers on which frameworks were accused, with fewer channels and positions where they are large:
# dtype, channels, terms, phases of the stride, positions, seed.
@pytest.mark.parametrize(
    ("dtype", "channels", "length", "phases", "positions", "seed"),
    [
        pytest.param("float32", 1, 3, 4, 1600, 16, id="v1_2d_n1_ci3_co1_i40x40_k2x2_s2x2_b_f32_real.1"),
        pytest.param("float32", 4, 128, 4, 9604, 6, id="v1_2d_n1_ci128_co64_i196x196_k2x2_s2x2_b_f32_real.2"),
        pytest.param(
            "float64", 3, 256, 4, 4096, 8, id="v1_2d_n1_ci64_co3_i256x256_k4x4_s2x2_p1x1_b_f64_real.1"
        ),
        pytest.param("float32", 8, 320, 256, 66, 8, id="v1_1d_n1_ci80_co80_i63_k1024_s256_b_f32_real.1"),
    ],
)
@pytest.mark.parametrize("order", ["wider", "blocks"])
def test_a_bias_added_to_sums_on_its_grid_is_honest(dtype, channels, length, phases, positions, seed, order):
    terms, bias = layer(dtype, channels, length, phases, positions, seed)
    form = Format(dtype)
    expected = arithmetic.expected(form, terms, bias)
    actual = arithmetic.summed(form, terms, bias, Plan(order, "last", fused=True, block=64))
    assert deviations(actual, expected, dtype) > 7, "errors are not independent"
    assert verdict(actual, expected, dtype) is Verdict.PASS


@pytest.mark.parametrize(("bias", "size"), [("none", 150), ("1 channel", 300), ("16 channels", 300)])
@pytest.mark.parametrize("fault", ["truncates", "rounds up"])
def test_results_that_lean_are_found_from_the_documented_size_on(fault, bias, size):
    for seed in range(60):
        results = arithmetic.faulty(seed, fault, bias, size)
        ((actual, expected),) = results.parts
        found = compare(actual, expected, "float32", REALS)
        assert found["verdict"] is Verdict.DIVERGE, seed
        assert found["message"].startswith("rounding is biased ")


@pytest.mark.parametrize("bias", arithmetic.BIASES)
@pytest.mark.parametrize("fault", ["truncates each step", "lacks 1 u"])
def test_sums_that_lean_are_found_from_the_documented_size_on(fault, bias):
    found = [
        verdict(*arithmetic.faulty(seed, fault, bias, 2000).parts[0]) is Verdict.DIVERGE for seed in range(60)
    ]
    assert sum(found) >= 50


@pytest.mark.parametrize(("dtype", "bits"), [("bfloat16", 8), ("float16", 11)])
def test_cutting_wide_sums_down_to_half_a_precision_is_found(dtype, bits):
    terms, _ = layer(dtype, 4, 6, 1, 60)
    expected = arithmetic.expected(Format(dtype), terms, None)
    assert verdict(Format(dtype).rounded(expected.values), expected, dtype) is Verdict.PASS
    assert verdict(truncated(expected.values, bits), expected, dtype) is Verdict.DIVERGE


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("length", [1, 2])
def test_a_weight_just_below_one_rounds_all_its_products_down_honestly(dtype, length):
    rng, form = np.random.default_rng(0), Format(dtype)
    below = np.nextafter(NUMPY_DTYPES[dtype].type(1), NUMPY_DTYPES[dtype].type(0)).astype(np.float32)
    terms = [(np.full((1, 1), below), form.drawn(rng, 1, 5000)) for _ in range(length)]
    expected = arithmetic.expected(form, terms, None)
    actual = arithmetic.summed(form, terms, None, Plan("forwards"))
    assert deviations(actual, expected, dtype) > 20
    assert verdict(actual, expected, dtype) is Verdict.PASS


def test_long_sums_in_few_bits_lose_honestly_what_is_small_beside_them():
    terms, _ = layer("bfloat16", 1, 600, 1, 4000)
    expected = arithmetic.expected(Format("bfloat16"), terms, None)
    actual = arithmetic.summed(Format("bfloat16"), terms, None, Plan("forwards"))
    assert verdict(actual, expected, "bfloat16") is Verdict.PASS


def test_terms_that_underflow_are_lost_honestly():
    rng = np.random.default_rng(0)
    terms = [(rng.random((8, 1)).astype(np.float32) * np.float32(2.0**-75), rng.random((1, 500), np.float32))]
    terms = [(w, x * np.float32(2.0**-76)) for w, x in terms * 4]
    expected = arithmetic.expected(Format("float32"), terms, None)
    actual = arithmetic.summed(Format("float32"), terms, None, Plan("forwards"))
    assert not actual.any()
    assert verdict(actual, expected) is Verdict.PASS


@pytest.mark.parametrize("name", transforms.NAMES)
def test_a_transform_rounds_each_weight_once_for_all_elements_honestly(name):
    leaning = 0
    for seed in range(12):
        ((actual, expected),) = transforms.honest(np.random.default_rng(seed), 40_000, name)
        leaning += deviations(actual, expected, "float32") > 7
        assert find_lean(actual.astype(np.float64), expected, "float32") is None
        results = truncated(expected.values, 24)
        assert find_lean(results, expected, "float32") is not None, "as good as rounded once, it is judged"
    assert leaning > 0 or name == "Fourier"


def test_transforms_are_of_stride_one_and_three_taps():
    def geometry(kernel: int, stride: int) -> Geometry:
        return Geometry((9,), (kernel,), (stride,), (1,), (0,), ((9 - 1) * stride + kernel,))

    assert is_transformable(geometry(3, 1))
    assert not is_transformable(geometry(2, 1))
    assert not is_transformable(geometry(4, 2))


def test_the_evidence_is_about_the_finding():
    values = np.linspace(1, 2, 4001)[1:-1] * np.resize([1, -1], 3999)
    expected = Expected(values, 2 * np.abs(values), np.array(3))
    found = compare(truncated(values, 24), expected, "float32", REALS)
    assert found["message"] == (
        "rounding is biased towards zero: the mean error of 3999 elements is 0.688 u·|y| towards zero, "
        "53.6 times its standard error; honest rounding stays within 0.0898 u·|y| of zero"
    )
    evidence = found["evidence"]
    assert found["message"] == f"rounding is biased towards zero: {evidence.actual}; {evidence.expected}"
    assert (evidence.index, evidence.difference, evidence.wrong, evidence.elements) == (None, None, 0, 0)
    assert evidence.shape == (3999,)


def test_a_few_elements_prove_nothing():
    values = np.linspace(1, 2, 50)[1:-1]
    expected = Expected(values, 2 * values, np.array(3))
    assert verdict(np.nextafter(values.astype(np.float32), np.float32(0)), expected) is Verdict.PASS


def test_channels_err_independently():
    """One channel may err by half a place everywhere, a hundred may not all err upwards."""
    place = 2.0**-22  # of float32 numbers from 2 to 4
    sums = np.random.default_rng(0).integers(2**23 + 9, 2**24 - 9, (100, 400)) * place
    bias = np.full((100, 1), 0.4 * place)
    noise = np.random.default_rng(1).uniform(-4, 4, sums.shape)
    expected = Expected(sums + bias, 8 * sums, np.array(40), bias)

    def found(errors) -> bool:
        actual = sums + place * np.rint(noise) + errors
        return find_lean(actual, expected, "float32") is not None

    up = np.where(np.arange(100)[:, None] % 2, bias + 0.4 * place, bias - 0.4 * place)
    assert not found(up)
    assert found(bias + 0.4 * place)
    one = evolve(expected, values=expected.values[:1], scale=expected.scale[:1], bias=bias[:1])
    alone = (sums + place * np.rint(noise) + bias + 0.4 * place)[:1]
    assert find_lean(alone, one, "float32") is None
