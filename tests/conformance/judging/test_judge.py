"""What the judge says of acceptance, parameters, shapes and dtypes, and of answers without tensors."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance, Meaning
from conv_transpose_conformance.judging.answers import Outcome
from conv_transpose_conformance.judging.judge import VALUE_CHECKS
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import FAILING, Check, Verdict
from tests.support.judging import answer_of, problem_of, records_of, tensors, with_outcome

CASE = Case.parse("v1_2d_n2_ci2_co4_i3x4_k2x3_s2x1_p1x0_g2_b_f32_int.7")
PROBLEM = problem_of(CASE)
HONEST = answer_of(PROBLEM, tensors(PROBLEM))
NEVER = Problem(CASE, None)
FORBIDDEN = Meaning(Acceptance.FORBIDDEN, None, "the output would have the negative size (-2, -2)")
OPEN = Meaning(Acceptance.UNSPECIFIED, None, "the documents contradict themselves")


def verdicts(records):
    return {str(check): str(record.verdict) for check, record in records.items()}


def test_an_honest_answer_passes_every_check():
    made = evolve(HONEST, parameters={"weight": ((2, 2, 2, 3), "float32"), "bias": ((4,), "float32")})
    assert verdicts(records_of(PROBLEM, made)) == {str(check): "pass" for check in Check}


def test_a_function_has_no_parameters_to_judge():
    assert Check.PARAMETERS not in records_of(PROBLEM, HONEST)


def test_without_a_bias_its_gradient_is_not_judged():
    problem = problem_of(CASE.replace(bias=False))
    assert Check.GRAD_BIAS not in records_of(problem, answer_of(problem, tensors(problem)))


def test_a_record_carries_the_case_the_name_and_the_time():
    record = records_of(PROBLEM, HONEST)[Check.VALUES]
    assert (record.case, record.implementation, record.framework, record.microseconds) == (
        CASE,
        "paddle.nn.Conv2DTranspose",
        "paddle",
        1.0,
    )


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"weight": ((4, 1, 2, 3), "float32"), "bias": ((4,), "float32")}, "weight: float32[4, 1, 2, 3]"),
        ({"weight": ((2, 2, 2, 3), "float64"), "bias": ((4,), "float32")}, "weight: float64[2, 2, 2, 3]"),
        ({"weight": ((2, 2, 2, 3), "float32")}, "bias: none rather than float32[4]"),
        (
            {"weight": ((2, 2, 2, 3), "float32"), "bias": ((4,), "float32"), "extra": ((1,), "float32")},
            "extra: float32[1] rather than none",
        ),
    ],
)
def test_wrong_parameters_diverge(parameters, said):
    record = records_of(PROBLEM, evolve(HONEST, parameters=parameters))[Check.PARAMETERS]
    assert record.verdict is Verdict.DIVERGE
    assert said in record.message


def test_a_wrong_shape_is_shown_and_its_values_not_compared():
    wide = {**tensors(PROBLEM), "values": np.zeros((2, 4, 5, 6))}
    records = records_of(PROBLEM, answer_of(PROBLEM, wide))
    assert records[Check.SHAPE].verdict is Verdict.DIVERGE
    assert records[Check.SHAPE].message == ("expected the output shape [2, 4, 4, 6], got [2, 4, 5, 6]")
    assert records[Check.SHAPE].evidence.expected == [2, 4, 4, 6]
    assert records[Check.SHAPE].evidence.actual == [2, 4, 5, 6]
    assert {records[check].verdict for check in VALUE_CHECKS} == {Verdict.NOT_APPLICABLE}


def test_a_wrong_dtype_of_the_output_diverges():
    records = records_of(PROBLEM, answer_of(PROBLEM, tensors(PROBLEM), dtype="float64"))
    assert records[Check.DTYPE].verdict is Verdict.DIVERGE
    assert records[Check.DTYPE].message == "the output is float64, but the input is float32"
    assert records[Check.VALUES].verdict is Verdict.PASS


def test_a_wrong_dtype_of_a_gradient_diverges():
    arrays = {**HONEST.arrays, "grad_weight": HONEST.arrays["grad_weight"].astype(np.float64)}
    records = records_of(PROBLEM, evolve(HONEST, arrays=arrays))
    assert records[Check.GRAD_WEIGHT].verdict is Verdict.DIVERGE
    assert records[Check.GRAD_WEIGHT].message == "is float64 rather than float32"
    assert records[Check.GRAD_INPUT].verdict is Verdict.PASS


def test_a_wrong_shape_of_a_gradient_diverges():
    arrays = {**HONEST.arrays, "grad_weight": HONEST.arrays["grad_weight"].reshape(2, 2, 3, 2)}
    record = records_of(PROBLEM, evolve(HONEST, arrays=arrays))[Check.GRAD_WEIGHT]
    assert record.verdict is Verdict.DIVERGE
    assert record.message == "has the shape [2, 2, 3, 2] rather than [2, 2, 2, 3]"


@pytest.mark.parametrize("name", [str(check) for check in VALUE_CHECKS])
def test_a_missing_tensor_diverges(name):
    arrays = {key: array for key, array in HONEST.arrays.items() if key != name}
    record = records_of(PROBLEM, evolve(HONEST, arrays=arrays))[Check(name)]
    assert (record.verdict, record.message) == (Verdict.DIVERGE, "not returned")


def test_a_refusal_of_a_call_that_the_documents_allow_is_an_error():
    for stage in ("construct", "forward"):
        raised = with_outcome(HONEST, Outcome.RAISED, stage, "ValueError: no")
        records = records_of(PROBLEM, raised)
        assert list(records) == [Check.ACCEPTANCE]
        assert records[Check.ACCEPTANCE].verdict is Verdict.ERROR
        assert records[Check.ACCEPTANCE].message == (
            f"refused in {stage}, although the documents allow it: ValueError: no"
        )


def test_an_exception_in_backward_is_the_gradients_own():
    raised = evolve(
        HONEST,
        outcome=Outcome.RAISED,
        stage="backward",
        message="RuntimeError: no",
        arrays={"values": HONEST.arrays["values"]},
    )
    records = records_of(PROBLEM, raised)
    assert records[Check.ACCEPTANCE].verdict is Verdict.PASS
    assert records[Check.VALUES].verdict is Verdict.PASS
    for check in VALUE_CHECKS[1:]:
        assert (records[check].verdict, records[check].message) == (Verdict.ERROR, "RuntimeError: no")


def test_an_exception_while_the_output_is_read_is_the_values_own():
    raised = with_outcome(HONEST, Outcome.RAISED, "output", "RuntimeError: no", shape=HONEST.shape)
    records = records_of(PROBLEM, raised)
    assert records[Check.ACCEPTANCE].verdict is Verdict.PASS
    assert records[Check.VALUES].verdict is Verdict.ERROR
    assert records[Check.GRAD_INPUT].verdict is Verdict.NOT_APPLICABLE
    assert records[Check.GRAD_INPUT].message == "not reached: RuntimeError: no"


def test_unsupported_in_the_frameworks_own_words():
    answer = with_outcome(
        HONEST, Outcome.UNSUPPORTED, "forward", "no such kernel", shape=(2, 4, 4, 6), dtype="float32"
    )
    assert verdicts(records_of(PROBLEM, answer)) == {
        "acceptance": "pass",
        "shape": "pass",
        "dtype": "pass",
        "values": "unsupported",
        "grad_input": "unsupported",
        "grad_weight": "unsupported",
        "grad_bias": "unsupported",
    }
    assert records_of(PROBLEM, answer)[Check.VALUES].message == "no such kernel"


def test_the_inferred_shape_of_an_unsupported_call_is_judged():
    answer = with_outcome(
        HONEST, Outcome.UNSUPPORTED, "forward", "no such kernel", shape=(2, 4, 4, 7), dtype="float32"
    )
    assert records_of(PROBLEM, answer)[Check.SHAPE].verdict is Verdict.DIVERGE


@pytest.mark.parametrize(("outcome", "verdict"), [(Outcome.CRASH, "crash"), (Outcome.HANG, "hang")])
@pytest.mark.parametrize("meaning", [None, FORBIDDEN, OPEN], ids=["required", "forbidden", "open"])
def test_a_crash_or_hang_is_a_failure_whatever_the_documents_say(outcome, verdict, meaning):
    answer = with_outcome(HONEST, outcome, "", "SIGSEGV (2 of 2 times)")
    records = records_of(PROBLEM if meaning is None else NEVER, answer, meaning)
    assert list(records) == [Check.ACCEPTANCE]
    record = records[Check.ACCEPTANCE]
    assert (str(record.verdict), record.message) == (verdict, "SIGSEGV (2 of 2 times)")
    assert record.failing


def test_an_answer_that_contradicts_itself_is_an_error():
    answer = with_outcome(HONEST, Outcome.INVALID, "", "the worker's answer is invalid: no shape")
    for meaning, problem in ((None, PROBLEM), (FORBIDDEN, NEVER)):
        assert verdicts(records_of(problem, answer, meaning)) == {"acceptance": "error"}


def test_a_refusal_that_the_documents_demand_passes():
    answer = with_outcome(HONEST, Outcome.RAISED, "forward", "ValueError: negative size")
    record = records_of(NEVER, answer, FORBIDDEN)[Check.ACCEPTANCE]
    assert (record.verdict, record.message) == (Verdict.PASS, "ValueError: negative size")


@pytest.mark.parametrize("shape", [(1, 1, 2, 2), (1, 1, -1, -1), (1, 1, 0, 0)])
def test_a_missing_refusal_diverges(shape):
    answer = evolve(HONEST, shape=shape, arrays={})
    records = records_of(NEVER, answer, FORBIDDEN)
    assert verdicts(records) == {"acceptance": "diverge"}
    message = records[Check.ACCEPTANCE].message
    assert message == f"accepted, although {FORBIDDEN.reason}; the output has the shape {list(shape)}"


def test_a_missing_refusal_before_a_missing_kernel_is_unsupported():
    nothing = with_outcome(HONEST, Outcome.UNSUPPORTED, "forward", "no kernel")
    assert verdicts(records_of(NEVER, nothing, FORBIDDEN)) == {"acceptance": "unsupported"}
    # the kernel that is missing might have refused it
    inferred = evolve(nothing, shape=(1, 1, 2, 2))
    records = records_of(NEVER, inferred, FORBIDDEN)
    assert verdicts(records) == {"acceptance": "unsupported"}
    told = "not refused before the kernel, which this device does not have: no kernel"
    assert records[Check.ACCEPTANCE].message == told
    # no kernel makes this shape right
    records = records_of(NEVER, evolve(nothing, shape=(1, 1, -1, 2)), FORBIDDEN)
    assert verdicts(records) == {"acceptance": "diverge"}
    told = f"the shape [1, 1, -1, 2] is inferred, although {FORBIDDEN.reason}"
    assert records[Check.ACCEPTANCE].message == told


def test_a_missing_refusal_of_an_implementation_without_values_diverges():
    """The call was made and came back; its output has no values (a tensor on the device "meta")."""
    answer = with_outcome(HONEST, Outcome.UNSUPPORTED, "output", "no values", shape=(1, 1, 2, 2))
    records = records_of(NEVER, answer, FORBIDDEN)
    assert verdicts(records) == {"acceptance": "diverge"}
    assert records[Check.ACCEPTANCE].message.startswith("accepted, although")


@pytest.mark.parametrize(
    "outcome", [Outcome.OK, Outcome.RAISED, Outcome.UNSUPPORTED, Outcome.INVALID], ids=str
)
def test_where_the_documents_are_silent_acceptance_and_refusal_are_allowed(outcome):
    record = records_of(NEVER, with_outcome(HONEST, outcome, "forward", "?"), OPEN)
    assert verdicts(record) == {"acceptance": "allowed"}
    assert record[Check.ACCEPTANCE].message == OPEN.reason


def test_a_negative_shape_diverges_and_has_no_values():
    answer = evolve(HONEST, shape=(2, 4, -1, -1), arrays={})
    records = records_of(PROBLEM, answer)
    assert records[Check.SHAPE].verdict is Verdict.DIVERGE
    assert records[Check.VALUES].verdict is Verdict.NOT_APPLICABLE
    assert records[Check.VALUES].message == "an output with a negative dimension has no values"


def test_diverge_error_crash_and_hang_fail_a_run():
    assert {str(verdict) for verdict in FAILING} == {"diverge", "error", "crash", "hang"}
    assert not any(verdict in FAILING for verdict in (Verdict.PASS, Verdict.ALLOWED, Verdict.UNSUPPORTED))
