"""What a worker may do to its host and its surroundings: nothing that outlives it."""

from __future__ import annotations

import json
import signal

import pytest

from conv_transpose_conformance.frameworks.starting import worker_command
from conv_transpose_conformance.judging.verdicts import Check, Verdict
from conv_transpose_conformance.workers.environment import PASS, worker_environment
from conv_transpose_conformance.workers.process import Worker
from tests.support.cases import small_cases
from tests.support.processes import gone, host, wait_until
from tests.support.real import job_of
from tests.support.running import NAME, run

CASES = small_cases(["1", "2", "bad", "4", "5", "6"])
BAD = CASES[2]
GOOD = [case for case in CASES if case is not BAD]


def test_values_that_are_no_numbers_diverge(fake):
    outcome = run(fake(cases={"bad": "not a number"}), CASES)
    checks = outcome.of(BAD)
    for check in (Check.VALUES, Check.GRAD_INPUT, Check.GRAD_WEIGHT, Check.GRAD_BIAS):
        assert checks[check].verdict is Verdict.DIVERGE
    assert outcome.all_right(GOOD)


def test_memory_is_capped(fake):
    outcome = run(fake(cases={"bad": "leak"}), CASES)
    record = outcome.acceptance(BAD)
    assert record.verdict is Verdict.CRASH
    assert "MemoryError" in record.message
    assert outcome.all_right(GOOD)


def test_a_worker_may_close_its_output(fake):
    assert run(fake(cases={"bad": "close output"}), CASES).all_right(CASES)


def test_a_worker_that_closes_everything_is_replaced(fake, monkeypatch):
    monkeypatch.setattr("conv_transpose_conformance.workers.process.LINGER", 0.1)
    outcome = run(fake(cases={"bad": "close everything"}), CASES)
    assert outcome.acceptance(BAD).message == "it closed its answers but is still alive (2 of 2 times)"
    assert outcome.all_right(GOOD)


def test_a_child_that_leaves_the_group_is_ended_too(fake):
    escaping = fake(cases={"bad": "escape"})
    assert run(escaping, CASES).all_right(CASES)
    assert gone(int((escaping.folder / "escaped").read_text()))


@pytest.mark.parametrize("what", ["hang, deaf", "escape"])
def test_workers_do_not_outlive_a_host_that_is_killed(fake, tmp_path, what):
    hanging = fake(cases={"bad": what, "4": "silent"})
    program = (
        "from pathlib import Path\n"
        "from tests.support.cases import small_cases\n"
        "from conv_transpose_conformance.execution.engine import Engine\n"
        "python = Path(sys.argv[2])\n"
        "engine = Engine(\n"
        "    implementations=(sys.argv[1],), locate=lambda *_: python, allowance=9.0, deadline=600.0)\n"
        "list(engine.run(small_cases(['1', 'bad', '4'])))\n"
    )
    temporary = tmp_path / "temporary"
    running = host(program, NAME, hanging.python, temporary=temporary)
    unanswered = hanging.is_silent if what == "escape" else hanging.is_hanging
    assert wait_until(lambda: unanswered() or running.poll() is not None)
    assert running.poll() is None
    running.kill()
    assert running.wait() == -signal.SIGKILL
    assert gone(*hanging.groups())
    if what == "escape":
        assert gone(int((hanging.folder / "escaped").read_text()))
    assert wait_until(lambda: list(temporary.iterdir()) == [])


def test_a_worker_sees_its_own_folders_and_none_of_the_hosts_secrets(fake, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy")
    monkeypatch.setenv("LC_MESSAGES", "C")
    curious = fake(cases={"bad": "environment"})
    assert run(curious, CASES).all_right(CASES)
    seen = json.loads((curious.folder / "environment.json").read_text())
    assert "secret" not in "".join(seen.values())
    assert "PYTHONPATH" not in seen
    assert seen["LC_MESSAGES"] == "C"
    assert seen["OMP_NUM_THREADS"] == "1"
    for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME"):
        assert seen[name].startswith(seen["cwd"] + "/")


def test_what_is_named_is_passed_to_the_worker(tmp_path):
    host = {"A": "1", "B": "2", "C": "3", "ASCEND_HOME": "/usr/local/Ascend", PASS: "A, C"}
    seen = worker_environment(tmp_path, host)
    assert {name: seen.get(name) for name in ("A", "B", "C", "ASCEND_HOME")} == {
        "A": "1",
        "B": None,
        "C": "3",
        "ASCEND_HOME": "/usr/local/Ascend",
    }


def test_what_a_worker_prints_is_kept_short(fake):
    flooding = fake(cases={"bad": "flood"})
    with Worker(worker_command("torch", flooding.python)) as worker:
        worker.send(job_of(BAD, NAME).frame(0, [NAME]))
        worker.receive(20.0)
        assert 0 < len(worker.log_tail()) < 10_000
        assert len(worker._said) <= 1 << 14
        assert not list(worker.folder.glob("*.log"))
