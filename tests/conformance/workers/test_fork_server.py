"""Workers that are forked: as a process of its own each, and nothing is left behind."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from conv_transpose_conformance.execution.driver import Driver
from conv_transpose_conformance.frameworks.starting import worker_command
from conv_transpose_conformance.workers.fork_server import ForkServer, NoForks
from conv_transpose_conformance.workers.process import Worker, WorkerDied
from conv_transpose_conformance.workers.watchdog import MARK
from tests.support.processes import CEILING, process_groups, wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are made on Linux alone")

TORCH = """
import os, threading, time
with open({imports!r}, "a") as imports:
    imports.write("imported\\n")
__version__ = "0.fake"
def set_num_threads(number):
    print("home", os.environ["HOME"], "in", os.getcwd(), flush=True)
def manual_seed(number):
    pass
{more}
"""


@pytest.fixture
def python(tmp_path, monkeypatch) -> Callable[..., Path]:
    """An interpreter whose torch is next to nothing; how often it was imported is counted."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr("conv_transpose_conformance.workers.fork_server._REPLY", CEILING)

    def make(more: str = "") -> Path:
        modules = tmp_path / "modules"
        modules.mkdir()
        (modules / "torch.py").write_text(TORCH.format(imports=str(tmp_path / "imports"), more=more))
        script = tmp_path / "python"
        script.write_text(f'#!/bin/sh\nPYTHONPATH="{modules}" exec "{sys.executable}" "$@"\n')
        script.chmod(0o755)
        return script

    yield make
    assert list(temporary.iterdir()) == []


def imports(python: Path) -> int:
    return len((python.parent / "imports").read_text().splitlines())


def server(python: Path) -> ForkServer:
    return ForkServer(worker_command("torch", python), threading.Event())


def driver(python: Path) -> Driver:
    return Driver("torch", python, threading.Event(), lambda _job, _answer: None, lambda _reason: None)


def test_a_fork_is_a_worker_of_its_own(python):
    forks = server(python())
    try:
        with (
            Worker(worker_command("torch", forks.command.interpreter), forks=forks) as one,
            Worker(worker_command("torch", forks.command.interpreter), forks=forks) as other,
        ):
            assert one.hello["version"] == "0.fake"
            assert {os.getpgid(w.process.pid) for w in (one, other)} == {one.process.pid, other.process.pid}
            assert one.process.poll() is None
            assert one.log_tail() == f"home {one.folder}/home in {one.folder}"
            assert other.log_tail() == f"home {other.folder}/home in {other.folder}"
        assert not one.folder.exists()
        assert imports(forks.command.interpreter) == 1
        assert not {one.process.pid, other.process.pid} & set(process_groups())
    finally:
        forks.close()


def test_a_fork_sees_what_any_worker_sees(python, monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "secret")
    tells = "def set_num_threads(_): print('secret' in os.environ.values(), os.environ[MARK], flush=True)"
    forks = server(python(f"MARK = {MARK!r}\n{tells}"))
    try:
        with Worker(worker_command("torch", forks.command.interpreter), forks=forks) as worker:
            assert worker.log_tail() == f"False {worker.folder}"
    finally:
        forks.close()


def test_how_a_fork_died_is_told(python):
    forks = server(python())
    try:
        with Worker(worker_command("torch", forks.command.interpreter), forks=forks) as worker:
            worker.end_process()
            with pytest.raises(WorkerDied, match=r"^SIGKILL"):
                worker.receive(CEILING)
            assert worker.process.poll() == -9
        with Worker(worker_command("torch", forks.command.interpreter), forks=forks) as worker:
            worker.send(b"\0" * 40)  # no frame: it ends with a traceback
            with pytest.raises(WorkerDied, match=r"^exit status 1; its log ends: .*ProtocolError"):
                worker.receive(CEILING)
    finally:
        forks.close()


def test_the_servers_end_is_that_of_its_forks(python):
    forks = server(python())
    with Worker(worker_command("torch", forks.command.interpreter), forks=forks) as worker:
        forks.close()
        assert wait_until(lambda: worker.process.pid not in process_groups())
        with pytest.raises(NoForks):
            forks.fork(worker.folder, {}, [])


@pytest.mark.parametrize("more", ["raise ImportError('broken')", "os._exit(3)"])
def test_what_cannot_be_imported_cannot_be_forked(python, more):
    with pytest.raises(NoForks, match="it has ended"):
        server(python(more))


def test_what_has_threads_is_not_forked(python):
    with pytest.raises(NoForks, match="it has threads"):
        server(python("threading.Thread(target=time.sleep, args=(6000,), daemon=True).start()"))


def test_workers_are_replaced_by_forks_and_the_first_is_none(python):
    driving = driver(python())
    try:
        driving.start()
        for _ in range(3):
            driving._fresh()
        assert imports(driving.python) == 2
        driving._anew()
        assert imports(driving.python) == 3
    finally:
        driving.close()


def test_without_its_server_a_driver_starts_processes(python):
    driving = driver(python())
    try:
        driving.start()
        driving._fresh()
        driving._forks._child.kill()
        assert driving._fresh().hello["version"] == "0.fake"
        driving._fresh()
        assert imports(driving.python) == 4
    finally:
        driving.close()
