"""Single cases on fake workers: asked, judged, and what happens where a framework is not there."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.errors import InvalidCase, NothingRan
from conv_transpose_conformance.execution.case_runner import CaseRunner
from conv_transpose_conformance.execution.interrupts import Interrupt, interruptible
from conv_transpose_conformance.execution.planner import LARGEST
from conv_transpose_conformance.execution.requests import Job, Probe, job_of
from conv_transpose_conformance.frameworks.targets import Targets
from conv_transpose_conformance.judging.answers import Outcome
from conv_transpose_conformance.judging.verdicts import Check, Verdict
from conv_transpose_conformance.workers.process import WorkerFailed
from tests.support.cases import small_cases
from tests.support.processes import wait_until
from tests.support.running import NAME, OTHER, run

TORCH = Target("torch")
CASES = small_cases(["1", "2", "bad", "4", "5"])


def compared(records):
    return [(r.case, r.check, r.verdict, r.level, r.met, r.error, r.escape, r.message) for r in records]


@pytest.mark.parametrize("plan", [{}, {"bad": "segv"}, {"bad": "wrong values"}, {"bad": "raised"}])
def test_its_records_are_those_of_a_run(fake, plan):
    outcome = run(fake(cases=plan), CASES, (NAME, OTHER))
    with CaseRunner(TORCH, fake(cases=plan).python) as runner:
        for name in (NAME, OTHER):
            for case in CASES:
                mine, theirs = runner.run(case, name).records, list(outcome.of(case, name).values())
                assert compared(mine) == compared(theirs)
                assert {r.framework_version for r in mine} == {r.framework_version for r in theirs}


def test_one_worker_answers_all_and_is_started_by_the_first_question(fake):
    honest = fake()
    with CaseRunner(TORCH, honest.python) as runner:
        assert honest.groups() == []
        for case in CASES:
            assert {record.verdict for record in runner.run(case, NAME).records} == {Verdict.PASS}
        assert len(honest.groups()) == 1
        assert runner.start()["interpreter"] == str(honest.python)
        assert runner.start()["version"] == "0.fake"


def test_a_result_has_question_answer_and_records(fake):
    with CaseRunner(TORCH, fake(cases={"bad": "wrong values"}).python) as runner:
        result = runner.run(CASES[2], NAME)
    assert result.problem.case == CASES[2]
    assert result.answer.outcome is Outcome.OK
    failing = {record.check for record in result.records if record.failing}
    assert Check.VALUES in failing
    wrong = result.answer.arrays["values"] != result.problem.reference[Check.VALUES].values
    assert wrong.all()


def test_the_records_of_a_release_name_it(fake):
    release = Target("torch", "1.0")
    with CaseRunner(release, Targets({"torch": ("1.0", "2.0")}, {str(release): fake().python})) as runner:
        records = runner.run(CASES[0], NAME).records
    assert {record.target for record in records} == {"torch@1.0"}


def test_a_probe_is_answered_too(fake):
    job = job_of(CASES[0], NAME)
    with CaseRunner(TORCH, fake().python) as runner:
        probe = Probe("call", job.problem.data.arrays(), {}, {})
        assert runner.answer(Job(job.problem, job.meanings, probe), NAME).outcome is Outcome.OK


def test_a_worker_that_crashed_is_replaced_and_said_to_be(fake):
    replaced = []
    crashing = fake(cases={"bad": "segv"})
    with CaseRunner(TORCH, crashing.python, restarted=replaced.append) as runner:
        (crash,) = runner.run(CASES[2], NAME).records
        assert crash.verdict is Verdict.CRASH
        assert "SIGSEGV" in replaced[0]
        assert {record.verdict for record in runner.run(CASES[3], NAME).records} == {Verdict.PASS}


def test_where_there_is_no_framework_it_says_so_each_time_and_tries_once(fake):
    broken = fake(start="exit")
    with CaseRunner(TORCH, broken.python) as runner:
        for _ in range(3):
            with pytest.raises(WorkerFailed, match="exit status 7") as caught:
                runner.run(CASES[0], NAME)
    assert len(broken.groups()) == 1
    assert str(caught.value).startswith("torch: ")


def test_a_lost_framework_stays_lost(fake):
    lost = fake(cases={"bad": "segv"}, start="exit", start_after=2)
    with CaseRunner(TORCH, lost.python) as runner:
        assert runner.run(CASES[0], NAME).records
        for case in (CASES[2], CASES[3]):
            with pytest.raises(WorkerFailed, match="exit status 7"):
                runner.run(case, NAME)
    assert len(lost.groups()) == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("v1_2d_n1_ci1_co1_i2x2_k2x2_f32_int.1", f"{NAME} cannot run .*: it is 1-D, the case 2-D"),
        ("v1_1d_n1_ci1_co1_i2_k2_psame_f32_int.1", f"{NAME} cannot express .*: "),
        (f"v1_1d_n1_ci1_co1_i{LARGEST + 1}_k1_f64_int.1", "^v1_.*: its input of .* is too large"),
    ],
)
def test_what_cannot_be_asked_starts_no_worker(fake, text, reason):
    honest, case = fake(), Case.parse(text)
    with CaseRunner(TORCH, honest.python) as runner, pytest.raises(InvalidCase, match=reason):
        runner.run(case, NAME)
    assert honest.groups() == []


@pytest.mark.parametrize("stop", [threading.Event(), Interrupt()], ids=["event", "interrupt"])
def test_a_stop_ends_a_call_that_hangs(fake, stop):
    silent = fake(cases={"1": "silent"})

    def stop_once_it_is_silent() -> None:
        wait_until(silent.is_silent)
        (getattr(stop, "request", None) or stop.set)()

    with CaseRunner(TORCH, silent.python, stop) as runner:
        runner.start()
        threading.Thread(target=stop_once_it_is_silent).start()
        with pytest.raises(WorkerFailed, match="torch: the run ended before it answered"):
            runner.run(CASES[0], NAME)


def test_after_a_stop_no_worker_is_started(fake):
    honest, stop = fake(), Interrupt(requested=True)
    runner = CaseRunner(TORCH, honest.python, Interrupt(within=stop))
    with runner, pytest.raises(WorkerFailed, match="the run ended"):
        runner.run(CASES[0], NAME)
    assert honest.groups() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_ends_because_of_a_signal_ends_as_an_interrupt(number):
    def signalled():
        with interruptible() as interrupt:
            os.kill(os.getpid(), number)
            while not interrupt.is_set():
                time.sleep(0.001)
            raise NothingRan("the worker was ended")

    with pytest.raises(KeyboardInterrupt):
        signalled()


def test_what_ends_without_a_signal_ends_as_it_does():
    with pytest.raises(NothingRan, match="no worker"), interruptible():
        raise NothingRan("no worker")
    with interruptible() as interrupt:
        assert not interrupt.is_set()
