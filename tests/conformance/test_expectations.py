from pathlib import Path

import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.commands.expect import expect
from conv_transpose_conformance.errors import ConformanceError
from conv_transpose_conformance.expectations import BadExpectations, find, read
from conv_transpose_conformance.frameworks.registry import framework_of
from conv_transpose_conformance.generation.shards import BadShard, Shard, of_shard
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict

NAME = "mindspore.nn.Conv2dTranspose"
FAILING = "v1_2d_n1_ci1_co1_i2x2_k2x2_s2x2_op1x0_b_f32_int.1"
ENTRY = f"""# why we know
[[expected]]
implementation = "{NAME}"
versions = ">=2.10,<2.11"
requirement = ["values"]
condition = "output_padding > 0 and bias"
reason = "zeros"
"""
PATH = Path("conformance-expected.toml")


def failing(case: str = FAILING, check: Check = Check.VALUES, name: str = NAME) -> Record:
    return Record(
        case=Case.parse(case),
        implementation=name,
        framework=framework_of(name),
        check=check,
        verdict=Verdict.DIVERGE,
    )


def test_what_an_entry_says_is_expected():
    expectations = read(ENTRY, PATH)
    found = expectations.explain([failing()], "2.10.0")
    assert found == {
        "all": True,
        "covered": 1,
        "of": 1,
        "entries": [{"line": 2, "reason": "zeros", "link": ""}],
    }
    assert expectations.stale([(NAME, "2.10.0")]) == []


@pytest.mark.parametrize(
    ("record", "version"),
    [
        (failing(), "2.11.0"),
        (failing(check=Check.GRAD_BIAS), "2.10.0"),
        (failing(FAILING.replace("_b_", "_")), "2.10.0"),
        (failing(name="torch.nn.ConvTranspose2d"), "2.10.0"),
    ],
)
def test_what_no_entry_says_is_new(record, version):
    assert read(ENTRY, PATH).explain([record], version) is None


def test_a_cause_that_spreads_is_no_longer_expected():
    found = read(ENTRY, PATH).explain([failing(), failing(check=Check.GRAD_BIAS)], "2.10.0")
    assert (found["all"], found["covered"], found["of"]) == (False, 1, 2)


def test_an_entry_without_match_is_stale_only_where_it_could_have_matched():
    stale = read(ENTRY, PATH).stale
    assert stale([(NAME, "2.10.1")]) == [{"line": 2, "implementation": NAME, "reason": "zeros"}]
    assert stale([(NAME, "2.9.0")]) == stale([("torch.nn.ConvTranspose2d", "2.10.0")]) == []


def test_a_local_version_is_its_release():
    text = ENTRY.replace(NAME, "torch.nn.*").replace(">=2.10,<2.11", "==2.13.0")
    assert read(text, PATH).explain([failing(name="torch.nn.ConvTranspose2d")], "2.13.0+cpu") is not None


def test_cases_stand_in_for_a_condition():
    text = ENTRY.replace('condition = "output_padding > 0 and bias"', f'case = ["{FAILING}"]')
    assert read(text, PATH).explain([failing()], "2.10.0")["all"]


@pytest.mark.parametrize(
    ("change", "where", "said"),
    [
        (("[[expected]]", "[[expected"), "2:", "not TOML"),
        (("zeros", "a\nb"), "7:", "not TOML"),
        (("output_padding >", "output_paddin >"), "6:13", "output_paddin"),
        ((">=2.10", "about 2"), "4:12", "no version range"),
        ((">=2.10,<2.11", ">=3,<2"), "4:12", "contradict"),
        (('"values"', '"valeus"'), "5:15", "valeus"),
        ((NAME, "mindspore.nn.Conv2dTransposed"), "3:18", "did you mean"),
        (("reason", "reasons"), "7:", "unknown key"),
        (('"zeros"', '" "'), "7:10", "reason"),
        (("[[expected]]", "[[expcted]]"), "2:1", "unknown key 'expcted'"),
        (('condition = "output_padding > 0 and bias"', 'case = "v0_1d"'), "6:8", "malformed case id"),
        (('condition = "output_padding > 0 and bias"\n', ""), "2:1", "condition or a case"),
    ],
)
def test_a_broken_file_is_named_with_line_and_column(change, where, said):
    with pytest.raises(BadExpectations) as caught:
        read(ENTRY.replace(*change), PATH)
    assert str(caught.value).startswith(f"{PATH}:{where}")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "again",
    [
        ENTRY,
        ENTRY.replace("output_padding > 0 and bias", "bias and output_padding > 0"),
        ENTRY.replace(NAME, "mindspore.*").replace(">=2.10,<2.11", "==2.10.3"),
    ],
)
def test_two_entries_for_the_same_are_refused(again):
    with pytest.raises(BadExpectations, match="line 2 overlap"):
        read(ENTRY + again, PATH)


def test_entries_for_different_things_live_together():
    others = [
        ENTRY.replace(">=2.10,<2.11", ">=2.11"),
        ENTRY.replace("values", "acceptance"),
        ENTRY.replace("and bias", "and dilation > 1"),
    ]
    assert len(read(ENTRY + "".join(others), PATH).entries) == 4


def test_a_named_file_must_be_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find(None).entries == []
    with pytest.raises(ConformanceError, match="no such file"):
        find(Path("nowhere.toml"))


def run_of(expectations: str = "") -> dict:
    return {
        "frameworks": {"mindspore": {"version": "2.10.0"}},
        "expectations": {"file": expectations, "entries": 0, "stale": []},
    }


def divergence(**changes) -> dict:
    condition = {"text": "output_padding > 0 and bias", "holds": 3, "failing": 3}
    return {
        "implementation": NAME,
        "framework": "mindspore",
        "id": "D1",
        "check": "values",
        "checks": [{"check": check, "verdict": "diverge"} for check in ("values", "grad_bias")],
        "condition": condition,
        "diagnosis": None,
        "smallest": {"case": FAILING, "message": 'a "quoted" \\ message\nof two lines'},
        "others": [],
        "expected": None,
        **changes,
    }


def test_expect_writes_what_a_run_expects(tmp_path):
    path = tmp_path / PATH
    assert expect(run_of(), [divergence()], path, prune=False).added == 1
    expectations = find(path)
    records = [failing(), failing(check=Check.GRAD_BIAS)]
    assert expectations.explain(records, "2.10.0")["all"]


def test_expect_keeps_comments_and_what_is_there(tmp_path):
    path = tmp_path / PATH
    path.write_text(ENTRY + "link = 'x'  # mine\n")
    other = divergence(condition=None, checks=[{"check": "acceptance", "verdict": "error"}])
    assert expect(run_of(str(path)), [other], path, prune=False).added == 1
    text = path.read_text()
    assert text.startswith("# why we know\n")
    assert "link = 'x'  # mine" in text
    assert len(read(text, path).entries) == 2


def test_expect_adds_nothing_twice(tmp_path):
    path = tmp_path / PATH
    path.write_text(ENTRY)
    known = divergence(expected={"all": True, "covered": 1, "of": 1, "entries": []})
    assert expect(run_of(str(path)), [known], path, prune=False).added == 0
    with pytest.raises(BadExpectations, match="nothing was written"):
        expect(run_of(), [divergence()], path, prune=False)  # made without the file
    assert path.read_text() == ENTRY


def test_stale_entries_go_where_that_is_asked_for(tmp_path):
    path = tmp_path / PATH
    path.write_text(ENTRY)
    run = run_of(str(path))
    run["expectations"]["stale"] = [{"line": 2}]
    assert expect(run, [], path, prune=False).stale == 1
    assert path.read_text() == ENTRY
    assert expect(run, [], path, prune=True).removed == 1
    assert find(path).entries == []


def test_shards_part_the_cases(quick_cases):
    parts = [list(of_shard(quick_cases, Shard(index, 3))) for index in (1, 2, 3)]
    assert sorted(c.id for part in parts for c in part) == sorted(c.id for c in quick_cases)
    assert min(map(len, parts)) > len(quick_cases) / 4
    assert list(of_shard(quick_cases, None)) == quick_cases
    assert Shard(1, 1).holds(quick_cases[0])


@pytest.mark.parametrize("text", ["0/5", "6/5", "1/0", "x", "1", "-1/3", "1/3/4", ""])
def test_a_shard_out_of_range_is_refused(text):
    with pytest.raises(BadShard, match="--shard"):
        Shard.parse(text)
