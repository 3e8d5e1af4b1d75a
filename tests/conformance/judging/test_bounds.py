"""Comparing one tensor: the bound to the last place, the promises met, the evidence."""

from __future__ import annotations

import math

import numpy as np
import pytest

from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES, Data
from conv_transpose_conformance.judging.expected import Expected
from conv_transpose_conformance.judging.judge import compare
from conv_transpose_conformance.judging.verdicts import Verdict

UNIT = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24, "float64": 2.0**-53}
NOTHING = np.zeros(0)
REALS = Data(x=NOTHING, w=NOTHING, b=None, g=None, magnitude=1, escape=None, exact=False)


def integers(magnitude: int = 1000) -> Data:
    return Data(
        x=NOTHING, w=NOTHING, b=None, g=None, magnitude=magnitude, escape=2 / (2 * magnitude + 1), exact=True
    )


def expected(values, scale, terms) -> Expected:
    return Expected(np.array(values, np.float64), np.array(scale, np.float64), np.array(terms, np.int64))


def bound(dtype: str, scale: float, terms: int) -> float:
    """γ(m + 1)·A, by hand."""
    relative = (terms + 1) * UNIT[dtype]
    return relative / (1 - relative) * scale


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("terms", [1, 8, 500])
def test_the_bound_holds_to_the_last_place(terms, sign):
    # float64 results judged as float32's, so that an error can stand anywhere
    limit = bound("float32", 3.0, terms)
    reference = expected([1.5], [3.0], [terms])
    inside = compare(np.array([1.5 + sign * limit * (1 - 1e-6)]), reference, "float32", REALS)
    beyond = compare(np.array([1.5 + sign * limit * (1 + 1e-6)]), reference, "float32", REALS)
    assert inside["verdict"] is Verdict.PASS
    assert beyond["verdict"] is Verdict.DIVERGE
    assert inside["error"] == pytest.approx(terms + 1, rel=1e-3)


@pytest.mark.parametrize("dtype", UNIT)
def test_one_place_beyond_the_bound_of_a_single_term_is_found(dtype):
    # One product and no other term: the error of a rounding is half a place, the bound two.
    kind = NUMPY_DTYPES[dtype]
    place = 2 * UNIT[dtype]
    reference = expected([1.0], [1.0], [1])
    two, three = (np.array([1.0 + n * place]).astype(kind) for n in (1, 2))
    assert compare(two, reference, dtype, REALS)["verdict"] is Verdict.PASS
    assert compare(three, reference, dtype, REALS)["verdict"] is Verdict.DIVERGE


@pytest.mark.parametrize(
    ("errors", "met"),
    [
        ([0, 0], "exact"),
        ([2, 1], "wider"),
        ([2.5, 1], "working"),
        ([1, 9.0], "working"),
        ([1, 9.1], "normwise"),
        ([89.9, 89.9], "normwise"),
    ],
)
def test_the_least_promise_that_the_errors_keep(errors, met):
    # 8 terms; scales 10 and 1, so that the largest allows errors of 90 u to both
    scale = np.array([10.0, 1.0])
    unit = UNIT["float32"]
    actual = np.array([5.0, 0.5]) + np.array([errors[0] * (10 if met != "normwise" else 1), errors[1]]) * unit
    found = compare(actual, expected([5.0, 0.5], scale, [8, 8]), "float32", REALS)
    assert (found["verdict"], found["met"]) == (Verdict.PASS, met)


def test_beyond_the_largest_scale_nothing_is_kept():
    actual = np.array([5.0, 0.5 + 90.1 * UNIT["float32"]])
    found = compare(actual, expected([5.0, 0.5], [10.0, 1.0], [8, 8]), "float32", REALS)
    assert (found["verdict"], found["met"]) == (Verdict.DIVERGE, "")
    assert found["error"] == pytest.approx(90.1, rel=1e-3)
    assert found["evidence"].index == (1,)


def test_where_no_term_reaches_only_the_bias_will_do():
    reference = expected([0.25, 0.25], [0.25, 0.25], [0, 0])
    right = compare(np.array([0.25, 0.25], np.float32), reference, "float32", REALS)
    wrong = compare(np.array([0.25, 0.0], np.float32), reference, "float32", REALS)
    place = compare(np.nextafter(np.float32([0.25, 0.25]), 0), reference, "float32", REALS)
    assert right["met"] == "exact"
    assert place["verdict"] is Verdict.DIVERGE
    assert wrong["verdict"] is Verdict.DIVERGE


@pytest.mark.parametrize("data", [REALS, integers()], ids=["reals", "integers"])
def test_a_large_scale_elsewhere_excuses_nothing_where_no_term_reaches(data):
    reference = expected([2.0, 900.0], [2.0, 1000.0], [0, 8])
    assert compare(np.array([2.0, 900.0 + 1e-4]), reference, "float32", data)["verdict"] is Verdict.PASS
    assert compare(np.array([2.0 + 1e-6, 900.0]), reference, "float32", data)["verdict"] is Verdict.DIVERGE


def test_a_scale_of_zero_demands_zero_but_for_underflow():
    reference = expected([0.0, 1.0], [0.0, 1.0], [4, 4])
    assert compare(np.array([0.0, 1.0]), reference, "float32", REALS)["met"] == "exact"
    wrong = compare(np.array([1e-3, 1.0]), reference, "float32", REALS)
    assert wrong["verdict"] is Verdict.DIVERGE
    assert math.isinf(wrong["error"])


def test_negative_zero_is_zero():
    assert compare(np.array([-0.0]), expected([0.0], [0.0], [3]), "float32", REALS)["met"] == "exact"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("data", [REALS, integers()], ids=["reals", "integers"])
def test_what_is_not_finite_is_never_within_a_bound(bad, data):
    found = compare(
        np.array([bad, 2.0], np.float32), expected([1.0, 2.0], [9.0, 9.0], [4, 4]), "float32", data
    )
    assert (found["verdict"], found["met"], found["error"]) == (Verdict.DIVERGE, "", math.inf)
    assert found["evidence"].index == (0,)


def test_where_the_sum_is_longer_than_the_dtype_can_bound_nothing_is_claimed_of_it():
    # 300 bfloat16 terms: (m + 1)·u exceeds 1
    reference = expected([10.0], [100.0], [300])
    found = compare(np.array([50.0], np.float32), reference, "bfloat16", REALS)
    assert (found["verdict"], found["met"]) == (Verdict.PASS, "working")
    for bad in (np.nan, np.inf):
        wrong = compare(np.array([bad], np.float32), reference, "bfloat16", REALS)
        assert wrong["verdict"] is Verdict.DIVERGE
    nothing = compare(np.array([0.0, 50.0]), expected([0, 10], [0, 100], [300, 300]), "bfloat16", REALS)
    assert nothing["met"] == "working"


def test_exact_integers_carry_the_certificate():
    found = compare(np.array([12.0]), expected([12.0], [40.0], [3]), "float32", integers(100))
    assert found == {
        "verdict": Verdict.PASS,
        "level": "exact",
        "met": "exact",
        "error": 0.0,
        "escape": 2 / 201,
    }


def test_an_integer_off_by_one_is_a_fault_where_the_bound_is_coarse():
    # magnitudes as small as the bound itself: a lost term could hide in it
    reference = expected([1000.0], [2.0**24], [16])
    found = compare(np.array([1001.0], np.float32), reference, "float32", integers(40))
    assert (found["verdict"], found["level"], found["met"]) == (Verdict.DIVERGE, "exact", "")


def test_an_integer_off_by_one_is_an_inexact_algorithm_where_the_bound_is_fine():
    reference = expected([1000.0], [2.0**24], [16])
    found = compare(np.array([1001.0], np.float32), reference, "float32", integers(1000))
    assert (found["verdict"], found["level"], found["met"]) == (Verdict.PASS, "exact", "inexact")
    assert found.get("escape") is None


def test_an_integer_off_by_a_term_is_a_fault():
    reference = expected([1000.0], [2.0**24], [16])
    found = compare(np.array([1000.0 + 500.0], np.float32), reference, "float32", integers(1000))
    assert (found["verdict"], found["met"]) == (Verdict.DIVERGE, "")


def test_integers_beyond_the_dtype_are_judged_by_the_bound():
    found = compare(np.array([300.0]), expected([301.0], [600.0], [400]), "bfloat16", integers(1))
    assert found["level"] == "bounded"


def test_evidence_of_a_small_tensor_is_whole():
    actual = np.array([[1.0, 2.5], [3.0, 9.0]], np.float32)
    reference = expected([[1.0, 2.0], [3.0, 4.0]], np.full((2, 2), 9.0), np.full((2, 2), 4))
    found = compare(actual, reference, "float32", integers())
    evidence = found["evidence"]
    assert evidence.expected == [[1.0, 2.0], [3.0, 4.0]]
    assert evidence.actual == [[1.0, 2.5], [3.0, 9.0]]
    assert evidence.difference == [[0.0, 0.5], [0.0, 5.0]]
    assert (evidence.shape, evidence.index, evidence.wrong, evidence.elements) == ((2, 2), (1, 1), 2, 4)
    assert found["message"] == "2 of 4 elements differ; at [1, 1]: expected 4, got 9"


def test_evidence_of_a_large_tensor_is_its_worst_element():
    actual = np.ones(1000, np.float32)
    actual[[7, 11]] = [2.0, 5.0]
    found = compare(actual, expected(np.ones(1000), np.ones(1000), np.ones(1000)), "float32", integers())
    evidence = found["evidence"]
    assert (evidence.expected, evidence.actual, evidence.difference) == (1.0, 5.0, 4.0)
    assert (evidence.shape, evidence.index, evidence.wrong, evidence.elements) == ((1000,), (11,), 2, 1000)


def test_terms_are_spread_over_the_tensor():
    # the model's counts have one row for all samples and channels
    values = np.arange(12.0).reshape(2, 2, 3)
    reference = Expected(values, np.full((2, 2, 3), 20.0), np.array([[[1, 2, 1]]]))
    actual = values.copy()
    actual[1, 1, 2] += 1
    found = compare(actual, reference, "float32", REALS)
    assert found["evidence"].index == (1, 1, 2)
    assert compare(values, reference, "float32", REALS)["verdict"] is Verdict.PASS
