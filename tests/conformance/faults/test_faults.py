"""Fault models: each has a name of its own, the selftest finds each, and none accuses the reference."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from conv_transpose_conformance.faults import CLEAN, FAULTS, FaultModel, answer_of
from conv_transpose_conformance.faults.selftest import failing, reading, selftest
from conv_transpose_conformance.generation.corpus import core, variants
from tests.support.fault_problems import named, problem_of, problems

NAMES = [fault.name for fault in FAULTS]


def test_there_are_at_least_forty_and_their_names_are_their_own():
    assert len(FAULTS) >= 40
    assert len(set(NAMES)) == len(NAMES)
    assert len({fault.explains for fault in FAULTS}) == len(FAULTS)
    assert all(fault.explains.startswith("behaves as: ") for fault in FAULTS)


def test_the_reference_is_clean_on_everything_asked():
    assert not [record for problem in problems() for record in failing(CLEAN, problem, reading(problem.case))]


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


@pytest.mark.slow
def test_a_gap_in_the_corpus_is_seen():
    """Without a bias anywhere, the faults of the bias survive."""
    cases = [case for case in itertools.islice(core().cases(), 600) if not case.bias]
    survivors = {kill.fault.name for kill in selftest(cases=cases).survivors}
    assert {"bias-ignored", "bias-twice", "grad-bias-mean"} <= survivors
    assert "kernel-flipped" not in survivors
