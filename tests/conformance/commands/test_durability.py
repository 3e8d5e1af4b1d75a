"""A run's journal, going on with it, and the lock of its folder."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from conv_transpose_conformance.commands.run import execute, suite_version
from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.judging.verdicts import Check, Evidence, Record, Verdict
from conv_transpose_conformance.reports.store import journal as journal_module
from conv_transpose_conformance.reports.store.dataset import load_run
from conv_transpose_conformance.reports.store.folder import RunFolder
from conv_transpose_conformance.reports.store.journal import Journal, read_asked
from tests.support import ROOT
from tests.support.cases import small_cases
from tests.support.clock import Clock
from tests.support.running import NAME, engine_of
from tests.support.waiting import wait_until

CASES = small_cases([f"{n:x}" for n in range(1, 150)], "v1_1d_n1_ci1_co1_i2_k2_f32_int.{}")
FACTS = {"profile": "quick", "seed": 0, "budget": None}
INFO = {"version": "1", "python": "3", "numpy": "2", "device": "cpu"}


def record(case=CASES[0], **fields):
    settings = {"check": Check.VALUES, "verdict": Verdict.PASS, "framework": "torch", **fields}
    return Record(case=case, implementation=NAME, **settings)


def go(fake, folder: Path, asked=None, cases=CASES):
    return execute(engine_of(fake), cases, out=folder, facts=FACTS, console=Console(quiet=True), asked=asked)


def rows(folder: Path) -> set:
    return {tuple(map(str, row)) for row in load_run(folder).drop(columns="microseconds").itertuples(False)}


def test_a_journal_is_read_back_as_it_was_written(tmp_path):
    evidence = Evidence(expected=[1.0], actual=[float("nan")], shape=(1,), index=(0,), wrong=1, elements=1)
    first = record(verdict=Verdict.DIVERGE, message="\x1b[31m\ud800", error=float("inf"), evidence=evidence)
    second = record(CASES[1], escape=0.5, microseconds=3.5, label="2.6.2", framework_version="2.6.2")
    with Journal(tmp_path, "1.0", {"arguments": []}) as journal:
        assert list(journal.records()) == []
        journal.add_ready("torch", INFO)
        journal.add([first])
        journal.add([second])
    with Journal(tmp_path, "1.0") as journal:
        (one,), (two,) = journal.records()
        assert (one, two) == (first, second)
        assert str(one.evidence) == str(evidence)
        assert journal.is_done("torch", NAME, CASES[0])
        assert journal.is_done("torch@2.6.2", NAME, CASES[1])
        assert not journal.is_done("torch", NAME, CASES[1])
        assert journal.elapsed >= 0


def test_a_torn_journal_is_gone_on_with_from_its_last_whole_line(tmp_path):
    with Journal(tmp_path, "1.0", {}) as journal:
        for case in CASES[:5]:
            journal.add([record(case)])
    path = tmp_path / "journal.jsonl"
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for cut in range(len(lines[0]), len(whole), 37):
        path.write_bytes(whole[:cut])
        with Journal(tmp_path, "1.0") as journal:
            found = [case for ((case),) in ([r.case for r in records] for records in journal.records())]
            assert found == CASES[: len(found)]
            assert len(found) >= whole[:cut].count(b"\n") - 2
            for case in CASES[len(found) : 5]:
                journal.add([record(case)])
        with Journal(tmp_path, "1.0") as journal:
            assert [records[0].case for records in journal.records()] == CASES[:5]


def test_a_damaged_line_ends_a_journal(tmp_path):
    with Journal(tmp_path, "1.0", {}) as journal:
        for case in CASES[:3]:
            journal.add([record(case)])
    path = tmp_path / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b"int.2", b"int.9"))
    with Journal(tmp_path, "1.0") as journal:
        assert [records[0].case for records in journal.records()] == CASES[:1]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "contains no unfinished run"),
        (b"", "damaged in its first line"),
        (b"\x80\x04\x95 pickle\n", "damaged in its first line"),
        (b"[" * 100_000, "damaged in its first line"),
    ],
)
def test_a_file_that_is_no_journal_is_refused(tmp_path, content, says):
    if content is not None:
        (tmp_path / "journal.jsonl").write_bytes(content)
    with pytest.raises(BadRunFolder, match=says):
        read_asked(tmp_path, "1.0")


def test_another_suite_or_another_framework_is_refused(tmp_path):
    with Journal(tmp_path, "1.0", {}) as journal:
        journal.add_ready("torch", INFO)
    with pytest.raises(BadRunFolder, match="written by version"):
        Journal(tmp_path, "2.0")
    with Journal(tmp_path, "1.0") as journal:
        list(journal.records())
        journal.add_ready("torch", INFO)
        with pytest.raises(BadRunFolder, match="version was 1 when the run began and is 2 now"):
            journal.add_ready("torch", {**INFO, "version": "2"})


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


def test_a_killed_run_is_gone_on_with(tmp_path, fake):
    go(fake(), tmp_path / "whole", {})
    silent = fake(cases={"8c": "silent"})
    program = (
        "import sys; from pathlib import Path; sys.path[:0] = sys.argv[3:]\n"
        "from tests.conformance.commands.test_durability import CASES, FACTS, NAME\n"
        "from conv_transpose_conformance.execution.engine import Engine\n"
        "from conv_transpose_conformance.commands.run import execute; from rich.console import Console\n"
        "engine = Engine(\n"
        "    implementations=(NAME,), locate=lambda *_: Path(sys.argv[2]), allowance=9.0, deadline=600.0)\n"
        "execute(engine, CASES, out=Path(sys.argv[1]), facts=FACTS, console=Console(quiet=True), asked={})\n"
    )
    folder = tmp_path / "killed"
    host = subprocess.Popen(
        [sys.executable, "-c", program, str(folder), str(silent.python), str(ROOT)],
        env={**os.environ, "TMPDIR": str(tmp_path / "temporary")},
    )
    journal = folder / "journal.jsonl"
    wait_until(
        lambda: silent.is_silent() and journal.exists() and b'"call"' in journal.read_bytes(),
        "a call in the journal",
        alive=lambda: host.poll() is None,
    )
    with pytest.raises(BadRunFolder, match="another run is writing to it"):
        go(fake(), folder, {})
    os.kill(host.pid, signal.SIGKILL)
    host.wait()
    again = fake()
    go(again, folder)
    assert rows(folder) == rows(tmp_path / "whole")
    assert len(again.seen()[0]) < len(CASES)


def test_one_process_holds_a_folder(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    with folder.locked(), pytest.raises(BadRunFolder, match="another run is writing"), folder.locked():
        pass
    with folder.locked():
        pass


def test_the_time_of_a_run_is_that_of_its_parts(tmp_path, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(journal_module, "time", clock)
    with Journal(tmp_path, "1.0", {}):
        clock.now += 100.0
    clock.now += 1000.0  # between the parts
    with Journal(tmp_path, "1.0") as journal:
        list(journal.records())
        clock.now += 7.0
        assert (journal.elapsed, journal.total()) == (100.0, 107.0)


def test_a_run_begun_anew_keeps_the_journal_of_an_unfinished_one(tmp_path, fake):
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    folder.mkdir()
    for cases in (CASES[:5], CASES[5:12]):  # two runs killed one after the other, neither gone on with
        with Journal(folder, suite_version(), {}) as journal:
            assert list(journal.records()) == []
            for case in cases:
                journal.add([record(case, framework_version="0.fake")])
    said = Console(file=io.StringIO(), width=40)
    execute(engine_of(fake()), CASES, out=folder, facts=FACTS, console=said, asked={})
    assert "its journal is now journal-2.jsonl" in said.file.getvalue()
    assert not (folder / "journal.jsonl").exists()
    for number, cases in ((1, CASES[:5]), (2, CASES[5:12])):
        elsewhere.mkdir(exist_ok=True)
        (folder / f"journal-{number}.jsonl").rename(elsewhere / "journal.jsonl")
        with Journal(elsewhere, suite_version()) as journal:
            assert [records[0].case for records in journal.records()] == cases


def test_a_journal_without_a_call_is_not_kept(tmp_path):
    for _ in range(2):
        with Journal(tmp_path, "1.0", {}) as journal:
            journal.add_ready("torch", INFO)
    assert [path.name for path in tmp_path.iterdir()] == ["journal.jsonl"]


def test_a_folder_with_a_journal_kept_is_still_a_run_folder(tmp_path):
    (tmp_path / "journal-1.jsonl").touch()
    RunFolder.create(tmp_path)
