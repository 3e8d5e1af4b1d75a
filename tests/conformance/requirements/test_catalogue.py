"""The catalogue, what records decide, and how results become verdicts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from attrs import evolve

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import UnknownRequirement
from conv_transpose_conformance.expectations import BadExpectations, read
from conv_transpose_conformance.generation.shards import Shard
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.reports.store.findings import fails
from conv_transpose_conformance.requirements.base.requirement import Judged, Probed, Result, for_each
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed, reported, unsupported
from conv_transpose_conformance.requirements.catalogue import (
    catalogue,
    choose,
    chosen,
    concerned,
    decided_by,
    load,
    share,
)
from conv_transpose_conformance.requirements.tally import Tally

PLAIN = Case.parse("v1_1d_n1_ci1_co1_i2_k2_f32_int.1")
PADDED = Case.parse("v1_1d_n1_ci1_co1_i2_k2_s2_op1_f32_int.1")


def record(case=PLAIN, **changes):
    fields = {
        "implementation": "torch.nn.ConvTranspose1d",
        "framework": "torch",
        "check": Check.VALUES,
        "verdict": Verdict.PASS,
    }
    return Record(case=case, **(fields | changes))


SHAPE = Judged(
    id="X.output-padding",
    statement="It is computed.",
    source="suite",
    applies=("torch.nn.ConvTranspose*",),
    checks=(Check.VALUES,),
    of=lambda case: any(case.output_padding),
)


def test_every_requirement_is_told_with_a_known_document():
    for identifier, requirement in catalogue().items():
        assert requirement.id == identifier
        assert requirement.source in load().documents
        assert requirement.statement.endswith(".")
        assert requirement.applies


def test_globs_choose_and_one_without_a_match_names_the_nearest():
    assert {r.id.split(".")[0] for r in choose(["T1.*"])} == {"T1"}
    with pytest.raises(UnknownRequirement, match=r"did you mean T1\.adjoint\?"):
        choose(["T1.adjiont"])


def test_the_quick_profile_leaves_out_what_takes_long_and_keeps_what_cases_decide():
    quick, full = chosen((), "quick"), chosen((), "full")
    assert set(quick) < set(full)
    assert {r for r in full if isinstance(r, Judged)} <= set(quick)
    assert chosen(["relation.adjoint"], "quick") == choose(["relation.adjoint"])


def test_only_the_cases_that_decide_the_chosen_are_run():
    cases = [PLAIN, PADDED]
    assert list(decided_by((), cases)) == cases
    assert list(decided_by(["T1.output-padding"], cases)) == [PADDED]
    assert list(decided_by(["relation.adjoint"], cases)) == []


def test_a_call_that_must_be_refused_does_not_decide_what_must_work():
    (beyond,) = choose(["accept.stride-beyond-kernel"])
    assert beyond.of(Case.parse("v1_1d_n1_ci1_co1_i2_k1_s2_f32_int.1"))
    assert not beyond.of(Case.parse("v1_1d_n1_ci1_co1_i2_k0_s2_f32_int.1"))
    assert not beyond.of(Case.parse("v1_1d_n1_ci1_co1_i2_k1_s2_p3_f32_int.1"))


def test_an_implementation_without_a_chosen_requirement_takes_no_part():
    names = ["torch.nn.ConvTranspose1d", "paddle.nn.Conv1DTranspose"]
    assert concerned(choose(["T1.*"]), names) == ("torch.nn.ConvTranspose1d",)
    assert concerned(choose(["relation.*"]), names) == tuple(names)
    with pytest.raises(
        UnknownRequirement, match=r"T1\.adjoint applies to none of the selected .*, but to torch\.nn"
    ):
        concerned(choose(["T1.adjoint"]), names[1:])


def test_records_are_added_up_by_requirement_and_implementation():
    tally = Tally.of([SHAPE])
    for case, verdict in ((PLAIN, Verdict.DIVERGE), (PADDED, Verdict.PASS), (PADDED, Verdict.DIVERGE)):
        tally.add(record(case, verdict=verdict, message="off by one"))
    tally.add(record(PADDED, check=Check.SHAPE, verdict=Verdict.CRASH))
    mine, others = tally.results({"torch.nn.ConvTranspose1d": "torch", "paddle.nn.Conv1DTranspose": "paddle"})
    assert mine.plain() == {
        "requirement": "X.output-padding",
        "implementation": "torch.nn.ConvTranspose1d",
        "framework": "torch",
        "probed": False,
        "verdict": "diverge",
        "counts": {"pass": 1, "diverge": 1},
        "message": "off by one",
        "case": PADDED.id,
        "severity": "values",
    }
    assert not fails(mine.plain()), "its divergence fails the run already"
    assert (others.verdict, others.plain()["message"]) == (
        Verdict.NOT_APPLICABLE,
        "does not apply to this API",
    )


def test_a_missing_refusal_does_not_decide_what_must_work():
    working = evolve(SHAPE, checks=(Check.ACCEPTANCE,), working=True)
    tally = Tally.of([working, evolve(working, id="X.other", working=False)])
    tally.add(record(PADDED, check=Check.ACCEPTANCE))
    tally.add(record(PADDED, check=Check.ACCEPTANCE, verdict=Verdict.DIVERGE))
    works, both = tally.results({"torch.nn.ConvTranspose1d": "torch"})
    assert (works.verdict, both.verdict) == (Verdict.PASS, Verdict.DIVERGE)
    tally.add(record(PADDED, check=Check.ACCEPTANCE, verdict=Verdict.ERROR))
    assert tally.results({"torch.nn.ConvTranspose1d": "torch"})[0].verdict is Verdict.ERROR


def test_a_requirement_without_a_case_says_so():
    (result,) = Tally.of([SHAPE]).results({"torch.nn.ConvTranspose1d": "torch"})
    assert result.plain()["message"] == "no case of this run decides it"


@pytest.mark.parametrize(
    ("trials", "verdict"),
    [
        ([passed(), differs("x"), Trial(Verdict.CRASH)], Verdict.CRASH),
        ([passed(), Trial(Verdict.ERROR), differs("x")], Verdict.ERROR),
        ([unsupported("no"), passed(), reported("maybe")], Verdict.PASS),
        ([unsupported("no"), reported("maybe")], Verdict.ALLOWED),
        ([unsupported("no")], Verdict.UNSUPPORTED),
        ([], Verdict.NOT_APPLICABLE),
    ],
)
def test_the_gravest_finding_speaks_for_a_requirement(trials, verdict):
    result = Result("X", "torch.nn.ConvTranspose1d", "torch", probed=True)
    for trial in trials:
        result.add(trial)
    assert result.verdict is verdict
    assert result.failing == (verdict in (Verdict.CRASH, Verdict.ERROR))


def test_the_simplest_of_the_gravest_is_told():
    result = Result("X", "torch.nn.ConvTranspose1d", "torch", probed=True)
    large = Case.parse("v1_2d_n2_ci4_co6_i5x7_k3x3_f32_int.1")
    for trial in (differs("large", large), differs("small", PLAIN), passed(PLAIN)):
        result.add(trial)
    assert (result.plain()["message"], result.plain()["case"]) == ("small", PLAIN.id)


def test_parameter_sets_that_none_can_express_are_no_pass():
    (trial,) = for_each(lambda _bench, case: passed(case), lambda _bench: [])(None)  # type: ignore[arg-type]
    assert trial.verdict is Verdict.NOT_APPLICABLE


def test_shards_divide_what_asks_for_itself():
    requirements = choose(())
    parts = [share(requirements, Shard(index, 3)) for index in (1, 2, 3)]
    probed = [r for part in parts for r in part if isinstance(r, Probed)]
    assert sorted(r.id for r in probed) == sorted(r.id for r in requirements if isinstance(r, Probed))
    assert all(isinstance(r, Judged) <= (r in part) for part in parts for r in requirements)


def expecting(text):
    return read(text, Path("conformance-expected.toml"))


ENTRY = """[[expected]]
implementation = "torch.nn.*"
requirement = "relation.*"
reason = "known"
"""


def test_a_requirement_can_be_expected_not_to_hold():
    expectations = expecting(ENTRY)
    found = expectations.of_requirement("relation.adjoint", "torch.nn.ConvTranspose1d", "2.13.0")
    assert found == {
        "all": True,
        "covered": 1,
        "of": 1,
        "entries": [{"line": 1, "reason": "known", "link": ""}],
    }
    assert expectations.of_requirement("T1.adjoint", "torch.nn.ConvTranspose1d", "2.13.0") is None
    assert expectations.of_requirement("relation.adjoint", "paddle.nn.Conv1DTranspose", "3.3.1") is None
    assert expectations.stale([("torch.nn.ConvTranspose1d", "2.13.0")]) == []
    assert expecting(ENTRY).stale([("torch.nn.ConvTranspose1d", "2.13.0")])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            ENTRY.replace("relation.*", "relatoin.adjoint"),
            r":3:15: no requirement .*did you mean relation.adjoint",
        ),
        (ENTRY + 'condition = "bias"\n', r":3:15: .*held or not as a whole"),
        (ENTRY.replace('"relation.*"', '["values", "relation.*"]'), r":3:15: .*an entry of its own"),
        (ENTRY + ENTRY, "overlap"),
    ],
)
def test_a_broken_entry_of_a_requirement_is_named(text, said):
    with pytest.raises(BadExpectations, match=said):
        expecting(text)


def test_the_catalogue_is_listed(command):
    done = command("list", "requirements", "--format", "json")
    assert {"T1.adjoint", "relation.adjoint"} <= {entry["id"] for entry in json.loads(done.out)}
    assert "    source: torch.nn.ConvTranspose1d, reference page" in command("list", "requirements").out


def test_a_glob_without_a_match_is_one_line_and_exit_2(command, tmp_path):
    done = command("run", "--requirement", "nothing.like.this", "--out", str(tmp_path / "run"))
    assert done.code == 2
    assert done.err.startswith("error: no requirement matches 'nothing.like.this'")
    assert len(done.err.splitlines()) == 1
    assert not (tmp_path / "run").exists()
