"""Ctrl-C in mid-run: workers gone, findings written, one line, exit 130."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from conv_transpose_conformance import load_run
from tests.support.commands import FILES, run_data
from tests.support.hosts import start
from tests.support.processes import wait_until

NAME = "torch.nn.ConvTranspose1d"


def interrupted(
    arguments: list[str], at: Callable[[], object], number: int, cwd: Path
) -> tuple[int, str, str]:
    """Runs the command line, sends the signal once ``at()``; its exit status, stdout and stderr."""
    process = start(*arguments, cwd=cwd)
    assert wait_until(lambda: at() or process.poll() is not None)
    process.send_signal(number)
    out, err = process.communicate()
    assert "Traceback" not in err + out
    return process.returncode, out, err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_what_it_found(fake_cache, tmp_path, number):
    # more calls than the driver holds back until their worker has answered others
    silent = fake_cache(torch={"after": [140, "silent"]})["torch"]
    out = tmp_path / "run"
    journal = out / "journal.jsonl"

    def some_are_judged() -> bool:
        return silent.is_silent() and b'"call"' in journal.read_bytes()

    code, _, err = interrupted(
        ["run", "--implementation", NAME, "--out", str(out)], some_are_judged, number, tmp_path
    )
    assert code == 130
    assert "interrupted: stopping the workers and writing the results so far" in err
    assert {path.name for path in out.iterdir()} == FILES | {"journal.jsonl"}
    run = run_data(out)
    assert (run["interrupted"], run["exit_code"]) == (True, 130)
    found = load_run(out)
    assert set(found.verdict) <= {"pass", "not-applicable", "allowed"}
    assert (found.check == "values").sum() >= 1


def test_a_run_interrupted_while_its_worker_starts(fake_cache, tmp_path):
    silent = fake_cache(torch={"start": "silent"})["torch"]
    out = tmp_path / "run"
    code, _, _ = interrupted(
        ["run", "--implementation", NAME, "--out", str(out)], silent.is_silent, signal.SIGINT, tmp_path
    )
    assert code == 130
    assert {path.name for path in out.iterdir()} == FILES | {"journal.jsonl"}


def test_an_interrupted_replay(fake_cache, tmp_path):
    silent = fake_cache(torch={"after": [1, "silent"]})["torch"]
    arguments = ["replay", "v1_1d_n1_ci1_co1_i2_k2_f32_int.1", "--implementation", NAME]
    code, _, err = interrupted(arguments, silent.is_silent, signal.SIGINT, tmp_path)
    assert (code, err) == (130, "interrupted\n")
