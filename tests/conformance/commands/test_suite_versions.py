"""``diff`` and ``merge`` on folders that two versions of the suite wrote."""

import json

import pytest
from rich.console import Console

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.commands.merge import merge
from conv_transpose_conformance.commands.run_document import DISTRIBUTION, suite_version
from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.expectations import Expectations
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.reports.diff import diff
from conv_transpose_conformance.reports.pages.diff_pages import markdown as diff_markdown
from conv_transpose_conformance.reports.pages.html import html
from conv_transpose_conformance.reports.pages.markdown import markdown
from conv_transpose_conformance.reports.store.dataset import RecordWriter
from conv_transpose_conformance.reports.store.folder import RunFolder, read
from conv_transpose_conformance.reports.store.summary import Summary
from conv_transpose_conformance.requirements.catalogue import catalogue, described

NAME = "torch.nn.ConvTranspose1d"
CASES = [f"v1_1d_n1_ci1_co1_i{size}_k2_f32_int.1" for size in (2, 3, 4, 5)]
INFO = {
    "started": "2026-01-02T03:04:05+00:00",
    "seconds": 1.0,
    "profile": "quick",
    "seed": 0,
    "budget": None,
    "interrupted": False,
    "exit_code": 0,
    "host": dict.fromkeys(("python", "numpy", "platform", "cpu", "reference", "cpu_count")),
    "frameworks": {"torch": {"status": "ran", "reason": None, "version": "2.13.0"}},
    "corpus": 3,
}


@pytest.fixture
def made(tmp_path):
    """Writes a run of CASES in a folder of its own, as a version of the suite would have."""

    def make(name, version, *, cases=CASES, **changes):
        summary = Summary()
        folder = RunFolder.create(tmp_path / name)
        with RecordWriter(folder.records) as writer:
            for case in map(Case.parse, cases):
                records = [
                    Record(
                        case=case,
                        implementation=NAME,
                        framework="torch",
                        framework_version="2.13.0",
                        check=check,
                        verdict=Verdict.PASS,
                    )
                    for check in (Check.ACCEPTANCE, Check.VALUES)
                ]
                writer.write(records)
                for record in records:
                    summary.add(record)
        suite = {"name": DISTRIBUTION, "version": version}
        folder.write({**INFO, "suite": suite, **changes}, summary)
        return folder.path

    return make


@pytest.fixture
def join(tmp_path):
    def merged(*parts):
        return merge(parts, tmp_path / "merged", Expectations(tmp_path / "none"), Console(quiet=True))[0]

    return merged


def probed(identifier, verdict, **changes):
    """The ``requirements`` of a run that examined one of them."""
    entry = described(catalogue()[identifier]) | changes
    result = {"requirement": entry["id"], "implementation": NAME, "framework": "torch", "probed": True}
    result |= {"verdict": verdict, "counts": {verdict: 1}, "message": "", "case": None}
    return {"catalogue": [entry], "results": [result]}


def test_runs_of_two_versions_are_compared_and_both_are_shown(made):
    found = diff(made("a", "0.1.0"), made("b", "9.9", corpus=4))
    assert found["verdicts"]["common"] == len(CASES)
    assert [found[key]["suite"].split()[-1] for key in ("before", "after")] == ["0.1.0", "9.9"]
    text = diff_markdown(found)
    assert "0.1.0, is now conv-transpose-conformance 9.9; verdicts may differ" in text
    assert "corpus: was 3, is now 4" in text


def test_runs_of_one_version_have_no_line_on_the_suite(made):
    assert "suite" not in diff_markdown(diff(made("a", "0.1.0"), made("b", "0.1.0")))


def test_a_requirement_stated_differently_is_listed_and_not_compared(made, command):
    held = made("a", "0.1.0", requirements=probed("T1.adjoint", "pass"))
    broke = made("b", "9.9", requirements=probed("T1.adjoint", "diverge"))
    other = made("c", "9.9", requirements=probed("T1.adjoint", "diverge", statement="It is another."))
    assert [entry["requirement"] for entry in diff(held, broke)["requirements"]] == ["T1.adjoint"]
    assert command("diff", held, broke).code == 1
    found = diff(held, other)
    assert (found["requirements"], found["reworded"]) == ([], ["T1.adjoint"])
    assert "stated differently" in diff_markdown(found)
    assert command("diff", held, other).code == 0


def test_a_run_of_another_schema_is_refused_with_its_version(made):
    before, after = made("a", "0.1.0"), made("b", "9.9")
    path = after / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 2}))
    said = r'schema is 2, and this version of the suite reads 1: use the suite that wrote it, version "9\.9"$'
    for refused in (lambda: diff(before, after), lambda: diff(after, before)):
        with pytest.raises(BadRunFolder, match=said):
            refused()


def test_shards_of_two_versions_are_merged_and_both_are_shown(made, join):
    parts = [
        made("a", "0.0.8", cases=CASES[:2], shard=[1, 2]),
        made("b", "0.0.9", cases=CASES[2:], shard=[2, 2]),
    ]
    run = join(*parts)
    assert run["suite"] == {"name": DISTRIBUTION, "version": suite_version(), "judged_by": ["0.0.8", "0.0.9"]}
    assert (run["corpus"], run["implementations"][NAME]["judged"]) == (3, len(CASES))
    assert "Versions 0.0.8 and 0.0.9 of the suite judged its parts." in html(run, [])
    assert "Versions 0.0.8 and 0.0.9 of the suite" in markdown(run, [])
    assert f"{suite_version()} (verdicts by 0.0.8 and 0.0.9)" in html(run, [])


def test_parts_of_this_version_are_merged_as_a_run_of_it(made, join, tmp_path):
    join(made("a", suite_version()))
    assert read(tmp_path / "merged")[0]["suite"] == {"name": DISTRIBUTION, "version": suite_version()}


def test_a_merged_run_is_merged_again_with_all_its_versions(made, join, tmp_path):
    join(made("a", "0.0.8", cases=CASES[:2], shard=[1, 2]), made("b", "0.0.9", cases=CASES[2:], shard=[2, 2]))
    again = merge(
        [tmp_path / "merged"], tmp_path / "again", Expectations(tmp_path / "none"), Console(quiet=True)
    )[0]
    assert again["suite"]["judged_by"] == ["0.0.8", "0.0.9"]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({}, {"corpus": 4}, "judged corpus 4 .*: merge runs of one corpus"),
        (
            {"profile": "full", "shard": [1, 2]},
            {"profile": "full", "shard": [2, 2]},
            "a shard of the full profile drawn by",
        ),
        (
            {"requirements": probed("T1.adjoint", "pass")},
            {"requirements": probed("T1.adjoint", "pass", statement="It is another.")},
            "examined T1.adjoint, which this suite, .*, states differently",
        ),
        (
            {},
            {"requirements": probed("T1.adjoint", "pass", id="T1.unheard")},
            "examined T1.unheard, which this suite, .*, does not have",
        ),
    ],
)
def test_parts_that_mean_different_things_are_refused_before_anything_is_written(
    made, join, tmp_path, first, second, said
):
    parts = [made("a", "0.0.8", **first), made("b", "0.0.9", **second)]
    with pytest.raises(BadRunFolder, match=said):
        join(*parts)
    assert not (tmp_path / "merged").exists()
