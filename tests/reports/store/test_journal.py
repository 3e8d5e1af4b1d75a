"""A run's journal: what is written is read again, whatever was torn off or damaged."""

from __future__ import annotations

import pytest

from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.judging.verdicts import Evidence, Verdict
from conv_transpose_conformance.reports.store import journal as module
from conv_transpose_conformance.reports.store.journal import Journal, read_asked
from tests.support.cases import small_cases
from tests.support.clock import Clock
from tests.support.run_folders import record
from tests.support.running import NAME

CASES = small_cases(["1", "2", "3", "4", "5"], "v1_1d_n1_ci1_co1_i2_k2_f32_int.{}")
INFO = {"version": "1", "python": "3", "numpy": "2", "device": "cpu"}


def test_a_journal_is_read_back_as_it_was_written(tmp_path):
    evidence = Evidence(expected=[1.0], actual=[float("nan")], shape=(1,), index=(0,), wrong=1, elements=1)
    first = record(
        CASES[0], verdict=Verdict.DIVERGE, message="\x1b[31m\ud800", error=float("inf"), evidence=evidence
    )
    second = record(CASES[1], escape=0.5, microseconds=3.5, release="2.6.2", framework_version="2.6.2")
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
        for case in CASES:
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
            for case in CASES[len(found) :]:
                journal.add([record(case)])
        with Journal(tmp_path, "1.0") as journal:
            assert [records[0].case for records in journal.records()] == CASES


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


def test_the_time_of_a_run_is_that_of_its_parts(tmp_path, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    with Journal(tmp_path, "1.0", {}):
        clock.now += 100.0
    clock.now += 1000.0  # between the parts
    with Journal(tmp_path, "1.0") as journal:
        list(journal.records())
        clock.now += 7.0
        assert (journal.elapsed, journal.total()) == (100.0, 107.0)


def test_a_journal_without_a_call_is_not_kept(tmp_path):
    for _ in range(2):
        with Journal(tmp_path, "1.0", {}) as journal:
            journal.add_ready("torch", INFO)
    assert [path.name for path in tmp_path.iterdir()] == ["journal.jsonl"]
