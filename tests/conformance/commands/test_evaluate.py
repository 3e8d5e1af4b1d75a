"""A run's results: those that records decide, those that were probed, in the order of the catalogue."""

from __future__ import annotations

from pathlib import Path

from conv_transpose_conformance import expectations
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.commands.evaluate import evaluated, subjects_of, with_expected
from conv_transpose_conformance.expectations import Expectations
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.requirements.base.requirement import Judged, Probed, Result
from conv_transpose_conformance.requirements.base.trial import differs, passed
from conv_transpose_conformance.requirements.examine import Subject
from conv_transpose_conformance.requirements.tally import Tally
from tests.support.running import NAME, OTHER, engine_of

CASE = Case.parse("v1_1d_n1_ci1_co1_i2_k2_f32_int.1")
NONE = Expectations(Path("none"))
SUBJECT = Subject("torch", Path("python"), {NAME: NAME, OTHER: OTHER})
RAN = {"torch": {"status": "ran", "version": "2.13.0", "interpreter": "/python"}}
SHARED = {"statement": "It holds.", "source": "suite"}
JUDGED = Judged(id="judged", checks=(Check.VALUES,), of=lambda _case: True, **SHARED)
PROBED = Probed(id="relation.adjoint", trials=lambda _bench: [], **SHARED)


def found(trial, name=NAME):
    result = Result(PROBED.id, name, "torch", probed=True)
    result.add(trial)
    return result


def test_results_come_by_requirement_and_then_by_implementation_whoever_ended_first():
    tally = Tally.of([PROBED, JUDGED])
    probed = [found(passed(), OTHER), found(passed(), NAME)]
    results = evaluated([PROBED, JUDGED], tally, probed, [SUBJECT], RAN, NONE)
    assert [(result["requirement"], result["implementation"]) for result in results] == [
        ("relation.adjoint", NAME),
        ("relation.adjoint", OTHER),
        ("judged", NAME),
        ("judged", OTHER),
    ]


def test_a_failing_probed_result_says_what_was_expected_and_no_other_does():
    text = f'''
        [[expected]]
        implementation = "{NAME}"
        requirement = ["relation.adjoint"]
        reason = "known"
    '''
    known = expectations.read(text, Path("expected.toml"))
    tally = Tally.of([JUDGED])
    tally.add(
        Record(case=CASE, implementation=NAME, framework="torch", check=Check.VALUES, verdict=Verdict.DIVERGE)
    )
    probed = [found(differs("it does not"), NAME), found(differs("it does not"), OTHER)]
    results = evaluated([JUDGED, PROBED], tally, probed, [SUBJECT], RAN, known)
    told = {(result["requirement"], result["implementation"]): result.get("expected") for result in results}
    assert told["relation.adjoint", NAME]["entries"][0]["reason"] == "known"
    assert told["relation.adjoint", OTHER] is None
    assert "expected" not in results[0]
    assert results[0]["verdict"] == "diverge"
    held = found(passed()).plain()
    assert with_expected(held, RAN, known) == held


def test_what_did_not_run_is_no_subject(fake):
    engine = engine_of(fake(), (NAME, OTHER))
    (subject,) = subjects_of(engine, RAN)
    assert (subject.target, subject.python) == ("torch", Path("/python"))
    assert list(subject.columns) == [NAME, OTHER]
    assert subjects_of(engine, {"torch": {"status": "unavailable", "interpreter": None}}) == []
