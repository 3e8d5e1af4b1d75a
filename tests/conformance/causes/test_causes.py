"""Families, causes without a framework, merge and diff, on runs made by hand."""

import json
from itertools import product

import pytest
from rich.console import Console

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.condition import parse
from conv_transpose_conformance.causes.failures import Family, Observed, families, without_numbers
from conv_transpose_conformance.causes.find import explain
from conv_transpose_conformance.commands.merge import merge
from conv_transpose_conformance.commands.replay_all import CANNOT, FIXED, STILL, answer
from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.expectations import Expectations
from conv_transpose_conformance.generation.shards import Shard, of_shard
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.reports.diff import diff
from conv_transpose_conformance.reports.divergences import Scripts, divergences
from conv_transpose_conformance.reports.pages.annotations import workflow_commands as annotations
from conv_transpose_conformance.reports.pages.diff_pages import markdown as diff_markdown
from conv_transpose_conformance.reports.pages.html import html
from conv_transpose_conformance.reports.pages.junit import junit
from conv_transpose_conformance.reports.pages.markdown import markdown
from conv_transpose_conformance.reports.render import render
from conv_transpose_conformance.reports.scripts.execution import Executions
from conv_transpose_conformance.reports.store.dataset import RecordWriter
from conv_transpose_conformance.reports.store.folder import RunFolder, read
from conv_transpose_conformance.reports.store.summary import Summary

NAME = "torch.nn.ConvTranspose1d"
VALUES = (Check.VALUES, Check.GRAD_INPUT, Check.GRAD_BIAS)


def record(case, check=Check.VALUES, verdict=Verdict.PASS, **changes):
    fields = {"implementation": NAME, "framework": "torch", "message": "", "microseconds": 10.0}
    return Record(case=case, check=check, verdict=verdict, **(fields | changes))


def call(case, wrong, checks=VALUES, **changes):
    """Acceptance, then each check, failing where ``wrong``."""
    verdict = Verdict.DIVERGE if wrong else Verdict.PASS
    message = "1 of 2 elements differ" if wrong else ""
    found = [record(case, Check.ACCEPTANCE, **changes)]
    return found + [record(case, check, verdict, message=message, **changes) for check in checks]


@pytest.fixture(scope="module")
def cases(quick_cases):
    plain = [c for c in quick_cases if c.ndim == 1 and not isinstance(c.padding, str) and c.batch]
    return plain[:240]


def folder_of(path, info, batches, **changes):
    summary, observed = Summary(), Observed()
    folder = RunFolder.create(path)
    with RecordWriter(folder.records) as writer:
        for batch in batches:
            writer.write(batch)
            observed.add(batch)
            for one in batch:
                summary.add(one)
    found = divergences(explain(observed, {}), summary, Scripts(Executions({}), {}))
    folder.write({**info, **changes}, summary, found)
    render(path)
    return path


@pytest.fixture
def info():
    return {
        "schema": 1,
        "suite": {"name": "conv-transpose-conformance", "version": "0.1.0"},
        "started": "2026-01-02T03:04:05+00:00",
        "seconds": 1.0,
        "profile": "quick",
        "seed": 0,
        "budget": None,
        "interrupted": False,
        "exit_code": 1,
        "host": dict.fromkeys(("python", "numpy", "platform", "cpu", "reference", "cpu_count")),
        "frameworks": {"torch": {"status": "ran", "reason": None, "version": "2.13.0"}},
    }


def test_messages_are_the_same_but_for_their_numbers():
    assert without_numbers("size (-1, 2) of [3]") == without_numbers("size (4, -5) of [17]") == "size # of #"
    assert without_numbers("out of memory") != without_numbers("bad shape")


def test_one_family_for_values_and_gradients_and_one_for_what_must_be_refused():
    case = Case.parse("v1_1d_n1_ci1_co1_i2_k2_f32_int.1")
    assert set(families(call(case, True))) == {Family("values")}
    negative = Case.parse("v1_1d_n1_ci1_co1_i2_k1_p5_f32_int.1")
    kinds = [
        set(families([record(negative, Check.ACCEPTANCE, verdict)]))
        for verdict in (Verdict.DIVERGE, Verdict.CRASH, Verdict.HANG)
    ]
    assert (
        kinds[0] == kinds[1] == kinds[2] == {Family("accepted", "the output would have the negative size #")}
    )


def test_one_missing_refusal_is_one_cause_however_the_calls_that_get_through_are_described():
    truth = parse("in some dimension: stride > 2 and bias or kernel_size > 2 and groups > 1")
    observed, failing = Observed(), set()
    for kernel, stride, groups, bias in product((1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3), "b_"):
        text = f"v1_1d_n1_ci{groups}_co{groups}_i1_k{kernel}_s{stride}_p9_g{groups}_{bias}_f32_int.1"
        case = Case.parse(text.replace("_s1_", "_").replace("_g1_", "_").replace("___", "_"))
        wrong = truth.holds(case)
        failing |= {case} if wrong else set()
        observed.add([record(case, Check.ACCEPTANCE, Verdict.DIVERGE if wrong else Verdict.PASS)])
    (cause,) = explain(observed, {})
    assert set(cause.records) == failing
    assert (cause.held_by, cause.excepted) == (len(failing), 0)
    parts = {frozenset(part.split(" and ")) for part in cause.formula.text.split(" or ")}
    assert parts == {frozenset({"stride > 2", "bias"}), frozenset({"kernel_size > 2", "groups > 1"})}


def test_a_call_that_gives_something_else_does_not_show_that_such_calls_are_accepted(cases):
    """A size that is asked for is refused, or not what comes, where the dilation matters."""
    truth, negative = parse("dilation > 1"), Case.parse("v1_1d_n1_ci1_co1_i1_k2_p9_d2_f32_int.1")
    observed = Observed()
    observed.add([record(negative, Check.ACCEPTANCE)])  # refused, as it must be
    for number, case in enumerate(cases):
        shape = [record(case, Check.ACCEPTANCE), record(case, Check.SHAPE)]
        if truth.holds(case):
            refused = record(case, Check.ACCEPTANCE, Verdict.ERROR, message="no such size")
            another = record(case, Check.SHAPE, Verdict.DIVERGE)
            shape = [shape[0], another] if number % 2 else [refused]
        observed.add(shape)
    causes = explain(observed, {})
    assert {cause.family.kind: cause.formula.text for cause in causes} == {
        "refused": "dilation > 1",
        "shape": "dilation > 1",
    }


def test_a_cause_without_a_framework(cases):
    truth = parse("dilation > 1 and bias")
    observed = Observed()
    for case in cases:
        observed.add(call(case, truth.holds(case)))
    causes = explain(observed, {})
    failing = [case for case in cases if truth.holds(case)]
    assert len(causes) == 1
    assert set(causes[0].records) == set(failing)
    assert set(causes[0].formula.text.split(" and ")) == {"dilation > 1", "bias"}
    assert (causes[0].held_by, causes[0].excepted) == (len(failing), 0)
    assert causes[0].passing == len(cases) - len(failing)
    assert causes[0].smallest == min(failing, key=lambda case: case.complexity)


def test_a_fault_in_the_explanation_keeps_the_verdicts(cases, tmp_path):
    observed = Observed()
    for case in cases[:20]:
        observed.add(call(case, case.bias))
    said = []
    causes = explain(observed, {"torch": tmp_path / "no-python"}, say=said.append)
    assert sum(len(cause.records) for cause in causes) == sum(case.bias for case in cases[:20])


def test_shards_merged_are_the_whole_run(cases, tmp_path, info):
    truth = parse("groups > 1")
    whole = folder_of(tmp_path / "whole", info, [call(c, truth.holds(c)) for c in cases])
    parts = []
    for index in (1, 2, 3):
        mine = [call(c, truth.holds(c)) for c in of_shard(cases, Shard(index, 3))]
        parts.append(folder_of(tmp_path / str(index), info, mine, shard=[index, 3]))
    run, found = merge(parts, tmp_path / "merged", Expectations(tmp_path / "none"), Console(quiet=True))
    expected_run, expected = read(whole)
    assert run["implementations"] == expected_run["implementations"]
    assert (
        [d["condition"]["text"] for d in found]
        == [d["condition"]["text"] for d in expected]
        == ["groups > 1"]
    )
    assert diff(whole, tmp_path / "merged")["same"] == 1


def test_what_a_shard_could_not_judge_is_missing_from_the_whole(cases, tmp_path, info):
    parts = [
        folder_of(tmp_path / str(n), info, [call(c, False) for c in cases[n::2][:5]], shard=[n + 1, 2])
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
        (
            [{"shard": [1, 2]}, {"shard": [2, 2], "suite": {"name": "x", "version": "9"}}],
            "one suite",
        ),
    ],
)
def test_parts_of_different_runs_are_refused(cases, tmp_path, info, changes, said):
    parts = [
        folder_of(tmp_path / str(n), info, [call(c, False) for c in cases[n::2][:5]], **change)
        for n, change in enumerate(changes)
    ]
    out = tmp_path / "out"
    with pytest.raises(BadRunFolder, match=said):
        merge(parts, out, Expectations(tmp_path / "none"), Console(quiet=True))
    assert not out.exists()


def test_a_folder_is_not_merged_into_itself(cases, tmp_path, info):
    part = folder_of(tmp_path / "a", info, [call(c, False) for c in cases[:3]])
    with pytest.raises(BadRunFolder, match="one of the folders"):
        merge([part], part, Expectations(tmp_path / "none"), Console(quiet=True))


def test_diff_names_what_is_new_gone_slower_and_uncovered(cases, tmp_path, info):
    before = folder_of(tmp_path / "a", info, [call(c, c.bias) for c in cases])
    slower = {"microseconds": 15.0}
    after = folder_of(
        tmp_path / "b", info, [call(c, c.groups > 1, (Check.VALUES,), **slower) for c in cases[:200]]
    )
    found = diff(before, after)
    assert len(found["changed"]) == 1  # of the same kind, under another condition
    assert "was bias, is now groups > 1" in " ".join(found["changed"][0]["changes"])
    assert found["verdicts"]["fixed"] == sum(c.bias and c.groups == 1 for c in cases[:200])
    assert found["verdicts"]["failing"] == sum(not c.bias and c.groups > 1 for c in cases[:200])
    assert found["speed"][0]["beyond_noise"]
    assert found["speed"][0]["ratio"] == pytest.approx(1.5)
    assert found["coverage"][0]["only_before"] == len(cases) - 200
    assert found["coverage"][0]["fewer_checks"] == 200
    text = diff_markdown(found)
    assert "1.50 times" in text
    reverse = diff(folder_of(tmp_path / "c", info, [call(c, False) for c in cases]), before)
    assert (len(reverse["new"]), len(reverse["gone"])) == (1, 0)
    assert (len(diff(before, tmp_path / "c")["gone"])) == 1


def test_the_same_speed_is_within_the_noise(cases, tmp_path, info):
    before = folder_of(tmp_path / "a", info, [call(c, False) for c in cases])
    assert not diff(before, before)["speed"][0]["beyond_noise"]
    assert diff(before, before)["coverage"] == []


def test_runs_of_different_suites_are_not_compared(cases, tmp_path, info):
    before = folder_of(tmp_path / "a", info, [call(c, False) for c in cases[:3]])
    suite = {"name": "another", "version": "0.1.0"}
    after = folder_of(tmp_path / "b", info, [call(c, False) for c in cases[:3]], suite=suite)
    with pytest.raises(BadRunFolder, match=r"made by another 0\.1\.0"):
        diff(before, after)


def test_pages_show_the_condition_the_diagnosis_the_script_and_the_expectation(cases, tmp_path, info):
    path = folder_of(tmp_path / "a", info, [call(c, c.bias) for c in cases])
    run, found = read(path)
    found[0]["diagnosis"] = {"sentence": "bias <twice>", "faults": [], "cases": 3}
    found[0]["reproduction"] = {
        "file": "repro/D1_x.py",
        "script": "print('<hello>')",
        "status": "reproduced",
        "exit_code": 1,
        "output": "DIVERGES",
    }
    failing = sum(c.bias for c in cases)
    for page in (html(run, found), markdown(run, found), junit(run, found)):
        assert "bias" in page
        assert "<twice>" not in page
    assert f"true for all {failing} failing calls" in html(run, found)
    assert "reproduces the divergence" in html(run, found)
    assert "print(&#39;&lt;hello&gt;&#39;)" in html(run, found)
    assert 'failures="3"' in junit(run, found)
    assert annotations(run, found)[0].startswith("::error title=torch.nn.ConvTranspose1d%3A values")
    found[0]["expected"] = {
        "all": True,
        "covered": 3,
        "of": 3,
        "entries": [{"line": 1, "reason": "known", "link": ""}],
    }
    assert 'failures="0"' in junit(run, found)
    assert annotations(run, found)[0].startswith("::notice")
    assert "(expected)" in markdown(run, found)


@pytest.mark.parametrize(
    ("verdicts", "word"),
    [
        ([Verdict.PASS, Verdict.DIVERGE], STILL),
        ([Verdict.CRASH], STILL),
        ([Verdict.PASS, Verdict.PASS], FIXED),
        ([Verdict.PASS, Verdict.UNSUPPORTED], FIXED),
        ([Verdict.NOT_APPLICABLE], CANNOT),
        ([], CANNOT),
    ],
)
def test_a_replay_says_fixed_only_where_a_check_passed_and_none_failed(verdicts, word):
    case = Case.parse("v1_1d_n1_ci1_co1_i2_k2_f32_int.1")
    assert answer([record(case, verdict=verdict) for verdict in verdicts])[0] == word
