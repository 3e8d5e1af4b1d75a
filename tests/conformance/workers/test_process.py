"""A worker's process as the host holds it: how it is started, and how that fails."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest

from conv_transpose_conformance.adapters.protocol import encode
from conv_transpose_conformance.frameworks.starting import worker_command
from conv_transpose_conformance.workers.process import (
    Worker,
    WorkerDied,
    WorkerFailed,
    WorkerTimeout,
    signal_name,
)
from tests.support.cases import small_cases
from tests.support.real import job_of

NAME = "torch.nn.ConvTranspose1d"
STARTS = {
    "exit": r"^torch: exit status 7; its log ends: the framework is broken here$",
    "segv": r"^torch: SIGSEGV$",
    "failed": r"^torch cannot be imported: ImportError: libfake\.so$",
    "protocol 99": r"^torch: its worker speaks protocol 99, the suite 1$",
    "not a hello": r"^torch: its worker speaks protocol None, the suite 1$",
    "garbage": r"^torch: protocol error: a header of \d+ bytes; the limit is \d+$",
    "hang": r"^torch: its worker sent nothing within 180 s$",
}


@pytest.mark.parametrize("what", STARTS)
def test_a_worker_that_does_not_start(fake, what):
    fake.clock.step = 20.0
    with pytest.raises(WorkerFailed, match=STARTS[what]) as caught:
        Worker(worker_command("torch", fake(start=what).python))
    assert caught.value.exit_code == 3


def test_an_interpreter_that_cannot_be_run(tmp_path):
    plain = tmp_path / "python"
    plain.write_text("no program")
    with pytest.raises(WorkerFailed, match=r"torch: cannot run .*python: Permission denied"):
        Worker(worker_command("torch", plain))
    with pytest.raises(WorkerFailed, match="No such file or directory"):
        Worker(worker_command("torch", tmp_path / "absent"))
    plain.chmod(0o755)
    with pytest.raises(WorkerFailed, match="Exec format error"):
        Worker(worker_command("torch", plain))


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_no_descriptor_is_lost(fake):
    with Worker(worker_command("torch", fake().python)):
        pass  # the watchdog comes with the first worker and stays
    gc.collect()  # what tests before have left
    before = descriptors()
    with Worker(worker_command("torch", fake().python)):
        assert len(descriptors()) == len(before) + 3
    for what in ("exit", "failed", "garbage"):
        with pytest.raises(WorkerFailed):
            Worker(worker_command("torch", fake(start=what).python))
    with pytest.raises(WorkerFailed):
        Worker(worker_command("torch", Path("/absent/python")))
    assert len(descriptors()) == len(before)


def test_the_greeting_and_the_end(fake):
    with Worker(worker_command("torch", fake(version="1.2.3").python)) as worker:
        assert worker.hello["version"] == "1.2.3"
        assert worker.folder.is_dir()
        process, folder = worker.process, worker.folder
    assert process.poll() is not None
    assert not folder.exists()
    worker.kill()  # again, and nothing happens


def test_the_worker_has_a_process_group_of_its_own(fake):
    with Worker(worker_command("torch", fake().python)) as worker:
        assert os.getpgid(worker.process.pid) == worker.process.pid != os.getpgid(0)


def request() -> bytes:
    """A call of the case whose seed is ``bad``."""
    (case,) = small_cases(["bad"])
    return job_of(case, NAME).frame(7, [NAME])


def test_without_an_answer_the_time_runs_out(fake):
    with Worker(worker_command("torch", fake(cases={"bad": "hang"}).python)) as worker:
        worker.send(request())
        began = fake.clock.now
        with pytest.raises(WorkerTimeout):
            worker.receive(2.0)
        assert fake.clock.now - began >= 2.0


@pytest.mark.parametrize(("rate", "waits"), [(10e6, False), (400.0, True)])
def test_what_crosses_the_pipes_has_time_of_its_own(fake, monkeypatch, rate, waits):
    assert len(request()) > 400  # a second at the lower rate
    with Worker(worker_command("torch", fake(cases={"bad": "half a frame"}).python)) as worker:
        monkeypatch.setattr("conv_transpose_conformance.workers.process._SLOWEST", rate)
        worker.send(request())
        began = fake.clock.now
        with pytest.raises(WorkerTimeout):
            worker.receive(0.5)
        assert (fake.clock.now - began > 1.0) is waits


def test_a_request_larger_than_a_pipe_is_read_to_its_end(fake):
    of_nobody = {"type": "run", "id": 1, "operation": "none", "case": {}, "implementations": []}
    large = encode(of_nobody, {"x": ("float64", np.zeros(1 << 20))})
    with Worker(worker_command("torch", fake().python)) as worker:
        worker.send(large + request())
        header, _ = worker.receive(2.0)
        assert header["id"] == 7


def test_what_is_sent_to_a_dead_worker_is_answered_by_its_obituary(fake):
    with Worker(worker_command("torch", fake().python)) as worker:
        worker.end_process()
        worker.process.wait()
        worker.send(encode({"type": "run"}, {}))
        with pytest.raises(WorkerDied, match=r"^SIGKILL"):
            worker.receive(5)


def test_the_log_keeps_the_last_lines(fake):
    with Worker(worker_command("torch", fake().python)) as worker:
        assert worker.log_tail() == ""
        worker._said += b"a\n\n  b  \n\xff\xfe\nd\n" + b"x" * 10_000 + b"\ne\nf"
        tail = worker.log_tail()
        assert tail.endswith(" | e | f")
        assert len(tail) < 4100
        worker._said[:] = "\n".join(map(str, range(50))).encode()
        assert worker.log_tail() == "44 | 45 | 46 | 47 | 48 | 49"


def test_the_hosts_python_settings_do_not_reach_the_worker(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("OMP_NUM_THREADS", "16")
    monkeypatch.setenv("LC_TIME", "kept")
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\nenv\npwd\nexit 9\n")
    script.chmod(0o755)
    monkeypatch.setattr(Worker, "log_tail", lambda self: (self._hear(), self._said.decode())[1])
    with pytest.raises(WorkerFailed) as caught:
        Worker(worker_command("torch", script))
    lines = str(caught.value).splitlines()
    assert not [line for line in lines if line.startswith("PYTHONPATH=")]
    assert [line for line in lines if line.endswith("OMP_NUM_THREADS=1")]
    assert [line for line in lines if line.endswith("LC_TIME=kept")]
    assert Path(lines[-1]).name.startswith("conformance-torch-")  # its own folder is where it runs
    (temporary,) = [line.partition("=")[2] for line in lines if "TMPDIR=" in line]
    assert Path(temporary).parent == Path(lines[-1])


@pytest.mark.parametrize(
    ("number", "name"), [(11, "SIGSEGV"), (6, "SIGABRT"), (9, "SIGKILL"), (99, "signal 99")]
)
def test_signals_have_names(number, name):
    assert signal_name(number) == name
