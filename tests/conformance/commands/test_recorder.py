"""What is kept of records: one place feeds all of it."""

from __future__ import annotations

import pytest

from conv_transpose_conformance.commands.recorder import Recorder
from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.reports.store.dataset import COLUMNS
from conv_transpose_conformance.requirements.catalogue import choose
from tests.support.cases import small_cases
from tests.support.running import NAME

CASES = small_cases(["1", "2", "3"])


def record(case, verdict=Verdict.PASS, check=Check.ACCEPTANCE, **fields):
    return Record(case=case, implementation=NAME, framework="torch", check=check, verdict=verdict, **fields)


def failing(path, cases, error):
    """Records the cases, and fails."""
    with Recorder(path) as recorder:
        for case in cases:
            recorder.add([record(case)])
        raise error


def rows(path):
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(path)
    assert tuple(table.column_names) == COLUMNS
    return table.num_rows


def test_one_call_reaches_all_that_is_kept(tmp_path):
    requirements = choose(["derivative.*"])
    with Recorder(tmp_path / "records.parquet", requirements) as recorder:
        recorder.add([record(CASES[0]), record(CASES[0], Verdict.DIVERGE, Check.VALUES)])
        recorder.add([record(CASES[1]), record(CASES[1], check=Check.VALUES)])
        recorder.add([record(CASES[2], Verdict.NOT_APPLICABLE)])
    assert rows(tmp_path / "records.parquet") == 5
    entry = recorder.summary.implementations()[NAME]
    assert entry["verdicts"] == {"pass": 3, "diverge": 1, "not-applicable": 1}
    calls = recorder.observed.calls[NAME]
    assert set(calls.failing) == {CASES[0]}
    assert set(calls.passed) == {CASES[0], CASES[1]}  # what cannot be said counts for nothing
    results = recorder.tally.results({NAME: "torch"})
    assert len(results) == len(recorder.tally.requirements) > 0


def test_what_cannot_be_said_covers_nothing(tmp_path):
    with Recorder(tmp_path / "a") as said, Recorder(tmp_path / "b") as unsaid, Recorder(tmp_path / "c") as no:
        said.add([record(CASES[0])])
        unsaid.add([record(CASES[0], Verdict.NOT_APPLICABLE)])
    assert unsaid.coverage.summary() == no.coverage.summary() != said.coverage.summary()


def test_an_exception_keeps_what_was_recorded(tmp_path):
    path = tmp_path / "records.parquet"
    with pytest.raises(ZeroDivisionError):
        failing(path, [CASES[0]], ZeroDivisionError())
    assert rows(path) == 1


def test_a_folder_that_is_not_the_runs_keeps_the_dataset_of_an_earlier_one(tmp_path):
    path = tmp_path / "records.parquet"
    with Recorder(path) as recorder:
        recorder.add([record(CASES[0])])
    with pytest.raises(BadRunFolder):
        failing(path, CASES[1:], BadRunFolder("another version of the framework"))
    assert rows(path) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_closing_early_is_closing(tmp_path):
    with Recorder(tmp_path / "records.parquet") as recorder:
        recorder.add([record(CASES[0])])
        recorder.close()
        assert rows(tmp_path / "records.parquet") == 1
