"""Ctrl-C in mid-run: workers gone, findings written, one line, exit 130."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conv_transpose_conformance import load_run
from tests.support.commands import FILES, run_data

NAME = "torch.nn.ConvTranspose1d"


def interrupted(arguments: list[str], wait_for: Path, number: int, cwd: Path) -> subprocess.CompletedProcess:
    """Runs the command line, sends the signal once the file is there, and returns what came of it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "conv_transpose_conformance", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
    )
    while not wait_for.exists():
        assert process.poll() is None, process.communicate()
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
    os.kill(process.pid, number)
    out, err = process.communicate()
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_what_it_found(fake_cache, tmp_path, number):
    # more calls than the driver holds back until their worker has answered others
    hanging = fake_cache(torch={"after": [140, "mark, hang"]})["torch"]
    out = tmp_path / "run"
    done = interrupted(
        ["run", "--implementation", NAME, "--out", str(out)], hanging.folder / "marked", number, tmp_path
    )
    assert done.returncode == 130
    assert "interrupted: stopping the workers and writing the results so far" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert {path.name for path in out.iterdir()} == FILES | {"journal.jsonl"}
    run = run_data(out)
    assert (run["interrupted"], run["exit_code"]) == (True, 130)
    found = load_run(out)
    assert set(found.verdict) <= {"pass", "not-applicable", "allowed"}
    assert (found.check == "values").sum() >= 1


def test_a_run_interrupted_while_its_worker_starts(fake_cache, tmp_path):
    silent = fake_cache(torch={"start": "silent"})["torch"]
    out = tmp_path / "run"
    done = interrupted(
        ["run", "--implementation", NAME, "--out", str(out)],
        silent.folder / "starts",
        signal.SIGINT,
        tmp_path,
    )
    assert done.returncode == 130
    assert "Traceback" not in done.stderr
    assert {path.name for path in out.iterdir()} == FILES | {"journal.jsonl"}


def test_an_interrupted_replay(fake_cache, tmp_path):
    hanging = fake_cache(torch={"after": [1, "mark, hang"]})["torch"]
    arguments = ["replay", "v1_1d_n1_ci1_co1_i2_k2_f32_int.1", "--implementation", NAME]
    done = interrupted(arguments, hanging.folder / "marked", signal.SIGINT, tmp_path)
    assert (done.returncode, done.stderr) == (130, "interrupted\n")
