"""Child processes: what they see, what they may take, and that nothing of them is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from conv_transpose_conformance.workers import launch, watchdog
from conv_transpose_conformance.workers.environment import (
    PASS,
    installer_environment,
    r_session_environment,
    worker_environment,
)
from conv_transpose_conformance.workers.launch import contain, run, start
from tests.support.processes import CEILING, alive, gone, host, numbers_in, wait_until

# Starts a child in another session that keeps the output open, and says both numbers.
FAMILY = """
import os, signal, sys, time
child = os.fork()
if child == 0:
    os.setsid()
    signal.pause()
with open(sys.argv[1], "w") as file:
    file.write(f"{os.getpid()} {child}\\n")
print("begun", flush=True)
"""
FOREVER = FAMILY + "signal.pause()\n"
KINDS = [worker_environment, installer_environment, r_session_environment]


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    """Where folders are made; in the end nothing is left in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def python(program: str, *arguments: object, kind=worker_environment, **options) -> launch.Finished:
    options = {"deadline": None, **options}
    return run([sys.executable, "-c", program, *map(str, arguments)], kind, name="test", **options)


def test_output_and_exit_code(temporary):
    done = python("import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)")
    assert (done.code, done.output, done.errors) == (7, "out\n", "err\n")
    done = python(
        "import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(7)", together=True
    )
    assert (done.code, done.output, done.errors) == (7, "out\nerr\n", "")
    assert python("import os; os.abort()").code == -signal.SIGABRT


def test_a_session_and_a_folder_of_its_own(temporary):
    program = "import os; print(os.getsid(0) == os.getpid(), os.getcwd(), oct(os.stat('.').st_mode & 0o777))"
    done = python(program)
    assert done.output.split() == ["True", str(done.folder), "0o700"]
    assert done.folder.parent == temporary
    assert done.folder.name.startswith("conformance-test-")
    assert not done.folder.exists()


def test_it_runs_where_it_is_told_to_and_finds_its_files(temporary, tmp_path):
    assert python("import os; print(os.getcwd())", cwd=tmp_path).output.strip() == str(tmp_path)
    done = run(
        [sys.executable, "mine.py"],
        worker_environment,
        name="test",
        deadline=None,
        files={"mine.py": "print('ä', __file__)"},
    )
    assert done.output.split() == ["ä", str(done.folder / "mine.py")]


def test_nothing_is_read_from_the_hosts_input(temporary):
    assert python("import sys; print(repr(sys.stdin.read()))").output.strip() == "''"


SEES = "import os; print('\\n'.join(f'{name}={value}' for name, value in os.environ.items()))"
MINE = {
    "MY_TOKEN": "secret",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "PYTHONPATH": "secret",
    "LD_PRELOAD_OF_MINE": "secret",
}
ALLOWED = {
    "HTTPS_PROXY": {installer_environment},
    "no_proxy": {installer_environment},
    "PIP_INDEX_URL": {installer_environment},
    "SSL_CERT_FILE": {installer_environment},
    "R_LIBS_USER": {r_session_environment},
    "TORCH_HOME": {r_session_environment},
    "LC_MEASUREMENT": set(KINDS),
    "CUDA_VISIBLE_DEVICES": set(KINDS),
    "NAMED_BY_ME": set(KINDS),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_a_child_sees_of_the_host(temporary, monkeypatch, kind):
    for name in {**MINE, **ALLOWED}:
        monkeypatch.setenv(name, "secret" if name in MINE else "allowed")
    monkeypatch.setenv(PASS, "ANOTHER, NAMED_BY_ME")
    lines = dict(line.split("=", 1) for line in python(SEES, kind=kind).output.splitlines())
    assert "secret" not in lines.values()
    assert {name for name, value in lines.items() if value == "allowed"} == {
        name for name, kinds in ALLOWED.items() if kind in kinds
    }
    assert lines["PATH"] == os.environ["PATH"]
    inside = lines[watchdog.MARK] + "/"
    assert lines["TMPDIR"].startswith(inside)
    assert lines["HOME"].startswith(inside) is (kind is worker_environment)
    assert (lines["HOME"] == os.environ["HOME"]) is (kind is not worker_environment)


def test_variables_are_added(temporary):
    done = python(SEES, variables={"OMP_NUM_THREADS": "3", "MORE": "x"})
    assert {"OMP_NUM_THREADS=3", "MORE=x"} <= set(done.output.splitlines())


def test_no_core_file(temporary):
    program = "import resource as r, time\nwhile r.getrlimit(r.RLIMIT_CORE) != (0, 0): time.sleep(0.01)"
    assert python(program, deadline=CEILING).code == 0


def test_the_address_space_it_may_have_it_has_from_the_start(temporary):
    program = "import resource as r; print(r.getrlimit(r.RLIMIT_CORE), r.getrlimit(r.RLIMIT_AS))"
    most = 1 << 40
    done = python(program, memory=most)
    assert (done.output, done.errors) == (f"(0, 0) ({most}, {most})\n", "")
    arguments = ["a b", "$HOME", "'", ""]
    assert python("import sys; print(sys.argv[1:])", *arguments, memory=most).output == f"{arguments}\n"
    hog = "kept = []\nwhile True: kept.append(bytearray(1 << 24))"
    done = python(hog, memory=1 << 30)
    assert done.code == 1
    assert "MemoryError" in done.errors


def test_more_memory_than_now(temporary):
    with start(["sleep", "600"], worker_environment, name="test") as child:
        child.limit_memory(1 << 30)
        limits = Path(f"/proc/{child.pid}/limits").read_text().splitlines()
    (line,) = [line.split() for line in limits if line.startswith("Max address space")]
    assert 1 << 30 < int(line[3]) < 1 << 31


def test_of_a_flood_the_end_is_kept(temporary):
    done = python("for _ in range(2000): print('x' * 4095)\nprint('the last words')")
    assert done.code == 0
    assert len(done.output) == launch.OUTPUT
    assert done.output.endswith("\nthe last words\n")


def test_a_flood_without_end_is_ended(temporary):
    done = python("while True: print('x' * 4095)", deadline=1.0)
    assert done.code is None
    assert len(done.output) <= launch.OUTPUT


def test_a_log_has_all_until_it_is_large_and_then_the_end(temporary, tmp_path, monkeypatch):
    path = tmp_path / "log"
    with path.open("wb") as log:
        assert python("print('one')", log=log.fileno()).output == "one\n"
        python("import sys; print('two', file=sys.stderr)", log=log.fileno())
        assert path.read_text() == "one\ntwo\n"
        monkeypatch.setattr(launch, "LOG", 1 << 20)
        python("for _ in range(2000): print('x' * 4095)\nprint('the last words')", log=log.fileno())
    assert path.stat().st_size <= 1 << 20
    assert path.read_text().endswith("\nthe last words\n")


def test_what_is_to_stop_is_ended_with_all_that_it_started(temporary, tmp_path):
    pids = tmp_path / "pids"
    done = python(FOREVER, pids, stop=lambda: len(numbers_in(pids)) == 2)
    assert done.code is None
    assert gone(*numbers_in(pids))


def test_what_takes_longer_than_its_deadline_is_ended(temporary):
    assert python("import signal; signal.pause()", deadline=0.1).code is None


def test_what_left_the_group_ends_with_the_program_and_holds_nothing_up(temporary, tmp_path):
    pids = tmp_path / "pids"
    done = python(FAMILY, pids)
    assert (done.code, done.output) == (0, "begun\n")
    _, child = numbers_in(pids)
    assert gone(child)


def test_the_last_of_a_chain_of_sessions_is_ended(temporary, tmp_path):
    program = (
        "import os, sys\n"
        "for _ in range(20):\n"
        "    if os.fork():\n"
        "        os._exit(0)\n"  # only the child goes on
        "    os.setsid()\n"
        "open(sys.argv[1], 'w').write(f'{os.getpid()}\\n')\n"
        "import signal; signal.pause()\n"
    )
    path = tmp_path / "pid"
    with start([sys.executable, "-c", program, str(path)], worker_environment, name="test"):
        assert wait_until(lambda: len(numbers_in(path)) == 1)
        (last,) = numbers_in(path)
        assert alive(last)
    assert gone(last)


def test_a_closed_output_is_not_the_end(temporary, tmp_path):
    done = python("import os, sys\nos.close(1); os.close(2)\nopen(sys.argv[1], 'w')", tmp_path / "after")
    assert done.code == 0
    assert (tmp_path / "after").exists()


def test_ended_twice_is_ended(temporary):
    child = start(["sleep", "600"], worker_environment, name="test")
    assert child.poll() is None
    assert child.wait(0.01) is None
    child.end()
    child.end()
    assert (child.poll(), child.wait()) == (-9, -9)


def test_closed_folders_are_removed_too(temporary):
    done = python(
        "import os\nos.makedirs('a/b')\nopen('a/b/file', 'w')\nos.chmod('a/b', 0)\nos.chmod('a', 0)"
    )
    assert done.code == 0
    assert not done.folder.exists()


def test_other_folders_are_never_removed(tmp_path):
    (tmp_path / "mine").mkdir()
    watchdog.remove(str(tmp_path / "mine"))
    assert (tmp_path / "mine").exists()


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


def test_a_program_that_cannot_be_run_leaves_nothing(temporary, tmp_path):
    python("")  # the watchdog comes with the first child and stays
    before = descriptors()
    for command in ([tmp_path / "absent"], [tmp_path]):
        for memory in (None, 1 << 40):
            with pytest.raises(OSError, match=r"No such file|Permission denied"):
                run(command, worker_environment, name="test", deadline=None, memory=memory)
    with pytest.raises(ZeroDivisionError):
        contain(lambda _folder, _seen: 1 // 0, worker_environment, name="test")
    assert descriptors() == before


def test_folders_that_cannot_be_made(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with pytest.raises(FileNotFoundError):
        python("")


def test_many_at_once(temporary):
    found: list[str] = []

    def one(number: int) -> None:
        found.append(python("import sys; print(sys.argv[1])", number).output)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [f"{number}\n" for number in range(8)]


IMPORTS = (
    "import os, subprocess, sys\n"
    "from conv_transpose_conformance.workers import watchdog\n"
    "from conv_transpose_conformance.workers.environment import *\n"
    "from conv_transpose_conformance.workers.launch import contain, run, start\n"
    "import signal\n"
    "command = [sys.executable, '-c', sys.argv[1], sys.argv[2]]\n"
)
HOSTS = {
    "a program": "run(command, worker_environment, name='test', deadline=None)",
    "an installer": "run(command, installer_environment, name='test', deadline=None)",
    "one in the background": "start(command, worker_environment, name='test'); signal.pause()",
    # The host is killed before it knows the number of what it started.
    "one not yet known": (
        "def make(folder, seen):\n"
        "    subprocess.Popen(command, cwd=folder, env=seen, start_new_session=True)\n"
        "    signal.pause()\n"
        "contain(make, worker_environment, name='test')"
    ),
    "a watchdog that was killed too": (
        "child = start(command, worker_environment, name='test')\n"
        "watchdog._watchdog.kill()\n"
        "watchdog._watchdog.wait()\n"
        "run(['true'], worker_environment, name='test', deadline=None)\n"
        "open(sys.argv[2] + '.again', 'w').write('1\\n')\n"
        "signal.pause()"
    ),
}


@pytest.mark.parametrize("what", HOSTS)
def test_nothing_outlives_a_host_that_is_killed(tmp_path, what):
    pids, temporary = tmp_path / "pids", tmp_path / "temporary"
    killed = host(IMPORTS + HOSTS[what], FOREVER, pids, temporary=temporary)
    assert wait_until(lambda: len(numbers_in(pids)) == 2)
    if "watchdog" in what:
        assert wait_until((tmp_path / "pids.again").exists)
    family = numbers_in(pids)
    assert all(map(alive, family))
    assert list(temporary.iterdir())
    killed.kill()
    killed.wait()
    assert gone(*family)
    assert wait_until(lambda: list(temporary.iterdir()) == [])


def test_the_watchdog_ends_with_its_host(tmp_path):
    program = IMPORTS + "run(command, worker_environment, name='test', deadline=None)\n"
    program += "open(sys.argv[2], 'w').write(f'{watchdog._watchdog.pid}\\n')"
    ended = host(program, "", tmp_path / "pid", temporary=tmp_path / "temporary")
    assert ended.wait() == 0
    assert gone(*numbers_in(tmp_path / "pid"))


def test_a_fork_of_the_host_has_children_of_its_own(tmp_path):
    """A family of the host outlives a fork of it, whose own does not."""
    program = IMPORTS + (
        "mine = start(command, worker_environment, name='test')\n"
        "fork = os.fork()\n"
        "if fork == 0:\n"
        "    start([*command[:3], command[3] + '.fork'], worker_environment, name='test')\n"
        "    signal.pause()\n"
        "open(sys.argv[2] + '.number', 'w').write(f'{fork}\\n')\n"
        "os.waitpid(fork, 0)\n"
        "signal.pause()\n"
    )
    pids = tmp_path / "pids"
    forked = tmp_path / "pids.fork"
    parent = host(program, FOREVER, pids, temporary=tmp_path / "temporary")
    try:
        assert wait_until(lambda: len(numbers_in(pids)) == len(numbers_in(forked)) == 2)
        assert wait_until(lambda: len(numbers_in(tmp_path / "pids.number")) == 1)
        os.kill(numbers_in(tmp_path / "pids.number")[0], signal.SIGKILL)
        assert gone(*numbers_in(forked))
        assert all(map(alive, numbers_in(pids)))
    finally:
        parent.kill()
        parent.wait()
    assert gone(*numbers_in(pids))
    assert wait_until(lambda: list((tmp_path / "temporary").iterdir()) == [])


def test_a_marked_process_of_another_family_is_left_alone(temporary):
    """The mark is the folder's whole name."""
    longer = {**os.environ, watchdog.MARK: "/tmp/conformance-one-and-more"}
    other = subprocess.Popen(["sleep", "600"], env=longer)
    try:
        watchdog.end_family(0, "/tmp/conformance-one")
        assert other.poll() is None
        watchdog.end_family(0, "/tmp/conformance-one-and-more")
        assert other.wait() == -9
    finally:
        other.kill()
