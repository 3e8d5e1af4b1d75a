"""Environments: made once, reused, made anew where half-made, and failing in words."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from filelock import FileLock

from conv_transpose_conformance.errors import EnvironmentFailed
from conv_transpose_conformance.frameworks import environments
from conv_transpose_conformance.frameworks.environments import (
    Environment,
    cache_folder,
    ensure,
    environment_for,
    environment_of,
    remove,
)
from tests.support import ROOT
from tests.support.processes import CEILING, alive, gone, wait_until

_PIP_LIST = '#!/bin/sh\necho \'[{"name": "thing", "version": "1.0"}]\'\n'


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("CONFORMANCE_CACHE", str(folder))
    return folder


class Installer:
    """In place of running commands: makes the folder, writes what pip would say, counts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commands: list[list[str]] = []
        self.says = ""
        self.status = 0
        self.error: BaseException | None = None
        monkeypatch.setattr(environments, "_execute", self)

    def __call__(self, command, output, stop) -> int:
        self.commands.append(command)
        if "venv" in command:
            python = Path(command[-1], "bin", "python")
            python.parent.mkdir(parents=True)
            python.write_text(_PIP_LIST)
            python.chmod(0o755)
            return 0
        output.write(self.says)
        output.flush()
        if self.error is not None:
            raise self.error
        return self.status


@pytest.fixture
def installer(monkeypatch) -> Installer:
    return Installer(monkeypatch)


def thing() -> Environment:
    return environment_of("torch", ("thing==1.0", "numpy<2"))


def no_word(_message: str) -> None:
    pass


def test_an_environment_is_made_and_reused(cache, installer):
    said: list[str] = []
    environment = thing()
    assert environment.state == "absent"
    python = ensure(environment, said.append)
    assert python == environment.python == environment.folder / "bin" / "python"
    assert environment.state == "ready"
    assert cache in environment.folder.parents
    venv, install = installer.commands
    assert venv == [sys.executable, "-m", "venv", str(environment.folder)]
    assert install[:4] == [str(python), "-m", "pip", "install"]
    assert install[-2:] == ["thing==1.0", "numpy<2"]
    assert said == [f"installing thing==1.0 numpy<2 (once; then reused from {environment.folder})"]
    manifest = json.loads((environment.folder / "environment.json").read_text())
    assert manifest["packages"] == {"thing": "1.0"}
    assert manifest["requirements"] == ["thing==1.0", "numpy<2"]

    assert ensure(thing(), said.append) == python
    assert (len(installer.commands), len(said)) == (2, 1)


@pytest.mark.parametrize("damage", ["no manifest", "half a manifest", "no object", "no interpreter"])
def test_a_half_made_environment_is_made_anew(cache, installer, damage):
    environment = thing()
    ensure(environment, no_word)
    (environment.folder / "stale").touch()
    manifest = environment.folder / "environment.json"
    if damage == "no manifest":
        manifest.unlink()
    elif damage == "half a manifest":
        manifest.write_text('{"framework": "to')
    elif damage == "no object":
        manifest.write_text("[]")
    else:
        environment.python.unlink()
    assert environment.state == "half-made"
    ensure(environment, no_word)
    assert environment.state == "ready"
    assert not (environment.folder / "stale").exists()
    assert len(installer.commands) == 4


def test_an_interrupted_making_leaves_a_half_made_one(cache, installer):
    installer.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        ensure(thing(), no_word)
    assert thing().state == "half-made"
    installer.error = None
    ensure(thing(), no_word)
    assert thing().state == "ready"


_PIP_ERROR = "ERROR: No matching distribution found for thing==1.0"
FAILURES = {
    f"Collecting thing\nERROR: Could not find it\n{_PIP_ERROR}\n[notice] A new release of pip\n": (
        "thing==1.0: there is no such release, or none with a wheel for Python 3."
    ),
    f"WARNING: Retrying: NewConnectionError('no')\n{_PIP_ERROR}\n": "no network, or pip is not configured",
    "ERROR: Could not install: [Errno 28] No space left on device\n": "no space left on the device; set",
    "The virtual environment was not created because ensurepip is not available\n": "this Python 3.",
    "ERROR: one\nERROR: two\n": "ERROR: two",
    "Collecting thing\nKilled\n": "Killed",
    "": "its installation failed without a message",
    "ERROR: " + "x" * 9000: "ERROR: xxx",
}


@pytest.mark.parametrize(("says", "reason"), FAILURES.items(), ids=range(len(FAILURES)))
def test_a_failed_installation_is_named_with_its_reason(cache, installer, says, reason):
    installer.says, installer.status = says, 1
    with pytest.raises(EnvironmentFailed) as caught:
        ensure(thing(), no_word)
    message = str(caught.value)
    assert message.startswith(f"torch: {reason}")
    assert len(message) < 1000
    log = Path(message.rpartition("full log: ")[2].rstrip(")"))
    assert log.read_text() == says
    assert caught.value.exit_code == 3
    assert thing().state == "half-made"


def test_a_stopped_installation_says_so(cache, installer):
    stop = threading.Event()
    stop.set()
    installer.status = -1
    with pytest.raises(EnvironmentFailed, match="torch: stopped"):
        ensure(thing(), no_word, stop)


def test_another_process_that_is_making_it_is_waited_for(cache, installer, monkeypatch):
    environment = thing()
    environment.folder.parent.mkdir(parents=True)
    said: list[str] = []
    looks = threading.Semaphore(0)

    class Counted(FileLock):
        def acquire(self, *_arguments, **_options):
            looks.release()
            return super().acquire(timeout=0.01)

    monkeypatch.setattr(environments, "FileLock", Counted)
    waiting = threading.Thread(target=ensure, args=(environment, said.append))
    # As another process would hold it.
    with FileLock(environment.folder.with_name(environment.folder.name + ".lock")):
        waiting.start()
        for _ in range(4):
            assert looks.acquire(timeout=CEILING)
        assert installer.commands == []
    waiting.join()
    waited, installing = said  # that it waits is said once
    assert waited == "waiting for another process that makes its environment"
    assert installing.startswith("installing thing==1.0")
    assert environment.state == "ready"


def test_waiting_for_another_process_ends_with_the_run(cache, installer):
    environment = thing()
    environment.folder.parent.mkdir(parents=True)
    stop = threading.Event()
    lock = environment.folder.with_name(environment.folder.name + ".lock")
    with FileLock(lock), pytest.raises(EnvironmentFailed, match="torch: stopped while waiting"):
        ensure(environment, lambda _message: stop.set(), stop)
    assert installer.commands == []


_MAKE = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from conv_transpose_conformance.frameworks import environments
from tests.conformance.frameworks import test_environments

class Patch:
    def setattr(self, module, name, value):
        setattr(module, name, value)

installer = test_environments.Installer(Patch())

def execute(command, output, stop):
    with open({log!r}, "a") as log:
        log.write(command[3] + "\\n")
    time.sleep(0.2)  # in which the other would begin
    return installer(command, output, stop)

environments._execute = execute
print(environments.ensure(test_environments.thing(), print))
"""


def test_two_processes_at_once_make_it_once(cache, tmp_path):
    log = tmp_path / "log"
    script = _MAKE.format(tests=str(ROOT), log=str(log))
    processes = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    ends = [process.communicate()[0].splitlines()[-1] for process in processes]
    assert ends == [str(thing().python)] * 2
    assert [process.returncode for process in processes] == [0, 0]
    assert log.read_text().splitlines() == [str(thing().folder), "install"]


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch, installer):
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("CONFORMANCE_CACHE", str(blocked))
    with pytest.raises(EnvironmentFailed, match="set CONFORMANCE_CACHE to a folder with room") as caught:
        ensure(thing(), no_word)
    assert "cannot make an environment in" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_too_little_room_is_said_before_anything_is_installed(cache, installer, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 100 << 20}))
    with pytest.raises(
        EnvironmentFailed, match=r"torch: 100 MiB free in .*, but an environment needs up to 4096"
    ):
        ensure(thing(), no_word)
    assert installer.commands == []


def test_an_environment_is_removed_where_there_is_one(cache, installer):
    assert remove(thing()) is False
    ensure(thing(), no_word)
    assert remove(thing()) is True
    assert thing().state == "absent"


def test_an_environment_that_another_process_makes_is_not_removed(cache, installer):
    environment = thing()
    ensure(environment, no_word)
    lock = environment.folder.with_name(environment.folder.name + ".lock")
    with FileLock(lock), pytest.raises(EnvironmentFailed, match="another process is making") as caught:
        remove(environment)
    assert caught.value.exit_code == 3
    assert environment.state == "ready"


def test_an_environment_that_cannot_be_removed_is_named(cache, installer, monkeypatch):
    def refuse(_folder):
        raise PermissionError(13, "Permission denied")

    ensure(thing(), no_word)
    monkeypatch.setattr("shutil.rmtree", refuse)
    with pytest.raises(EnvironmentFailed, match=r"torch: cannot remove .*: Permission denied"):
        remove(thing())
    assert thing().state == "half-made"


def test_an_environment_is_named_by_what_was_asked_for(cache):
    names = {
        environment_of("torch", requirements).folder.name
        for requirements in (("torch==1",), ("torch==2",), ("torch==1", "numpy<2"))
    }
    assert len(names) == 3
    assert environment_for("torch").folder.name.startswith("torch-2.13.0-")
    assert environment_for("mindspore").requirements == ("mindspore==2.10.0", "numpy<2")


def test_the_cache_folder_is_named_by_its_variable(monkeypatch):
    monkeypatch.setenv("CONFORMANCE_CACHE", "~/somewhere")
    assert cache_folder() == Path.home() / "somewhere"
    monkeypatch.delenv("CONFORMANCE_CACHE")
    assert cache_folder().name == "conv-transpose-conformance"


_PARENT = "sleep 6000 & echo $$ $! > {pids}.new; mv {pids}.new {pids}; wait"


def test_a_command_ends_with_the_run_and_so_do_its_children(tmp_path):
    stop = threading.Event()
    pids = tmp_path / "pids"

    def stop_once_it_runs() -> None:
        assert wait_until(pids.exists)
        stop.set()

    threading.Thread(target=stop_once_it_runs).start()
    with (tmp_path / "log").open("w") as log:
        assert environments._execute(["sh", "-c", _PARENT.format(pids=pids)], log, stop) == -1
    parent, child = map(int, pids.read_text().split())
    assert gone(parent, child)


def test_a_command_does_not_outlive_a_host_that_is_killed(tmp_path):
    pids = tmp_path / "pids"
    program = (
        "import sys, threading\n"
        "from conv_transpose_conformance.frameworks.environments import _execute\n"
        "_execute(['sh', '-c', sys.argv[1]], open('/dev/null', 'w'), threading.Event())"
    )
    host = subprocess.Popen([sys.executable, "-c", program, _PARENT.format(pids=pids)])
    assert wait_until(lambda: pids.exists() or host.poll() is not None)
    started = list(map(int, pids.read_text().split()))
    assert all(map(alive, started))
    host.kill()
    host.wait()
    assert gone(*started)


def test_a_command_is_heard_and_its_status_known(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    log = tmp_path / "log"
    with log.open("w") as output:
        command = ["sh", "-c", "echo out; echo err >&2; echo path=$PYTHONPATH; exit 4"]
        assert environments._execute(command, output, threading.Event()) == 4
    assert log.read_text() == "out\nerr\npath=\n"


def wheel(folder: Path) -> None:
    """A package of one module, as a wheel."""
    folder.mkdir()
    info = "thing-1.0.dist-info"
    with zipfile.ZipFile(folder / "thing-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr("thing.py", "VALUE = 42\n")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


@pytest.mark.slow
def test_a_real_environment_from_a_real_wheel(cache, tmp_path, monkeypatch):
    wheel(tmp_path / "wheels")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    monkeypatch.setenv("PIP_NO_COMPILE", "1")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    python = ensure(environment_of("torch", ("thing==1.0",)), no_word)
    probe = "import thing, sys; print(thing.VALUE, sys.prefix != sys.base_prefix)"
    done = subprocess.run([python, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["42", "True"]
    manifest = environment_of("torch", ("thing==1.0",)).manifest
    assert manifest is not None
    assert manifest["packages"]["thing"] == "1.0"

    # What pip says of a failure is what the suite looks for in its log.
    log = tmp_path / "log"
    with log.open("w") as output:
        command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "thing==2.0"]
        assert environments._execute(command, output, threading.Event()) != 0
    assert environments._reason(log).startswith("thing==2.0: there is no such release")
