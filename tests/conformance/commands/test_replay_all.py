"""``conformance replay --all`` on the folders of runs with fakes."""

from __future__ import annotations

import json

import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.commands.replay_all import CANNOT, FIXED, STILL, answer, answer_of
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.requirement import Result
from conv_transpose_conformance.requirements.base.trial import Trial
from tests.support.commands import divergences, run_data
from tests.support.run_folders import record

NAME, OTHER = "torch.nn.ConvTranspose1d", "torch.nn.functional.conv_transpose1d"
PROBED = "dtype.float32.result"


def words(done):
    """Each line's word, and what it speaks of."""
    lines = [line for line in done.out.splitlines() if line]
    return [(line[:15].strip(), *line[15:].split()[:2]) for line in lines]


@pytest.fixture
def ran(command, fake_cache, few_cases, tmp_path):
    """The folder of a run with one requirement; with ``then`` the framework changes after it."""

    def run(plan, requirement=PROBED, then=None):
        fake = fake_cache(torch=plan)["torch"]
        command("run", "--implementation", NAME, "--requirement", requirement, "--out", tmp_path / "run")
        if then is not None:
            (fake.folder / "plan.json").write_text(json.dumps(then))
        return tmp_path / "run"

    return run


def test_a_requirement_that_still_fails(ran, command):
    folder = ran({"implementations": {NAME: "lie about dtype"}})
    assert [r["verdict"] for r in run_data(folder)["requirements"]["results"]] == ["error"]
    assert divergences(folder) == []
    done = command("replay", "--all", folder)
    assert words(done) == [(STILL, PROBED, NAME)]
    assert "error: the worker's answer is invalid" in done.out
    assert done.code == 1


def test_a_requirement_that_holds_again(ran, command):
    folder = ran({"implementations": {NAME: "lie about dtype"}}, then={})
    done = command("replay", "--all", folder)
    assert words(done) == [(FIXED, PROBED, NAME)]
    assert done.code == 0


def test_a_framework_that_is_gone(ran, command):
    folder = ran({"implementations": {NAME: "lie about dtype"}}, then={"start": "exit"})
    done = command("replay", "--all", folder)
    assert words(done) == [(CANNOT, PROBED, NAME)]
    assert "exit status 7" in done.out
    assert done.code == 3


@pytest.mark.slow
def test_cases_and_requirements_together(command, fake_cache, few_cases, tmp_path):
    fake_cache(torch={"implementations": {NAME: "wrong values", OTHER: "lie about dtype"}})
    globs = ("--requirement", "derivative.*", "--requirement", PROBED)
    command("run", "--implementation", "torch.*1d", *globs, "--out", tmp_path / "run", "--no-explain")
    found = divergences(tmp_path / "run")
    assert found
    done = command("replay", "--all", tmp_path / "run")
    assert {(word, name) for word, one, name in words(done) if one.startswith("D")} == {
        (STILL, divergence["implementation"]) for divergence in found
    }
    assert (STILL, PROBED, OTHER) in words(done)
    assert done.code == 1


def test_what_cases_decided_is_not_examined_again(ran, command):
    folder = ran({"implementations": {NAME: "wrong values"}}, "accept.kernel-1")
    assert [r["verdict"] for r in run_data(folder)["requirements"]["results"]] == ["diverge"]
    assert [one for _, one, _ in words(command("replay", "--all", folder))] == [
        divergence["id"] for divergence in divergences(folder)
    ]


def test_a_requirement_of_another_version_of_the_suite(ran, command):
    folder = ran({"implementations": {NAME: "lie about dtype"}})
    path = folder / "run.json"
    path.write_text(path.read_text().replace(PROBED, "dtype.float3.result"))
    done = command("replay", "--all", folder)
    assert words(done) == [(CANNOT, "dtype.float3.result", NAME)]
    assert "the catalogue no longer has this requirement" in done.out
    assert done.code == 3


def test_nothing_to_replay(ran, command):
    done = command("replay", "--all", ran({}))
    assert "no failure to replay" in done.out
    assert done.code == 0


@pytest.mark.parametrize(
    ("verdict", "word"),
    [
        (Verdict.DIVERGE, STILL),
        (Verdict.CRASH, STILL),
        (Verdict.PASS, FIXED),
        (Verdict.ALLOWED, FIXED),
        (Verdict.UNSUPPORTED, CANNOT),
        (None, CANNOT),
    ],
)
def test_the_answer_for_a_requirement_follows_from_its_verdict(verdict, word):
    result = None if verdict is None else Result(PROBED, NAME, "torch", probed=True)
    if result is not None:
        result.add(Trial(verdict, "in its words"))
    assert answer_of(PROBED, result, "no reason")[0] == word


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
