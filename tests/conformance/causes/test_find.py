"""Causes are found from records alone, where no framework can be asked."""

from __future__ import annotations

from itertools import product

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.condition import parse
from conv_transpose_conformance.causes.failures import Observed
from conv_transpose_conformance.causes.find import Found, find_causes
from conv_transpose_conformance.judging.verdicts import Check, Verdict
from tests.support.run_folders import call, causes_of, record


def test_one_missing_refusal_is_one_cause_however_the_calls_that_get_through_are_described():
    truth = parse("in some dimension: stride > 2 and bias or kernel_size > 2 and groups > 1")
    observed, failing = Observed(), set()
    for kernel, stride, groups, bias in product((1, 2, 3, 4), (1, 2, 3, 4), (1, 2, 3), "b_"):
        text = f"v1_1d_n1_ci{groups}_co{groups}_i1_k{kernel}_s{stride}_p9_g{groups}_{bias}_f32_int.1"
        case = Case.parse(text.replace("_s1_", "_").replace("_g1_", "_").replace("___", "_"))
        wrong = truth.holds(case)
        failing |= {case} if wrong else set()
        observed.add([record(case, Check.ACCEPTANCE, Verdict.DIVERGE if wrong else Verdict.PASS)])
    (cause,) = causes_of(observed)
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
    causes = causes_of(observed)
    assert {cause.family.kind: cause.formula.text for cause in causes} == {
        "refused": "dilation > 1",
        "shape": "dilation > 1",
    }


def test_a_cause_without_a_framework(cases):
    truth = parse("dilation > 1 and bias")
    observed = Observed()
    for case in cases:
        observed.add(call(case, truth.holds(case)))
    causes = causes_of(observed)
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
    events = list(find_causes(observed, {"torch": tmp_path / "no-python"}))
    causes = [cause for event in events if isinstance(event, Found) for cause in event.causes]
    assert sum(len(cause.records) for cause in causes) == sum(case.bias for case in cases[:20])
