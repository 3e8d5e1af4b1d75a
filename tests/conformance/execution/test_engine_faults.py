"""Workers that crash, hang and lie: the verdict, its message, and everybody else's answers."""

from __future__ import annotations

import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import Check, Verdict
from conv_transpose_conformance.requirements.catalogue import choose
from conv_transpose_conformance.requirements.examine import Subject
from tests.support.cases import small_cases
from tests.support.examining import results_of
from tests.support.running import NAME, OTHER, run

SEEDS = ["1", "2", "bad", "4", "5", "6"]
CASES = small_cases(SEEDS)
BAD = CASES[2]
GOOD = [case for case in CASES if case is not BAD]
pytestmark = pytest.mark.usefixtures("held")


def test_an_honest_worker_passes_and_is_never_replaced(fake):
    honest = fake()
    outcome = run(honest, CASES, (NAME, OTHER))
    assert outcome.all_right(CASES, NAME)
    assert outcome.all_right(CASES, OTHER)
    assert len(honest.groups()) == 1
    assert outcome.restarted == []
    assert outcome.planned[-1] == 12
    (ready,) = outcome.ready
    assert (ready.framework, ready.info["version"]) == ("torch", "0.fake")
    assert ready.info["interpreter"] == str(honest.python)


CRASHES = {
    "segv": ("SIGSEGV", "about to touch | memory that is not ours"),
    "abort": ("SIGABRT", "terminate called without an active exception"),
    "exit 3": ("exit status 3", "goodbye"),
    "flood, segv": ("SIGSEGV", "the last words"),
    "leave child, segv": ("SIGSEGV", ""),
}


@pytest.mark.parametrize("what", CRASHES)
def test_a_crash_is_a_verdict_with_signal_and_last_words_and_the_run_goes_on(fake, what):
    outcome = run(fake(cases={"bad": what}), CASES)
    how, words = CRASHES[what]
    record = outcome.acceptance(BAD)
    assert list(outcome.of(BAD)) == [Check.ACCEPTANCE]
    assert record.verdict is Verdict.CRASH
    assert record.message.startswith(how)
    assert words in record.message
    assert record.message.endswith("(2 of 2 times)")
    assert len(record.message) < 5000
    assert outcome.all_right(GOOD)


def test_a_crash_is_tried_again_alone_in_a_fresh_worker(fake):
    crashing = fake(cases={"bad": "segv"})
    outcome = run(crashing, CASES)
    first, alone, rest = crashing.seen()
    assert first == ["1", "2", "bad"]
    assert alone == ["bad"]
    assert rest == ["4", "5", "6"]
    assert len(outcome.restarted) == 1
    assert f"{NAME}: SIGSEGV" in outcome.restarted[0]


def test_several_crashes_are_each_found(fake):
    seeds = ["1", "bad", "bad2", "3", "bad3"]
    cases = small_cases(seeds, "v1_1d_n1_ci1_co1_i2_k2_f32_int.{}")
    outcome = run(fake(cases={"bad": "segv", "bad2": "abort", "bad3": "exit 3"}), cases)
    verdicts = [str(outcome.acceptance(case).verdict) for case in cases]
    assert verdicts == ["pass", "crash", "crash", "pass", "crash"]
    signals = [outcome.acceptance(cases[at]).message.split(";")[0] for at in (1, 2, 4)]
    assert signals == ["SIGSEGV", "SIGABRT", "exit status 3"]


def test_of_two_implementations_of_a_case_the_one_that_crashes_is_blamed(fake):
    outcome = run(fake(implementations={NAME: "segv"}), CASES[:2], (NAME, OTHER))
    assert [outcome.acceptance(case, NAME).verdict for case in CASES[:2]] == [Verdict.CRASH] * 2
    assert outcome.all_right(CASES[:2], OTHER)


def test_a_crash_after_certain_calls_only_names_the_call_before_it(fake):
    outcome = run(fake(cases={"bad": "segv in company"}), CASES)
    record = outcome.acceptance(BAD)
    assert record.verdict is Verdict.CRASH
    assert record.message.startswith(f"only after {CASES[1].id} on {NAME}, not alone: SIGSEGV")
    assert "(alone and after other calls: SIGSEGV 1 of 6, answered 5 of 6)" in record.message
    assert outcome.all_right(GOOD)


def test_two_deaths_of_different_kinds_are_both_told(fake):
    record = run(fake(cases={"bad": "exit once"}), CASES).acceptance(BAD)
    assert record.verdict is Verdict.CRASH
    assert record.message.startswith("SIGSEGV 5 of 6, exit status 3 1 of 6; SIGSEGV")


@pytest.mark.parametrize("what", ["hang", "hang, deaf", "half a frame"])
def test_a_hang_is_a_verdict_and_the_run_goes_on(fake, what):
    outcome = run(fake(cases={"bad": what}), CASES)
    record = outcome.acceptance(BAD)
    assert record.verdict is Verdict.HANG
    assert record.message == "no answer within 0.5 s (2 of 2 times)"
    assert outcome.all_right(GOOD)


def test_a_hang_that_does_not_come_again_is_forgiven(fake):
    slow = fake(cases={"bad": "hang once"})
    outcome = run(slow, CASES)
    assert outcome.all_right(CASES)
    assert len(slow.groups()) > 2  # alone, and after what went before


LIARS = {
    "another id": "'torch.nn.ConvTranspose1d', instead of request",
    "another name": "'torch.nn.Identity', instead of",
    "garbage": "protocol error: a header of",
    "huge": "protocol error: a header of 4611686018427387904 bytes",
}


@pytest.mark.parametrize("what", LIARS)
def test_a_worker_that_breaks_the_protocol_is_replaced_and_its_call_blamed(fake, what):
    outcome = run(fake(cases={"bad": what}), CASES)
    record = outcome.acceptance(BAD)
    assert record.verdict is Verdict.CRASH
    assert LIARS[what] in record.message
    assert outcome.all_right(GOOD)


def test_a_worker_that_closes_its_pipe_and_lives_on(fake, monkeypatch):
    monkeypatch.setattr("conv_transpose_conformance.workers.process.LINGER", 0.1)
    record = run(fake(cases={"bad": "close answers"}), CASES).acceptance(BAD)
    assert record.verdict is Verdict.CRASH
    assert record.message == "it closed its answers but is still alive (2 of 2 times)"


def test_a_second_answer_is_never_taken_for_the_next_calls(fake):
    outcome = run(fake(cases={"bad": "twice"}), CASES)
    assert outcome.all_right([BAD, *GOOD[:2], *GOOD[3:]])
    (after,) = [CASES[3]]
    record = outcome.acceptance(after)
    assert record.verdict is Verdict.CRASH
    assert record.message.startswith(f"only after {BAD.id} on {NAME}, not alone: protocol error")


def test_a_second_answer_to_the_last_call_hurts_nobody(fake):
    outcome = run(fake(cases={"6": "twice"}), CASES)
    assert outcome.all_right(CASES)


INVALID = {
    "lie about shape": "the worker's answer is invalid: values of shape",
    "lie about dtype": "the worker's answer is invalid: values of shape",
    "an array more": "the worker's answer is invalid: unexpected array 'souvenir'",
    "no values": "the worker's answer is invalid: no values for an output of shape",
    "cannot be built": "AttributeError: no such layer",
}


@pytest.mark.parametrize("what", INVALID)
def test_an_answer_that_contradicts_itself_is_an_error(fake, what):
    outcome = run(fake(cases={"bad": what}), CASES)
    record = outcome.acceptance(BAD)
    assert record.verdict is Verdict.ERROR
    assert INVALID[what] in record.message
    assert outcome.all_right(GOOD)


@pytest.mark.parametrize("what", INVALID)
def test_a_probes_answer_that_contradicts_itself_is_an_error_of_its_implementation_alone(fake, what):
    (requirement,) = choose(["accept.view.strided"])
    subject = Subject("torch", fake(implementations={NAME: what}).python, {NAME: NAME, OTHER: OTHER})
    bad, good = results_of([requirement], subject)
    assert bad.verdict is Verdict.ERROR
    assert INVALID[what] in bad.plain()["message"]
    assert good.verdict is Verdict.PASS


@pytest.mark.parametrize("name", ["reject.stride.zero", "signature.unknown"])
def test_a_layer_that_cannot_be_built_does_not_count_as_a_refusal(fake, name):
    subject = Subject("torch", fake(implementations={NAME: "cannot be built"}).python, {NAME: NAME})
    (found,) = results_of(choose([name]), subject)
    assert found.verdict is Verdict.ERROR
    assert INVALID["cannot be built"] in found.plain()["message"]


def test_wrong_values_are_a_divergence_with_evidence(fake):
    outcome = run(fake(cases={"bad": "wrong values"}), CASES)
    record = outcome.of(BAD)[Check.VALUES]
    assert record.verdict is Verdict.DIVERGE
    flat = [v for batch in record.evidence.difference for row in batch for v in row]
    assert set(flat) == {1.0}
    assert outcome.all_right(GOOD)


def test_an_exception_is_an_error_and_costs_no_worker(fake):
    raising = fake(cases={"bad": "raised"})
    outcome = run(raising, CASES)
    assert outcome.acceptance(BAD).verdict is Verdict.ERROR
    assert outcome.acceptance(BAD).message.endswith("ValueError: not today")
    assert len(raising.groups()) == 1
    assert outcome.all_right(GOOD)


def test_after_a_negative_shape_the_worker_is_believed_no_more(fake):
    negative = fake(cases={"bad": "negative shape"})
    outcome = run(negative, CASES)
    assert outcome.of(BAD)[Check.SHAPE].verdict is Verdict.DIVERGE
    assert outcome.of(BAD)[Check.VALUES].verdict is Verdict.NOT_APPLICABLE
    assert len(negative.groups()) == 2
    assert outcome.restarted == [f"{NAME} returned a tensor of the impossible shape [1, 1, -1]"]
    assert outcome.all_right(GOOD)


def test_ten_megabytes_of_chatter_are_harmless(fake):
    outcome = run(fake(cases={"bad": "flood"}), CASES)
    assert outcome.all_right(CASES)


def test_a_child_left_behind_is_ended_with_its_worker(fake):
    # the fixture looks for processes of the worker's group
    assert run(fake(cases={"bad": "leave child"}), CASES).all_right(CASES)


def test_a_death_between_calls_is_noticed_at_the_next(fake):
    outcome = run(fake(cases={"bad": "die idle"}), CASES)
    assert outcome.all_right([BAD, *GOOD[:2], *GOOD[3:]])
    record = outcome.acceptance(CASES[3])
    assert record.message.startswith(f"only after {BAD.id} on {NAME}, not alone: exit status 5")


def test_a_death_after_the_last_answer_hurts_nobody(fake):
    assert run(fake(cases={"6": "die idle"}), CASES).all_right(CASES)


def test_more_requests_than_are_sent_ahead(fake):
    cases = small_cases([f"{n:x}" for n in range(1, 201)], "v1_1d_n1_ci1_co1_i2_k2_f32_int.{}")
    crashing = fake(cases={"50": "segv", "51": "hang", "c8": "abort"})
    outcome = run(crashing, cases)
    bad = {"v1_1d_n1_ci1_co1_i2_k2_f32_int." + seed for seed in ("50", "51", "c8")}
    assert outcome.all_right([case for case in cases if case.id not in bad])
    verdicts = [str(outcome.acceptance(Case.parse(id_)).verdict) for id_ in sorted(bad)]
    assert verdicts == ["crash", "hang", "crash"]
