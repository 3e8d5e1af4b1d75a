"""Whose fault a failing statement is follows from the verdicts on what contradicts it."""

from __future__ import annotations

import pytest
from attrs import evolve

from conv_transpose_conformance.requirements.attribution import attributed
from conv_transpose_conformance.requirements.base.requirement import DEFINITION, Judged, Probed
from conv_transpose_conformance.requirements.catalogue import catalogue, load
from tests.support.claims import FALSE

LAYER, OTHER = "paddle.nn.Conv1DTranspose", "paddle.nn.Conv1DTranspose+to_static"
SENTENCE = Probed(id="X.sentence", statement="It is so.", source="paddle-1d", trials=lambda _bench: [])
FORMULA = evolve(SENTENCE, id="X.formula")
PASSES = {"shape": {"pass": 9}, "values": {"pass": 9}}
FAILS = {"shape": {"pass": 9}, "values": {"pass": 8, "diverge": 1}}


def result(requirement=SENTENCE, verdict="diverge", name=LAYER, probed=True):
    return {
        "requirement": requirement.id,
        "implementation": name,
        "probed": probed,
        "verdict": verdict,
    }


def fault(results, *requirements, checks=PASSES):
    """Whose fault the first result is."""
    told = attributed(results, requirements, load().documents, {LAYER: {"checks": checks}})
    assert told[0]["because"]
    return told[0]["attribution"]


def test_a_sentence_that_nothing_contradicts_is_the_implementations_fault():
    assert fault([result()], SENTENCE) == "implementation"


def test_a_third_partys_page_fails_no_implementation():
    assert fault([result()], evolve(SENTENCE, source="torch-2d")) == "document"
    assert not load().documents["torch-2d"].official


def test_a_requirement_of_the_suite_is_the_implementations_to_keep():
    assert fault([result()], evolve(SENTENCE, source="suite")) == "implementation"


@pytest.mark.parametrize(
    ("verdict", "whose"), [("pass", "document"), ("diverge", "undecided"), ("unsupported", "undecided")]
)
def test_a_sentence_of_a_page_that_contradicts_itself(verdict, whose):
    sentence = evolve(SENTENCE, contradicts=(FORMULA.id,))
    assert fault([result(), result(FORMULA, verdict)], sentence, FORMULA) == whose


def test_what_holds_on_another_implementation_does_not_count():
    sentence = evolve(SENTENCE, contradicts=(FORMULA.id,))
    assert fault([result(), result(FORMULA, "pass", OTHER)], sentence, FORMULA) == "undecided"


@pytest.mark.parametrize(("checks", "whose"), [(PASSES, "document"), (FAILS, "undecided"), ({}, "undecided")])
def test_the_definition_decides_where_the_cases_keep_it(checks, whose):
    sentence = evolve(SENTENCE, contradicts=(DEFINITION,))
    assert fault([result()], sentence, checks=checks) == whose


@pytest.mark.parametrize(
    ("verdict", "whose"), [("pass", "undecided"), ("diverge", "document"), ("unsupported", "document")]
)
def test_a_sentence_that_some_implementation_keeps_is_not_against_the_definition(verdict, whose):
    sentence = evolve(SENTENCE, contradicts=(DEFINITION,))
    assert fault([result(), result(verdict=verdict, name=OTHER)], sentence) == whose


def test_what_cases_decide_is_judged_by_the_frameworks_own_documents():
    judged = Judged(id="X.judged", statement="So.", source="torch-2d", checks=(), of=lambda _case: True)
    assert fault([result(judged, probed=False)], judged) == "implementation"


def test_what_holds_is_nobodys_fault():
    (told,) = attributed([result(verdict="pass")], [SENTENCE], load().documents, {})
    assert "attribution" not in told


def test_what_a_statement_contradicts_is_a_statement_on_the_same_api():
    for requirement in catalogue().values():
        for name in requirement.contradicts:
            if name != DEFINITION:
                assert catalogue()[name].applies == requirement.applies
                assert name != requirement.id


def test_each_statement_that_the_operator_itself_does_not_keep_says_what_it_contradicts():
    declared = {name for name, requirement in catalogue().items() if requirement.contradicts}
    seeds = ("T1.", "T2.", "P1.", "M2.")  # test_official_pages holds the other pages to theirs
    assert {name for name in declared if name.startswith(seeds)} == FALSE
