"""Which fault models explain what an implementation returned: their own answers do, and nothing else."""

from __future__ import annotations

import pytest

from conv_transpose_conformance.causes.fault_match import diagnose
from conv_transpose_conformance.faults import FAULTS, answer_of
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.problem import Problem
from tests.support.fault_problems import failures_of, named, problem_of, problems

NAMES = [fault.name for fault in FAULTS]


def diagnosed(failures: list[tuple[Problem, Answer]]) -> list[str]:
    found = diagnose(failures)
    return [] if found is None else [fault.name for fault in found.faults]


@pytest.mark.parametrize("name", NAMES)
def test_every_fault_is_found_and_diagnosed_from_its_own_answers(name):
    failures = failures_of(named(name))
    assert failures, "nothing finds it"
    found = diagnose(failures)
    assert found is not None
    assert name in [fault.name for fault in found.faults]
    assert found.cases == len(failures)


def test_a_fault_is_not_explained_by_another_that_differs_somewhere():
    failures = failures_of(named("dilation-ignored"), most=40)
    assert diagnosed(failures) == ["dilation-ignored"]


def test_one_check_that_a_fault_does_not_explain_refutes_it():
    fault = named("kernel-flipped")
    (problem, answer), *_ = failures_of(fault, most=1)
    arrays = {**answer.arrays, "grad_weight": answer.arrays["grad_weight"] + 1}
    altered = Answer(
        implementation=answer.implementation,
        outcome=answer.outcome,
        shape=answer.shape,
        dtype=answer.dtype,
        arrays=arrays,
    )
    assert diagnose([(problem, answer)]) is not None
    assert diagnose([(problem, altered)]) is None


def test_one_integer_off_by_one_is_no_fault_we_know():
    (problem, answer), *_ = failures_of(named("kernel-flipped"), most=1)
    assert problem.data.exact
    answer.arrays["values"].flat[0] += 1
    assert diagnose([(problem, answer)]) is None


def test_passing_cases_tell_apart_what_failing_ones_cannot():
    """Under "same" alone, the dilation is ignored either way; elsewhere only one fault ignores it."""
    fault = named("same-dilation-ignored")
    failures = failures_of(fault)
    alone = diagnosed(failures)
    assert {"dilation-ignored", "same-dilation-ignored"} <= set(alone)
    passing = [
        (problem, answer_of(fault, problem, "x"))
        for problem in problems()[:200]
        if problem.geometry is not None and problem.case.padding != "same"
    ]
    sharper = diagnose(failures, passing)
    assert sharper is not None
    assert [f.name for f in sharper.faults] == ["same-dilation-ignored"]


@pytest.mark.parametrize("outcome", [Outcome.CRASH, Outcome.HANG])
def test_an_implementation_that_computes_nothing_has_no_diagnosis(outcome):
    problem = problem_of("v1_1d_n2_ci2_co2_i4_k3_s2_p1_b_f32_int.1")
    assert diagnose([(problem, Answer(implementation="x", outcome=outcome))]) is None
    assert diagnose([]) is None
