"""Whose fault it was, and what of a failed worker is still believed."""

from __future__ import annotations

from collections import Counter

import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.execution.blame import distribution
from conv_transpose_conformance.judging.verdicts import Verdict
from tests.support.cases import small_cases
from tests.support.running import NAME, run

SEEDS = ["1", "a", "3", "4", "b", "6"]
CASES = small_cases(SEEDS)
HARMFUL, VICTIM = CASES[1], CASES[4]
pytestmark = pytest.mark.usefixtures("held")
FORBIDDEN = Case.parse("v1_1d_n1_ci1_co1_i2_k2_p9_f32_int.f")  # an output of negative size


def test_the_culprit_is_named_and_what_was_said_after_it_is_asked_again(fake):
    harming = fake(cases={"a": "harm", "b": "segv when harmed"})
    outcome = run(harming, CASES)
    record = outcome.acceptance(VICTIM)
    assert record.verdict is Verdict.CRASH
    assert record.message.startswith(f"only after {HARMFUL.id} on {NAME}, not alone: SIGSEGV")
    assert outcome.all_right([case for case in CASES if case is not VICTIM])
    asked = harming.seen()
    assert asked[0] == ["1", "a", "3", "4", "b"]
    assert asked[-2][0] == "a"  # what was sent behind it is not believed
    assert asked[-1] == ["3", "4", "6"]


def test_a_crash_that_comes_and_goes_is_told_with_its_distribution(fake):
    # The worker's number decides: 1 crashes, 2 answers, 3 crashes, ...
    flaky = fake(cases={"b": "segv in every other worker"})
    outcome = run(flaky, CASES)
    record = outcome.acceptance(VICTIM)
    assert record.verdict is Verdict.CRASH
    assert record.message.startswith("SIGSEGV 3 of 6, answered 3 of 6; SIGSEGV")
    assert outcome.all_right([case for case in CASES if case is not VICTIM])


def test_a_distribution_lists_faults_by_frequency_and_answers_last():
    observed = Counter({"hang": 2, "SIGSEGV": 4})
    assert distribution(observed) == "SIGSEGV 4 of 6, hang 2 of 6"
    assert distribution(Counter({"": 5, "SIGABRT": 1})) == "SIGABRT 1 of 6, answered 5 of 6"


def test_what_follows_an_accepted_call_that_should_be_refused_gets_another_worker(fake):
    cases = [CASES[0], FORBIDDEN, *CASES[1:]]
    accepting = fake(cases={"f": "accept"})
    outcome = run(accepting, cases)
    assert outcome.acceptance(FORBIDDEN).verdict is Verdict.DIVERGE
    assert outcome.all_right(CASES)
    assert accepting.seen() == [["1", "a", "3", "4", "b", "6", "f"]]  # last, and nothing after it


def test_an_ordinary_call_never_follows_one_in_the_same_worker(fake):
    forbidden = [FORBIDDEN.replace(batch=n) for n in range(1, 71)]
    accepting = fake(cases={"f": "accept"})
    outcome = run(accepting, [*forbidden, *CASES])
    assert outcome.all_right(CASES)
    assert {outcome.acceptance(case).verdict for case in forbidden} == {Verdict.DIVERGE}
    for asked in accepting.seen():
        assert "f" not in asked[: len(asked) - asked.count("f")]
