"""Fault models: each is found, each is diagnosed from its own answers, and none accuses the reference."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from conv_transpose_conformance.causes.fault_match import diagnose
from conv_transpose_conformance.faults import CLEAN, FAULTS, FaultModel, answer_of
from conv_transpose_conformance.faults.selftest import failing, reading, selftest
from conv_transpose_conformance.generation.corpus import core, variants
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.problem import Problem
from tests.support.stretch import problem_of, problems

NAMES = [fault.name for fault in FAULTS]
BY_NAME = {fault.name: fault for fault in FAULTS}


def named(name: str) -> FaultModel:
    return BY_NAME[name]


def failures_of(fault: FaultModel, most: int = 6) -> list[tuple[Problem, Answer]]:
    found = []
    for problem in problems():
        if failing(fault, problem, reading(problem.case)):
            found.append((problem, answer_of(fault, problem, "torch.nn.ConvTranspose2d")))
            if len(found) == most:
                break
    return found


def diagnosed(failures: list[tuple[Problem, Answer]]) -> list[str]:
    found = diagnose(failures)
    return [] if found is None else [fault.name for fault in found.faults]


def test_there_are_at_least_forty_and_their_names_are_their_own():
    assert len(FAULTS) >= 40
    assert len(set(NAMES)) == len(NAMES)
    assert len({fault.explains for fault in FAULTS}) == len(FAULTS)
    assert all(fault.explains.startswith("behaves as: ") for fault in FAULTS)


@pytest.mark.parametrize("name", NAMES)
def test_every_fault_is_found_and_diagnosed_from_its_own_answers(name):
    failures = failures_of(named(name))
    assert failures, "nothing finds it"
    found = diagnose(failures)
    assert found is not None
    assert name in [fault.name for fault in found.faults]
    assert found.cases == len(failures)


def test_the_reference_is_clean_on_everything_asked():
    assert not [record for problem in problems() for record in failing(CLEAN, problem, reading(problem.case))]


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


def test_zeros_in_the_output_padding_are_told_apart_by_the_bias():
    case = "v1_1d_n1_ci1_co1_i2_k2_s2_op1_b_f32_int.1"
    problem = problem_of(case)
    after, before = (
        answer_of(named(name), problem, "x").arrays["values"]
        for name in ("output-padding-zeros", "output-padding-bias")
    )
    right = answer_of(CLEAN, problem, "x").arrays["values"]
    assert after[0, 0, -1] == 0 != right[0, 0, -1]
    assert np.array_equal(before, right)  # with nothing cropped, the tail holds the bias alone


def test_the_selftest_finds_all_and_accuses_no_reference():
    large = [case for shape in core().large for case in variants(shape)]
    few = [*itertools.islice(core().cases(), 400), *large, *core().forbidden]
    outcome = selftest(cases=few)
    assert outcome.passed, [kill.fault.name for kill in outcome.survivors]
    assert "the reference passes" in outcome.table()
    assert all(kill.cases and kill.checks for kill in outcome.kills)


def test_a_fault_that_nothing_finds_fails_the_selftest():
    harmless = FaultModel("harmless", "nothing", "behaves as: documented", CLEAN.apply)
    outcome = selftest([harmless, named("bias-ignored")], itertools.islice(core().cases(), 40))
    assert not outcome.passed
    assert [kill.fault.name for kill in outcome.survivors] == ["harmless"]
    assert "missed" in outcome.table(markdown=True)
    assert '"passed": false' in outcome.as_json()


def test_a_gap_in_the_corpus_is_seen():
    """Without a bias anywhere, the faults of the bias survive."""
    cases = [case for case in itertools.islice(core().cases(), 600) if not case.bias]
    survivors = {kill.fault.name for kill in selftest(cases=cases).survivors}
    assert {"bias-ignored", "bias-twice", "grad-bias-mean"} <= survivors
    assert "kernel-flipped" not in survivors
