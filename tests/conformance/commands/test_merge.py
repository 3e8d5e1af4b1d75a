"""``merge``: the shards of a run become the whole run, and folders of different runs are refused."""

from __future__ import annotations

import json

import pytest
from rich.console import Console

from conv_transpose_conformance.cases.condition import parse
from conv_transpose_conformance.commands.merge import merge
from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.expectations import Expectations
from conv_transpose_conformance.generation.shards import Shard, of_shard
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.reports.diff import diff
from conv_transpose_conformance.reports.store.folder import read
from tests.support.run_folders import call, folder_of


def test_shards_merged_are_the_whole_run(cases, tmp_path):
    truth = parse("groups > 1")
    whole = folder_of(tmp_path / "whole", [call(c, truth.holds(c)) for c in cases])
    parts = []
    for index in (1, 2, 3):
        mine = [call(c, truth.holds(c)) for c in of_shard(cases, Shard(index, 3))]
        parts.append(folder_of(tmp_path / str(index), mine, shard=[index, 3]))
    run, found = merge(parts, tmp_path / "merged", Expectations(tmp_path / "none"), Console(quiet=True))
    expected_run, expected = read(whole)
    assert run["implementations"] == expected_run["implementations"]
    assert (
        [d["condition"]["text"] for d in found]
        == [d["condition"]["text"] for d in expected]
        == ["groups > 1"]
    )
    assert diff(whole, tmp_path / "merged")["same"] == 1


@pytest.mark.parametrize(
    ("of_parts", "given", "fail_on", "code"),
    [
        (("values", "crash"), None, "crash", 1),
        ((None, "values"), None, "refused", 1),
        (("crash", "crash"), Severity.GRADIENTS, "gradients", 1),
    ],
)
def test_what_failed_a_part_fails_the_whole_unless_another_severity_is_given(
    cases, tmp_path, of_parts, given, fail_on, code
):
    parts = [
        folder_of(
            tmp_path / str(n),
            [call(c, c.bias) for c in cases[n::2][:40]],
            shard=[n + 1, 2],
            **({"fail_on": word} if word else {}),
        )
        for n, word in enumerate(of_parts)
    ]
    none = Expectations(tmp_path / "none")
    run, _ = merge(parts, tmp_path / "merged", none, Console(quiet=True), threshold=given)
    assert (run["fail_on"], run["exit_code"]) == (fail_on, code)


def test_what_is_below_the_threshold_does_not_fail_a_merged_run(cases, tmp_path):
    shapes = [call(c, c.bias, (Check.GRAD_INPUT,)) for c in cases[:40]]
    part = folder_of(tmp_path / "part", shapes, fail_on="values")
    run, found = merge([part], tmp_path / "whole", Expectations(tmp_path / "no"), Console(quiet=True))
    assert ([d["severity"] for d in found], run["exit_code"]) == (["gradients"], 0)


def test_what_a_shard_could_not_judge_is_missing_from_the_whole(cases, tmp_path):
    parts = [
        folder_of(tmp_path / str(n), [call(c, False) for c in cases[n::2][:5]], shard=[n + 1, 2])
        for n in range(2)
    ]
    path = parts[1] / "run.json"
    lost = json.loads(path.read_text())
    lost["frameworks"]["torch"]["reason"] = "exit status 7"
    path.write_text(json.dumps(lost))
    run, found = merge(parts, tmp_path / "merged", Expectations(tmp_path / "none"), Console(quiet=True))
    assert (run["exit_code"], found) == (3, [])
    assert run["frameworks"]["torch"]["reason"] == "exit status 7"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([{"shard": [1, 2]}, {"shard": [1, 2]}], "both contain shard 1"),
        ([{"shard": [1, 3]}, {"shard": [2, 3]}], "shard 3/3"),
        ([{"shard": [1, 2]}, {"shard": [2, 3]}], "2 and 3 parts"),
        ([{"shard": [1, 2]}, {"shard": [2, 2], "seed": 5}], "has the seed 5"),
        ([{"shard": [1, 2]}, {"shard": [2, 2], "suite": {"name": "x", "version": "9"}}], "one suite"),
    ],
)
def test_parts_of_different_runs_are_refused(cases, tmp_path, changes, said):
    parts = [
        folder_of(tmp_path / str(n), [call(c, False) for c in cases[n::2][:5]], **change)
        for n, change in enumerate(changes)
    ]
    out = tmp_path / "out"
    with pytest.raises(BadRunFolder, match=said):
        merge(parts, out, Expectations(tmp_path / "none"), Console(quiet=True))
    assert not out.exists()


def test_a_folder_is_not_merged_into_itself(cases, tmp_path):
    part = folder_of(tmp_path / "a", [call(c, False) for c in cases[:3]])
    with pytest.raises(BadRunFolder, match="one of the folders"):
        merge([part], part, Expectations(tmp_path / "none"), Console(quiet=True))


def test_a_document_that_drifted_in_a_shard_has_drifted_in_the_whole(cases, tmp_path):
    drifted = {
        "implementation": "torch.nn.ConvTranspose1d",
        "framework": "torch",
        "version": "2.14.0",
        "recorded": "2.13.0",
        "new": 1,
        "gone": 0,
        "sentences": ["It is new."],
    }
    parts = [
        folder_of(
            tmp_path / str(n),
            [call(c, False) for c in cases[n::3][:5]],
            shard=[n + 1, 3],
            document_drift=drift,
        )
        for n, drift in enumerate(([drifted], [], [drifted]))
    ]
    run, _ = merge(parts, tmp_path / "merged", Expectations(tmp_path / "none"), Console(quiet=True))
    assert run["document_drift"] == [drifted]
