"""Every fault is found on the quick cases, wherever it shows; honest operators are not accused."""

from __future__ import annotations

import numpy as np
import pytest

from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES, SIGNIFICAND_BITS
from conv_transpose_conformance.judging.judge import VALUE_CHECKS
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Verdict
from tests.support import direct
from tests.support.faults import FAULTS
from tests.support.judging import answer_of, problem_of, records_of, tensors

ORDERS = [None, 1, 2, 3]


@pytest.fixture(scope="module")
def problems(quick_cases) -> list[Problem]:
    """An even sample of the quick cases that have an output and padding in numbers."""
    numbers = [case for case in quick_cases if not isinstance(case.padding, str)]
    return [p for p in map(problem_of, numbers[::11]) if p.geometry is not None]


def test_the_sample_covers_every_dimension_dtype_and_kind_of_data(problems):
    assert len(problems) >= 300
    kinds = {(p.case.ndim, p.case.dtype, p.case.recipe.kind) for p in problems}
    assert len(kinds) == 8


def test_the_correctly_rounded_result_passes_everywhere(problems):
    for problem in problems:
        for record in records_of(problem, answer_of(problem, tensors(problem))).values():
            assert record.verdict is Verdict.PASS, (problem.case.id, record)
            if record.check in VALUE_CHECKS:
                exact = problem.case.recipe.kind == "int"
                assert record.level == ("exact" if exact else "bounded")
                assert record.met in (("exact",) if exact else ("exact", "wider"))
                assert (record.escape is not None) == exact


@pytest.mark.parametrize("order", ORDERS)
def test_summation_in_the_dtype_passes_in_any_order(problems, order):
    for problem in problems[order or 0 :: 6]:
        case, dtype = problem.case, NUMPY_DTYPES[problem.case.dtype].type
        plain, arrays = case.to_dict(), problem.data.arrays()
        found = {"values": direct.forward(plain, arrays, dtype, order)}
        found |= direct.backward(plain, arrays, dtype, order)
        for record in records_of(problem, answer_of(problem, found)).values():
            assert record.verdict is Verdict.PASS, (case.id, record)
            if case.recipe.kind == "int" and record.check in VALUE_CHECKS:
                assert record.met == "exact", (case.id, record)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_summation_in_half_precision_passes(problems, dtype):
    judged = 0
    for original in problems[::12]:
        case = original.case.replace(dtype=dtype)
        problem = Problem(case, original.geometry)
        kind = NUMPY_DTYPES[dtype].type
        found = {"values": direct.forward(case.to_dict(), problem.data.arrays(), kind)}
        found |= direct.backward(case.to_dict(), problem.data.arrays(), kind)
        for record in records_of(problem, answer_of(problem, found)).values():
            assert record.verdict is Verdict.PASS, (case.id, record)
            judged += record.check in VALUE_CHECKS
    assert judged > 100


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_wherever_it_shows(problems, name):
    shown, missed = 0, []
    for problem in problems:
        found = FAULTS[name](problem)
        if found is None:
            continue
        dtype = NUMPY_DTYPES[problem.case.dtype]
        honest = tensors(problem)
        wrong = {
            key: np.abs(found[key].astype(dtype).astype(np.float64) - value) for key, value in honest.items()
        }
        # The largest error that an honest algorithm of any kind may make, generously.
        excuse = {
            str(check): 2.0 ** (1 - SIGNIFICAND_BITS[problem.case.dtype])
            * (expected.terms.max() + 2)
            * expected.scale.max()
            for check, expected in problem.reference.items()
        }
        if not any((~(wrong[key] <= excuse[key])).any() for key in wrong):
            continue
        shown += 1
        records = records_of(problem, answer_of(problem, found))
        if not any(record.verdict is Verdict.DIVERGE for record in records.values()):
            missed.append(problem.case.id)
    assert missed == []
    assert shown >= 5


@pytest.mark.parametrize("name", FAULTS)
def test_the_first_twenty_cases_that_can_show_a_fault_find_it(quick_cases, name):
    able = 0
    for case in quick_cases:
        problem = problem_of(case)
        worded = isinstance(case.padding, str)
        found = None if problem.geometry is None or worded else FAULTS[name](problem)
        if found is None:
            continue
        able += 1
        records = records_of(problem, answer_of(problem, found))
        if any(record.verdict is Verdict.DIVERGE for record in records.values()):
            return
        assert able < 20
    raise AssertionError("never found")


def test_there_are_enough_faults():
    assert len(FAULTS) >= 25
