"""Runs that end early: interrupted, killed or on a full disk; and what is gone on with."""

from __future__ import annotations

import io
import os
import signal
from pathlib import Path

import pytest
from rich.console import Console

from conv_transpose_conformance.commands.run import execute, suite_version
from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.reports.store.journal import Journal
from tests.support.cases import small_cases
from tests.support.commands import rows
from tests.support.processes import host, wait_until
from tests.support.run_folders import record
from tests.support.running import engine_of

CASES = small_cases([f"{n:x}" for n in range(1, 150)], "v1_1d_n1_ci1_co1_i2_k2_f32_int.{}")
FACTS = {"profile": "quick", "seed": 0, "budget": None}


def go(fake, folder: Path, asked=None, cases=CASES):
    return execute(engine_of(fake), cases, out=folder, facts=FACTS, console=Console(quiet=True), asked=asked)


def test_a_full_disk_is_one_line_that_says_what_to_do(tmp_path, fake, monkeypatch):
    real = os.write

    def full(descriptor, data):
        if b"call" in bytes(data):
            raise OSError(28, "No space left on device")
        return real(descriptor, data)

    monkeypatch.setattr("conv_transpose_conformance.reports.store.journal.os.write", full)
    with pytest.raises(BadRunFolder) as caught:
        go(fake(), tmp_path / "run", {})
    text = str(caught.value)
    assert "\n" not in text
    assert "No space left on device" in text
    assert f"conformance run --resume {tmp_path / 'run'}" in text
    monkeypatch.undo()


def test_the_journal_goes_when_the_run_is_complete(tmp_path, fake):
    go(fake(), tmp_path / "run", {})
    assert not (tmp_path / "run" / "journal.jsonl").exists()
    with pytest.raises(BadRunFolder, match="nothing to resume"):
        go(fake(), tmp_path / "run")


def test_an_interrupted_run_is_gone_on_with_and_ends_as_an_undisturbed_one(tmp_path, fake):
    go(fake(), tmp_path / "whole", {})
    engine = engine_of(fake(cases={"64": "silent"}))  # the run cannot be complete before it is interrupted

    def cases():
        for number, case in enumerate(CASES):
            if number == 120:
                engine.interrupt.request()
            yield case

    run, _ = execute(
        engine, cases(), out=tmp_path / "part", facts=FACTS, console=Console(quiet=True), asked={}
    )
    assert run["interrupted"]
    assert len(rows(tmp_path / "part")) < len(rows(tmp_path / "whole"))
    second = fake()
    run, _ = go(second, tmp_path / "part")
    assert not run["interrupted"]
    assert rows(tmp_path / "part") == rows(tmp_path / "whole")


@pytest.mark.slow
def test_a_killed_run_is_gone_on_with(tmp_path, fake):
    go(fake(), tmp_path / "whole", {})
    silent = fake(cases={"8c": "silent"})
    program = (
        "from pathlib import Path\n"
        "from tests.conformance.commands.test_run import CASES, FACTS\n"
        "from tests.support.running import NAME\n"
        "from conv_transpose_conformance.execution.engine import Engine\n"
        "from conv_transpose_conformance.commands.run import execute; from rich.console import Console\n"
        "engine = Engine(\n"
        "    implementations=(NAME,), locate=lambda *_: Path(sys.argv[2]), allowance=9.0, deadline=600.0)\n"
        "execute(engine, CASES, out=Path(sys.argv[1]), facts=FACTS, console=Console(quiet=True), asked={})\n"
    )
    folder = tmp_path / "killed"
    running = host(program, folder, silent.python, temporary=tmp_path / "temporary")
    journal = folder / "journal.jsonl"
    assert wait_until(
        lambda: (silent.is_silent() and b'"call"' in journal.read_bytes()) or running.poll() is not None
    )
    assert running.poll() is None
    with pytest.raises(BadRunFolder, match="another run is writing to it"):
        go(fake(), folder, {})
    running.kill()
    assert running.wait() == -signal.SIGKILL
    again = fake()
    go(again, folder)
    assert rows(folder) == rows(tmp_path / "whole")
    assert len(again.seen()[0]) < len(CASES)


def test_a_run_begun_anew_keeps_the_journal_of_an_unfinished_one(tmp_path, fake):
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    folder.mkdir()
    for cases in (CASES[:5], CASES[5:12]):  # two runs killed one after the other, neither gone on with
        with Journal(folder, suite_version(), {}) as journal:
            assert list(journal.records()) == []
            for case in cases:
                journal.add([record(case, framework_version="0.fake")])
    said = Console(file=io.StringIO(), width=400)
    execute(engine_of(fake()), CASES, out=folder, facts=FACTS, console=said, asked={})
    assert "journal-2.jsonl" in said.file.getvalue()
    assert "use --resume there" in said.file.getvalue()
    assert not (folder / "journal.jsonl").exists()
    for number, cases in ((1, CASES[:5]), (2, CASES[5:12])):
        elsewhere.mkdir(exist_ok=True)
        (folder / f"journal-{number}.jsonl").rename(elsewhere / "journal.jsonl")
        with Journal(elsewhere, suite_version()) as journal:
            assert [records[0].case for records in journal.records()] == cases
