import json
import math
import os

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from attrs import evolve

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.judging.observation import at
from conv_transpose_conformance.judging.verdicts import Check, Verdict
from conv_transpose_conformance.reports.store import dataset
from conv_transpose_conformance.reports.store.dataset import COLUMNS, RecordWriter, load_run

LARGE = "v1_2d_n2_ci4_co6_i5x7_k3x3_s2x1_p1x0.2_op1x0_d1x2_g2_b_f32_int.1f"
UNBATCHED = "v1_1d_u_ci2_co3_i4_k3_psame_f64_real.ffffffffffffffff"


@pytest.fixture
def load(run_folder):
    def write_and_load(records) -> pd.DataFrame:
        with RecordWriter(run_folder.records) as writer:
            writer.write(records)
        return load_run(run_folder.path)

    return write_and_load


def test_every_parameter_of_a_case_is_a_column(load, make_record):
    record = make_record(LARGE, error=0.5, escape=0.25, microseconds=12.5, met="exact", message="hello")
    record = evolve(record, observed=at(record.case, (1, -2), (9, 8)))
    frame = load([record])
    assert tuple(frame.columns) == COLUMNS
    assert frame[["output_size_0", "output_size_1"]].isna().all(axis=None)
    assert frame.drop(columns=["output_size_0", "output_size_1"]).to_dict("records")[0] == {
        "implementation": "torch.nn.ConvTranspose1d",
        "framework": "torch",
        "framework_version": "",
        "check": "values",
        "verdict": "pass",
        "level": "exact",
        "met": "exact",
        "error": 0.5,
        "escape": 0.25,
        "microseconds": 12.5,
        "message": "hello",
        "observed_crop_0": 1,
        "observed_crop_1": -2,
        "observed_size_0": 9,
        "observed_size_1": 8,
        "case": LARGE,
        "ndim": 2,
        "batch": 2,
        "in_channels": 4,
        "out_channels": 6,
        "input_size_0": 5,
        "input_size_1": 7,
        "kernel_size_0": 3,
        "kernel_size_1": 3,
        "stride_0": 2,
        "stride_1": 1,
        "padding_before_0": 1,
        "padding_before_1": 0,
        "padding_after_0": 1,
        "padding_after_1": 2,
        "padding_mode": "explicit",
        "output_padding_0": 1,
        "output_padding_1": 0,
        "dilation_0": 1,
        "dilation_1": 2,
        "groups": 2,
        "bias": True,
        "dtype": "float32",
        "layout": "channels_first",
        "spelling": "plain",
        "recipe": "int",
        "seed": 0x1F,
    }


def test_what_a_case_lacks_is_missing_and_integers_stay_integers(load, make_record):
    frame = load([make_record(UNBATCHED), make_record(LARGE)])
    first = frame.iloc[0]
    assert first["batch"] is pd.NA
    assert first["input_size_1"] is pd.NA
    assert first["padding_before_0"] is pd.NA
    assert first["padding_mode"] == "same"
    assert first["seed"] == 2**64 - 1
    assert frame["batch"].dtype == "Int64"
    assert frame["seed"].dtype == "uint64"
    assert frame["case"].dtype == "category"
    assert frame["in_channels"].dtype == "int64"


def test_other_readers_get_the_same_types(load, run_folder, make_record):
    ours = load([make_record(UNBATCHED), make_record(LARGE)])
    pd.testing.assert_frame_equal(pd.read_parquet(run_folder.records), ours)


def test_records_of_many_row_groups_keep_their_order_and_cases(load, make_record, monkeypatch, run_folder):
    monkeypatch.setattr(dataset, "ROW_GROUP", 7)
    cases = [Case.parse(f"v1_1d_n1_ci1_co1_i{size}_k2_f32_int.1") for size in range(1, 6)]
    records = [
        make_record(cases[n % 5], check=list(Check)[n % 8], verdict=list(Verdict)[n % 8], message=f"m{n}")
        for n in range(50)
    ]
    frame = load(records)
    assert pq.ParquetFile(run_folder.records).num_row_groups == 8
    assert frame["message"].tolist() == [f"m{n}" for n in range(50)]
    assert frame["case"].tolist() == [record.case.id for record in records]
    assert frame["input_size_0"].tolist() == [record.case.input_size[0] for record in records]


def test_equal_cases_that_are_other_objects(load, make_record):
    frame = load(make_record(Case.parse(text)) for text in (LARGE, UNBATCHED, LARGE))
    assert frame["case"].tolist() == [LARGE, UNBATCHED, LARGE]


def test_strange_numbers_and_texts_survive(load, make_record):
    nasty = "NUL \x00 ESC \x1b[31m <script> | `\n"
    frame = load([make_record(error=math.inf, message=nasty), make_record(message="bytes \udcff")])
    assert frame["error"].iloc[0] == math.inf
    assert math.isnan(frame["error"].iloc[1])
    assert frame["message"].tolist() == [nasty, "bytes \ufffd"]


def test_a_run_without_records_is_an_empty_table(load):
    frame = load([])
    assert len(frame) == 0
    assert tuple(frame.columns) == COLUMNS


def test_the_run_is_beside_the_records(load, make_record):
    frame = load([make_record()])
    assert frame.attrs["run"]["profile"] == "quick"
    assert "torch.nn.ConvTranspose1d" in frame.attrs["run"]["implementations"]


def test_the_old_file_stays_until_the_new_one_is_closed(load, run_folder, make_record):
    load([make_record(message="old")])
    writer = RecordWriter(run_folder.records)
    writer.write([make_record(message="new")])
    assert load_run(run_folder.path)["message"].tolist() == ["old"]
    writer.discard()
    assert load_run(run_folder.path)["message"].tolist() == ["old"]
    assert not list(run_folder.path.glob(".*.partial"))


def test_what_was_found_before_an_error_is_kept(run_folder, make_record):
    def interrupted():
        yield make_record(message="found")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), RecordWriter(run_folder.records) as writer:
        writer.write(interrupted())
    assert load_run(run_folder.path)["message"].tolist() == ["found"]


def test_closing_twice_is_closing_once(run_folder, make_record):
    writer = RecordWriter(run_folder.records)
    writer.write([make_record()])
    writer.close()
    writer.close()
    writer.discard()
    assert len(load_run(run_folder.path)) == 1


def test_a_file_in_no_folder(tmp_path):
    with pytest.raises(BadRunFolder, match="cannot write"):
        RecordWriter(tmp_path / "absent" / "records.parquet")


def replace_column(table: pa.Table, name: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "records.parquet: No such file"),
        (lambda path: path.write_bytes(b""), "not a Parquet file"),
        (lambda path: path.write_text("hello"), "not a Parquet file"),
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), "not a Parquet file"),
        (
            lambda path: path.write_bytes(path.read_bytes()[:200] + b"\0" * 400 + path.read_bytes()[600:]),
            "not a Par",
        ),
        (
            lambda path: pq.write_table(pq.read_table(path).drop_columns(["seed", "error"]), path),
            r"lacks the column\(s\) error, seed",
        ),
        (
            lambda path: pq.write_table(replace_column(pq.read_table(path), "error", pa.array(["x"])), path),
            "column error is of type string, not double",
        ),
    ],
    ids=["missing", "empty", "text", "truncated", "damaged", "columns", "type"],
)
def test_a_damaged_dataset_is_one_clear_line(load, run_folder, make_record, damage, message):
    load([make_record()])
    damage(run_folder.records)
    with pytest.raises(BadRunFolder, match=message) as caught:
        load_run(run_folder.path)
    assert "\n" not in str(caught.value)
    assert str(run_folder.records) in str(caught.value)


def test_an_absent_folder_and_one_without_a_run(tmp_path):
    with pytest.raises(BadRunFolder, match="no such folder"):
        load_run(tmp_path / "absent")
    with pytest.raises(BadRunFolder, match=r"not a run folder, it has no run\.json"):
        load_run(tmp_path)


def test_a_run_json_of_another_schema(load, run_folder, make_record):
    load([make_record()])
    path = run_folder.path / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 2}))
    with pytest.raises(BadRunFolder, match="schema is 2, and this version of the suite reads 1"):
        load_run(os.fspath(run_folder.path))
