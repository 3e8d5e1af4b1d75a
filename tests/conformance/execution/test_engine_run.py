"""The life of a run: frameworks that cannot be had, budgets, early ends, and nothing left behind."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import EnvironmentFailed
from conv_transpose_conformance.execution import engine, events
from conv_transpose_conformance.execution.driver import Driver
from conv_transpose_conformance.execution.engine import Engine
from conv_transpose_conformance.execution.requests import Job
from conv_transpose_conformance.judging.verdicts import Check, Verdict
from tests.support.cases import small_cases
from tests.support.clock import Clock
from tests.support.running import NAME, OTHER, Outcome, engine_of, run

CASES = small_cases(["1", "2", "3"])
PADDLE = "paddle.nn.Conv1DTranspose"


def test_frameworks_run_side_by_side(fake):
    torch, paddle = fake(version="t"), fake(version="p")
    outcome = run({"torch": torch, "paddle": paddle}, CASES, (NAME, PADDLE))
    assert outcome.all_right(CASES, NAME)
    assert outcome.all_right(CASES, PADDLE)
    assert {ready.framework: ready.info["version"] for ready in outcome.ready} == {
        "torch": "t",
        "paddle": "p",
    }
    assert {r.framework for r in outcome.records if r.implementation == PADDLE} == {"paddle"}


def test_a_framework_whose_worker_does_not_start_is_named_and_the_others_run(fake):
    outcome = run({"torch": fake(start="exit"), "paddle": fake()}, CASES, (NAME, PADDLE))
    (gone,) = outcome.unavailable
    assert gone.framework == "torch"
    assert gone.reason == "exit status 7; its log ends: the framework is broken here"
    assert outcome.all_right(CASES, PADDLE)
    assert not [record for record in outcome.records if record.implementation == NAME]


def test_a_framework_whose_environment_cannot_be_made_is_named(fake):
    honest = fake()

    def locate(framework: str, say, stop) -> Path:
        say("installing")
        if framework == "torch":
            raise EnvironmentFailed("torch: no network")
        return honest.python

    outcome, preparing = Outcome(), []
    for event in Engine(implementations=(NAME, PADDLE), locate=locate, allowance=20.0).run(CASES):
        outcome.tell(event)
        if isinstance(event, events.Preparing):
            preparing.append((event.framework, event.message))
    assert [(gone.framework, gone.reason) for gone in outcome.unavailable] == [("torch", "no network")]
    assert sorted(preparing) == [("paddle", "installing"), ("torch", "installing")]
    assert outcome.all_right(CASES, PADDLE)


def test_a_lost_worker_that_cannot_be_replaced_keeps_what_was_found(fake):
    cases = small_cases(["1", "bad", "3"])
    outcome = run(fake(cases={"bad": "segv"}, start="exit", start_after=2), cases)
    assert outcome.all_right(cases[:1])
    assert outcome.acceptance(cases[1]).verdict is Verdict.CRASH
    assert "SIGSEGV" in outcome.acceptance(cases[1]).message
    (gone,) = outcome.unavailable
    assert "exit status 7" in gone.reason


def test_what_an_api_cannot_say_is_not_applicable(fake):
    (asymmetric,) = small_cases(["9"], "v1_1d_n1_ci1_co1_i4_k3_p1.0_f32_int.{}")
    outcome = run(fake(), [asymmetric], (NAME,))
    (record,) = outcome.records
    assert (record.check, record.verdict) == (Check.ACCEPTANCE, Verdict.NOT_APPLICABLE)
    assert record.message == "padding must be the same on both sides of a dimension"


def test_a_case_of_other_dimensions_is_not_asked(fake):
    (flat,) = small_cases(["9"], "v1_2d_n1_ci1_co1_i4x4_k3x3_f32_int.{}")
    outcome = run(fake(), [flat], (NAME,))
    assert outcome.records == []


def test_no_case_at_all(fake):
    outcome = run(fake(), [])
    assert (outcome.records, outcome.planned) == ([], [0])
    assert len(outcome.ready) == 1


def test_an_early_end_leaves_nothing_behind(fake):
    # the fixture looks for processes and folders
    before = threading.active_count()
    silent = fake(implementations={OTHER: "silent"})
    stream = engine_of(silent, (NAME, OTHER)).run(CASES)
    for event in stream:
        if isinstance(event, events.Ready):
            break
    stream.close()
    assert threading.active_count() <= before


def test_an_exception_of_the_caller_leaves_nothing_behind(fake):
    def interrupted():
        for event in engine_of(fake(cases={"2": "silent"})).run(CASES):
            if isinstance(event, events.Ready):
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()


def test_a_fault_of_our_own_ends_the_run_loudly(fake, monkeypatch):
    def broken(self, number, implementations):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(Job, "frame", broken)
    with pytest.raises(ZeroDivisionError, match="ours"):
        run(fake(), CASES)


def test_a_fault_of_the_generator_ends_the_run_loudly(fake):
    def cases():
        yield CASES[0]
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        run(fake(), cases())


def endless():
    for number in itertools.count(1):
        yield Case.parse(f"v1_1d_n1_ci1_co1_i2_k2_f32_int.{number:x}")


@pytest.fixture
def end_when(monkeypatch):
    """``end_when(happened)`` ends the budget of a run, whatever its seconds, once ``happened()``."""

    def make(happened: Callable[[], object]) -> None:
        clock = Clock(running=happened)
        clock.step = 1e6
        monkeypatch.setattr(engine, "time", clock)

    return make


def test_a_budget_ends_an_endless_run(fake, end_when):
    outcome = Outcome()
    end_when(lambda: outcome.records)
    for event in engine_of(fake(), budget=1.0).run(endless()):
        outcome.tell(event)
    judged = [record for record in outcome.records if record.check is Check.VALUES]
    assert judged
    assert {record.verdict for record in judged} == {Verdict.PASS}


def test_a_budget_does_not_wait_for_calls_that_are_not_answered(fake, end_when):
    silent = fake(implementations={NAME: "silent"})
    end_when(silent.is_silent)
    outcome = run(silent, small_cases([f"{n:x}" for n in range(1, 60)]), budget=1.0)
    assert outcome.records == []
    assert len(silent.groups()) == 1


def test_a_budget_does_not_wait_for_a_worker_that_does_not_start(fake, end_when):
    silent = fake(start="silent")
    end_when(silent.is_silent)
    outcome = run(silent, CASES, budget=1.0)
    (gone,) = outcome.unavailable
    assert gone.reason == "the run ended before it answered"


def test_a_worker_lost_at_the_end_of_the_budget_is_no_lost_framework(fake, end_when):
    cases = small_cases(["1", "2", "bad"])
    crashing = fake(cases={"bad": "segv"}, start="silent", start_after=2)
    end_when(crashing.is_silent)
    outcome = run(crashing, cases, budget=1.0)
    assert outcome.unavailable == []
    assert outcome.all_right(cases[:2])
    assert outcome.acceptance(cases[2]).verdict is Verdict.CRASH


def test_an_early_end_does_not_wait_for_a_worker_that_does_not_start(fake):
    before = threading.active_count()
    stream = engine_of({"torch": fake(), "paddle": fake(start="silent")}, (NAME, PADDLE)).run(CASES)
    for event in stream:
        if isinstance(event, events.Judged):
            break
    stream.close()
    assert threading.active_count() <= before


def test_installing_is_no_part_of_the_budget(fake, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(engine, "time", clock)
    original = engine_of(fake(), budget=1.0)
    stopped = []

    def installing(target, say, stop):
        clock.now += 1e6
        stopped.append(stop.wait(0.2))  # time for a run that counts this in to notice
        return original.locate(target, say, stop)

    outcome = Outcome()
    for event in evolve(original, locate=installing).run(CASES):
        outcome.tell(event)
    assert stopped == [False]
    assert outcome.all_right(CASES)


def test_a_budget_that_is_not_used_up_ends_no_run_early(fake):
    assert run(fake(), CASES, budget=600.0).all_right(CASES)


def test_the_same_run_twice_finds_the_same(fake):
    def told():
        records = run(fake(cases={"2": "segv"}), CASES).records
        return [(r.case, r.check, r.verdict, r.met, r.error, r.escape) for r in records]

    assert told() == told()


def one_core(monkeypatch) -> None:
    monkeypatch.setattr(engine.os, "sched_getaffinity", lambda _: {0}, raising=False)


def test_on_one_core_workers_start_one_after_the_other(fake, monkeypatch):
    one_core(monkeypatch)
    monkeypatch.setattr(engine, "_TURN", 600.0)
    running: list[str] = []
    most = []
    start = Driver.start

    def slow(driver):
        running.append(driver.framework)
        most.append(len(running))
        time.sleep(0.2)  # in which another would begin
        try:
            return start(driver)
        finally:
            running.remove(driver.framework)

    monkeypatch.setattr(Driver, "start", slow)
    outcome = run(fake(), CASES, (NAME, PADDLE))
    assert outcome.all_right(CASES, NAME)
    assert outcome.all_right(CASES, PADDLE)
    assert most == [1, 1]


def test_a_worker_that_is_slow_to_start_does_not_hold_up_the_others(fake, monkeypatch):
    one_core(monkeypatch)
    monkeypatch.setattr(engine, "_TURN", 0.2)
    stream = engine_of({"torch": fake(start="silent"), "paddle": fake()}, (NAME, PADDLE)).run(CASES)
    judged = {next(event.records[0].framework for event in stream if isinstance(event, events.Judged))}
    stream.close()
    assert judged == {"paddle"}


def test_the_first_answer_of_a_worker_is_judged_at_once(fake):
    stream = engine_of(fake(cases={"2": "silent"})).run(CASES)
    first = next(event.records[0] for event in stream if isinstance(event, events.Judged))
    stream.close()
    assert first.case == CASES[0]
