"""Which calls show a kind of failure, and which rule it out."""

from __future__ import annotations

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.causes.failures import (
    Calls,
    FailureKind,
    Observed,
    failure_kinds,
    without_numbers,
)
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict

NAME = "torch.nn.ConvTranspose1d"
SMALL = Case.parse("v1_1d_n1_ci1_co1_i2_k2_f32_int.1")
LARGE = Case.parse("v1_1d_n1_ci1_co1_i9_k2_f32_int.1")
VALUES = FailureKind("values")


def record(check: Check, verdict: Verdict, message: str = "", case: Case = SMALL) -> Record:
    return Record(
        case=case, implementation=NAME, framework="torch", check=check, verdict=verdict, message=message
    )


def call(case: Case, **verdicts: Verdict) -> list[Record]:
    return [record(Check[name.upper()], verdict, case=case) for name, verdict in verdicts.items()]


WRONG = {"acceptance": Verdict.PASS, "shape": Verdict.PASS, "values": Verdict.DIVERGE}
RIGHT = {"acceptance": Verdict.PASS, "shape": Verdict.PASS, "values": Verdict.PASS}


def test_failing_and_passing_calls_are_in_order_of_size():
    calls = Calls("torch")
    for case in (LARGE, SMALL):
        calls.add(call(case, **WRONG))
        calls.add(call(case.replace(kernel_size=(3,)), **RIGHT))
    assert calls.fails(VALUES) == [SMALL, LARGE]
    assert calls.passes(VALUES) == [case.replace(kernel_size=(3,)) for case in (SMALL, LARGE)]


def test_a_call_that_fails_otherwise_in_the_same_checks_shows_nothing():
    calls = Calls("torch")
    calls.add([*call(SMALL, values=Verdict.PASS), record(Check.GRAD_INPUT, Verdict.ERROR, "no gradient")])
    assert calls.fails(VALUES) == []
    assert calls.passes(VALUES) == []


def test_a_refusal_is_ruled_out_by_an_output_of_the_right_shape():
    calls = Calls("torch")
    calls.add(call(SMALL, acceptance=Verdict.PASS))
    calls.add(call(LARGE, acceptance=Verdict.PASS, shape=Verdict.PASS))
    assert calls.passes(FailureKind("refused", "ValueError: #")) == [LARGE]


def test_messages_differ_but_for_their_numbers():
    refused = [record(Check.ACCEPTANCE, Verdict.DIVERGE, f"ValueError: {n} channels") for n in (1, 2)]
    assert set(failure_kinds(refused)) == {FailureKind("refused", "ValueError: # channels")}


def test_what_cannot_be_expressed_is_not_observed():
    observed = Observed()
    observed.add([])
    observed.add([record(Check.ACCEPTANCE, Verdict.NOT_APPLICABLE)])
    observed.add(call(SMALL, **WRONG))
    assert list(observed.calls) == [NAME]
    assert observed.calls[NAME].fails(VALUES) == [SMALL]


def test_messages_are_the_same_but_for_their_numbers():
    assert without_numbers("size (-1, 2) of [3]") == without_numbers("size (4, -5) of [17]") == "size # of #"
    assert without_numbers("out of memory") != without_numbers("bad shape")


def test_wrong_values_and_wrong_gradients_are_one_kind():
    wrong = call(SMALL, acceptance=Verdict.PASS, values=Verdict.DIVERGE, grad_bias=Verdict.DIVERGE)
    assert set(failure_kinds(wrong)) == {VALUES}


def test_a_missing_refusal_is_one_kind_whether_the_call_returns_crashes_or_hangs():
    negative = Case.parse("v1_1d_n1_ci1_co1_i2_k1_p5_f32_int.1")
    accepted = FailureKind("accepted", "the output would have the negative size #")
    for verdict in (Verdict.DIVERGE, Verdict.CRASH, Verdict.HANG):
        assert set(failure_kinds(call(negative, acceptance=verdict))) == {accepted}
