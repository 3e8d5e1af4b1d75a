"""No child of the suite sees what the host's environment holds for others, wherever it is started."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from conv_transpose_conformance.commands.releases import available
from conv_transpose_conformance.errors import ConformanceError
from conv_transpose_conformance.frameworks import environments, r_runtime
from conv_transpose_conformance.frameworks.environments import ensure, environment_for
from conv_transpose_conformance.frameworks.python_runtime import PYTHON
from conv_transpose_conformance.frameworks.starting import worker_command
from conv_transpose_conformance.reports.scripts.execution import execute
from conv_transpose_conformance.workers import watchdog
from conv_transpose_conformance.workers.environment import PASS
from conv_transpose_conformance.workers.fork_server import ForkServer, NoForks
from conv_transpose_conformance.workers.process import Worker

SECRETS = ("MY_TOKEN", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "SSH_AUTH_SOCK", "PGPASSWORD")


def install(python: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment whose interpreter is this one."""

    def make(command, _output, _stop) -> int:
        if "venv" in command:
            Path(command[-1], "bin").mkdir(parents=True)
            Path(command[-1], "bin", "python").symlink_to(python)
        return 0

    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(environments, "_execute", make)
    ensure(environment_for("torch"), print)


def ask_pip(python: Path, monkeypatch: pytest.MonkeyPatch, _tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(python))
    available("torch")


def run_pip(python: Path, _monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        environments._execute([str(python), "-c", ""], log, threading.Event())


Start = Callable[[Path, pytest.MonkeyPatch, Path], object]
STARTS: dict[str, Start] = {
    "a worker": lambda python, *_: Worker(worker_command("torch", python)),
    "a fork server": lambda python, *_: ForkServer(worker_command("torch", python), threading.Event()),
    "a script": lambda python, *_: execute("", python),
    "a probe of an interpreter": lambda python, *_: PYTHON.check("torch", "json", str(python)),
    "a probe of a version": lambda python, *_: PYTHON.version("torch", "json", python),
    "a probe of an R": lambda python, *_: r_runtime.examine(python),
    "venv and pip": run_pip,
    "pip list": install,
    "pip index": ask_pip,
}


@pytest.mark.parametrize("what", STARTS)
def test_no_secret_is_visible(tmp_path, monkeypatch, what):
    watchdog.release("")  # it is there, before the interpreter is another
    for name in SECRETS:
        monkeypatch.setenv(name, "a secret of the host")
    monkeypatch.setenv("ANOTHER", "let through")
    monkeypatch.setenv(PASS, "ANOTHER")
    seen = tmp_path / "seen"
    python = tmp_path / "python"
    # The same in place of each interpreter: it tells what it sees and ends.
    python.write_text(f'#!/bin/sh\nenv >> "{seen}"\nexit 3\n')
    python.chmod(0o755)
    with suppress(ConformanceError, NoForks):
        STARTS[what](python, monkeypatch, tmp_path)
    lines = seen.read_text().splitlines()
    assert not [line for line in lines if "secret" in line]
    assert "ANOTHER=let through" in lines
    assert [line for line in lines if line.startswith(f"{watchdog.MARK}=")]
