"""What a run saw of the parameter space."""

from __future__ import annotations

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.generation.corpus import core
from conv_transpose_conformance.generation.coverage import Coverage
from conv_transpose_conformance.generation.factors import levels

CASE = Case.parse("v1_1d_n2_ci2_co2_i4_k3_s2_p1_op1_b_f32_int.0")


def summary(*cases: Case):
    coverage = Coverage()
    for case in cases:
        coverage.add(case)
    return coverage.summary()


def test_one_case_has_a_pair_for_any_two_factors_and_a_triple_for_any_three():
    known = levels(CASE)
    assert known is not None
    count = len(known)
    found = summary(CASE)
    assert list(found) == ["1d"]
    assert found["1d"]["pairs"][0] == count * (count - 1) // 2
    assert found["1d"]["triples"][0] == count * (count - 1) * (count - 2) // 6


def test_a_case_counts_once_and_an_invalid_one_not_at_all():
    twice = summary(CASE, CASE, CASE.replace(padding=((9, 9),)))
    assert twice == summary(CASE)
    assert twice["1d"]["cases"] == 1


def test_two_cases_share_what_they_have_in_common():
    one, two = summary(CASE)["1d"], summary(CASE, CASE.replace(bias=False))["1d"]
    count = len(levels(CASE) or {})
    assert two["pairs"][0] == one["pairs"][0] + count - 1
    assert two["pairs"][1] == one["pairs"][1]


def test_the_corpus_sees_everything_that_is_possible():
    found = summary(*core().cases())
    for ndim in ("1d", "2d"):
        assert found[ndim]["triples"][0] == found[ndim]["triples"][1] > 15_000
        assert found[ndim]["pairs"][0] == found[ndim]["pairs"][1] > 1_000
