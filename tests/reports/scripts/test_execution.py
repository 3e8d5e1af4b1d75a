"""Reproduction scripts are contained as workers are: by their environment, their limits and their end."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from conv_transpose_conformance.adapters import DEVICE
from conv_transpose_conformance.reports.scripts import execution
from conv_transpose_conformance.reports.scripts.execution import SPACE, Executions, execute
from conv_transpose_conformance.reports.scripts.python_script import MARK
from conv_transpose_conformance.workers.environment import PASS
from tests.support.processes import alive, gone, host, numbers_in, wait_until

HERE = Path(sys.executable)
SHOWS = f"print({MARK!r}); raise SystemExit(1)"
LIMIT = "import resource; print(resource.getrlimit(resource.RLIMIT_AS)[0] >> 20)"
# Leaves a child in another session, and says both numbers.
FAMILY = """
import os, signal
child = os.fork()
if child == 0:
    os.setsid()
    signal.pause()
with open({path!r}, "w") as file:
    file.write(f"{{os.getpid()}} {{child}}\\n")
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch) -> Path:
    """Where folders are made; in the end nothing is left in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def test_no_variable_of_the_host_is_visible(monkeypatch):
    for name in ("MY_TOKEN", "HTTPS_PROXY", "PIP_INDEX_URL", "PYTHONPATH", "R_LIBS"):
        monkeypatch.setenv(name, "secret")
    done = execute("import os; print(*os.environ.values()); print(os.environ['HOME'])", HERE)
    assert done.status == "gone"
    assert "secret" not in done.output
    assert done.output.splitlines()[-1] == "./home"


def test_what_a_worker_sees_a_script_sees(monkeypatch):
    monkeypatch.setenv(PASS, "MINE")
    monkeypatch.setenv("MINE", "mine")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    script = "import os; print(*(os.environ[n] for n in ('MINE', 'CUDA_VISIBLE_DEVICES', 'OMP_NUM_THREADS')))"
    assert execute(script, HERE).output == "mine 1 1"
    assert execute("import os; print(os.environ['GLOG_v'])", HERE, settings={"GLOG_v": "3"}).output == "3"


def test_it_runs_in_its_own_folder_and_may_start_itself_again():
    script = (
        "import os, subprocess, sys\n"
        "if sys.argv[1:]: sys.exit(print('again in', os.getcwd()))\n"
        "subprocess.run([sys.executable, os.path.abspath(__file__), 'call'], check=True)"
    )
    assert execute(script, HERE).output == "again in ."


def test_a_memory_hog_is_stopped(monkeypatch):
    monkeypatch.setattr(execution, "SPACE", 1 << 30)
    done = execute("kept = []\nwhile True: kept.append(bytearray(1 << 24))", HERE)
    assert (done.status, done.exit_code) == ("failed", 1)
    assert "MemoryError" in done.output


def test_the_limit_is_for_the_cpu(monkeypatch):
    assert execute(LIMIT, HERE).output == str(SPACE >> 20)
    monkeypatch.setenv(DEVICE, "cpu")
    assert execute(LIMIT, HERE).output == str(SPACE >> 20)
    monkeypatch.setenv(DEVICE, "cuda")
    assert execute(LIMIT, HERE).output != str(SPACE >> 20)


def test_of_a_flood_the_end_is_shown():
    done = execute(f"for _ in range(20000): print('x' * 4095)\nprint('the end')\n{SHOWS}", HERE)
    assert done.status == "reproduced"
    assert done.output.endswith(f"\nthe end\n{MARK}")
    assert len(done.output) <= 4000


def test_a_flood_without_end_has_its_deadline():
    done = execute("while True: print('x' * 4095)", HERE, deadline=1.0)
    assert (done.status, done.exit_code, done.output) == ("failed", None, "no end within 1 seconds")


def test_what_it_leaves_in_another_session_is_ended(tmp_path):
    done = execute(FAMILY.format(path=str(tmp_path / "pids")) + SHOWS, HERE)
    assert done.status == "reproduced"
    assert gone(*numbers_in(tmp_path / "pids"))


def test_with_the_run_it_is_ended(tmp_path):
    pids = tmp_path / "pids"
    script = FAMILY.format(path=str(pids)) + "signal.pause()"
    begun = lambda: len(numbers_in(pids)) == 2  # noqa: E731
    with Executions({"torch": HERE}, begun) as executions:
        found = executions.begin("torch", [lambda: script]).result()
    assert (found["status"], found["exit_code"]) == ("not run", None)
    assert gone(*numbers_in(pids))


def test_neither_it_nor_its_folder_outlives_a_host_that_is_killed(tmp_path):
    pids, temporary = tmp_path / "pids", tmp_path / "hosts"
    program = (
        "from pathlib import Path\n"
        "from conv_transpose_conformance.reports.scripts.execution import execute\n"
        "execute(sys.argv[1], Path(sys.executable))\n"
    )
    script = FAMILY.format(path=str(pids)) + "signal.pause()"
    killed = host(program, script, temporary=temporary)
    assert wait_until(lambda: len(numbers_in(pids)) == 2)
    assert all(map(alive, numbers_in(pids)))
    (folder,) = temporary.iterdir()
    assert (folder / "repro.py").read_text() == script
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert gone(*numbers_in(pids))
    assert wait_until(lambda: list(temporary.iterdir()) == [])


def test_a_script_of_r_is_told_where_its_packages_are(tmp_path):
    rscript = tmp_path / "Rscript"
    said = "".join(
        f"echo conformance:{line}\n"
        for line in ("version=4.2.2", "library=/r/one", "torch=0.17.0", "home=/r/one/torch")
    )
    rscript.write_text(
        f'#!/bin/sh\nif [ "$1" = -e ]; then\n{said}exit 0\nfi\necho "$1 $R_LIBS $TORCH_HOME"\n'
    )
    rscript.chmod(0o755)
    with Executions({"r.torch": rscript}) as executions:
        found = executions.begin("r.torch", [lambda: "# R"], ".R").result()
    assert (found["status"], found["output"]) == ("gone", "repro.R /r/one /r/one/torch")


def test_an_r_that_cannot_be_asked(tmp_path):
    rscript = tmp_path / "Rscript"
    rscript.write_text("#!/bin/sh\nexit 1\n")
    rscript.chmod(0o755)
    with Executions({"r.torch": rscript}) as executions:
        found = executions.begin("r.torch", [lambda: "# R"], ".R").result()
    assert found["status"] == "failed"
    assert "does not behave like Rscript" in found["output"]
