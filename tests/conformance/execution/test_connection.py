"""One worker and the calls sent ahead to it: answers in order, and whose call it was that failed."""

from __future__ import annotations

import threading

import pytest

from conv_transpose_conformance.execution import connection as module
from conv_transpose_conformance.execution.connection import WorkerConnection
from conv_transpose_conformance.execution.requests import Job
from conv_transpose_conformance.frameworks.registry import interpret
from conv_transpose_conformance.judging.answers import Outcome
from conv_transpose_conformance.judging.problem import Problem
from tests.support.cases import small_cases
from tests.support.running import NAME, OTHER

CASES = small_cases(["1", "2", "bad", "4"])


def job(case) -> Job:
    return Job(Problem(case, interpret(case, NAME).geometry), {n: interpret(case, n) for n in (NAME, OTHER)})


JOBS = [job(case) for case in CASES]


@pytest.fixture
def connect(fake):
    """A connection to a fake worker."""
    made = []

    def make(**plan):
        made.append(WorkerConnection("torch", fake(**plan).python, 0.5, threading.Event()))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_answers_come_in_the_order_of_the_calls(connect):
    connection = connect()
    assert not connection.busy
    connection.send(JOBS[0], [NAME, OTHER])
    connection.send(JOBS[1], [OTHER])
    expected = [(CASES[0], NAME), (CASES[0], OTHER), (CASES[1], OTHER)]
    assert [(call.job.case, call.implementation) for call in connection.unanswered()] == expected
    for case, name in expected:
        assert connection.busy
        call, answer = connection.receive()
        assert (call.job.case, call.implementation) == (case, name)
        assert (answer.outcome, answer.implementation) == (Outcome.OK, name)
    assert not connection.busy
    assert connection.unanswered() == []


def test_a_call_is_named_by_its_case_and_its_implementation(connect):
    connection = connect()
    connection.send(JOBS[0], [NAME])
    call, _ = connection.receive()
    assert call.name == f"{CASES[0].id} on {NAME}"


@pytest.mark.parametrize(
    ("what", "outcome", "fault"),
    [
        ("segv", Outcome.CRASH, "SIGSEGV"),
        ("exit 3", Outcome.CRASH, "exit status 3"),
        ("hang", Outcome.HANG, "hang"),
        ("garbage", Outcome.CRASH, "broken protocol"),
        ("another id", Outcome.CRASH, "broken protocol"),
        ("another name", Outcome.CRASH, "broken protocol"),
    ],
)
def test_the_first_call_without_an_answer_is_at_fault_and_the_others_are_unanswered(
    connect, what, outcome, fault
):
    connection = connect(cases={"bad": what})
    for one in JOBS:
        connection.send(one, [NAME])
    assert [connection.receive()[1].outcome for _ in range(2)] == [Outcome.OK] * 2
    call, answer = connection.receive()
    assert call.job.case == CASES[2]
    assert (answer.outcome, answer.fault) == (outcome, fault)
    assert [left.job.case for left in connection.unanswered()] == [CASES[3]]


def test_it_is_full_by_the_number_of_requests_or_by_their_bytes(connect, monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 2)
    connection = connect()
    assert not connection.full
    connection.send(JOBS[0], [NAME])
    assert not connection.full
    connection.send(JOBS[1], [NAME])
    assert connection.full
    connection.receive()
    assert not connection.full
    monkeypatch.setattr(module, "WINDOW_BYTES", 1)
    assert connection.full
    connection.receive()
    assert not connection.full


def test_a_request_of_two_implementations_counts_until_both_have_answered(connect, monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 1)
    connection = connect()
    connection.send(JOBS[0], [NAME, OTHER])
    connection.receive()
    assert connection.full
    connection.receive()
    assert not connection.full


def test_an_aborted_worker_is_a_crash_of_the_call_it_had(connect):
    connection = connect(cases={"1": "silent"})
    connection.send(JOBS[0], [NAME])
    connection.abort()
    _, answer = connection.receive()
    assert (answer.outcome, answer.fault) == (Outcome.CRASH, "SIGKILL")


def test_patience_for_an_implementation_is_added_to_its_deadline(connect, fake, monkeypatch):
    monkeypatch.setattr(module.registry, "implementation", lambda _name: type("", (), {"patience": 2.0}))
    connection = connect(cases={"bad": "hang"})
    began = fake.clock.now
    connection.send(JOBS[2], [NAME])
    assert connection.receive()[1].message == "no answer within 2.5 s"
    assert fake.clock.now - began >= 2.5
