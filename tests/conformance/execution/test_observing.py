"""What is asked to know the geometry of an undocumented call, with answers made here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import count

import numpy as np
import pytest

from conv_transpose_conformance.cases.axes import axes_of
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.cases.readings import Reading, of_word
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES
from conv_transpose_conformance.execution.observing import observing
from conv_transpose_conformance.execution.requests import Job, job_of
from conv_transpose_conformance.faults import FAULTS, answer_of
from conv_transpose_conformance.faults.selftest import reading as reading_of
from conv_transpose_conformance.frameworks.registry import cannot_run
from conv_transpose_conformance.generation.corpus import core
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.observation import Match, at
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.reference_impl import Geometry

NAME = "paddle.nn.Conv1DTranspose"
OPEN = Case.parse("v1_1d_n1_ci2_co3_i5_k3_s2_psame_b_f32_int.1")
CROP, SIZE = (1,), (10,)


def honest(job: Job, crop: tuple[int, ...] = CROP, gradients: tuple[int, ...] = CROP) -> Answer:
    """The answer of the crop, and the gradients of another one."""
    right = job.problem.under(at(job.case, crop, SIZE)).reference
    other = job.problem.under(at(job.case, gradients, SIZE)).reference
    arrays = {str(check): (right if check is Check.VALUES else other)[check].values for check in right}
    narrow = {name: array.astype(np.float32) for name, array in arrays.items()}
    return Answer(
        implementation=NAME, outcome=Outcome.OK, shape=(1, 3, *SIZE), dtype="float32", arrays=narrow
    )


def judged(case: Case, answer: Callable[[Job], Answer], name: str = NAME) -> tuple[Answer, list[Record], int]:
    """The answer with what was observed, its records, and how many further calls were made."""
    job = job_of(case, name)
    asking, asked = observing(job, name, answer(job)), 0
    try:
        further = next(asking)
        while True:
            asked += 1
            further = asking.send(answer(further))
    except StopIteration as known:
        found: Answer = known.value
        return found, job.judge(found, Target("paddle")), asked


def verdicts(records: list[Record]) -> dict[str, Verdict]:
    return {record.check.value: record.verdict for record in records}


def test_an_honest_output_is_judged_without_further_calls() -> None:
    answer, records, asked = judged(OPEN, honest)
    assert asked == 0
    assert answer.observed is not None
    assert answer.observed.geometry == at(OPEN, CROP, SIZE)
    passing = ("dtype", "values", "grad_input", "grad_weight", "grad_bias")
    assert verdicts(records) == {"acceptance": Verdict.ALLOWED, **dict.fromkeys(passing, Verdict.PASS)}
    assert {record.observed for record in records} == {at(OPEN, CROP, SIZE)}


def test_gradients_of_another_crop_than_the_values_diverge() -> None:
    _, records, _ = judged(OPEN, lambda job: honest(job, gradients=(0,)))
    found = verdicts(records)
    assert found["values"] is Verdict.PASS
    assert found["grad_input"] is found["grad_weight"] is Verdict.DIVERGE


def test_an_output_that_is_no_crop_diverges_after_one_repetition() -> None:
    def wrong(job: Job) -> Answer:
        answer = honest(job)
        answer.arrays["values"][0, 0, 3] += 100_000
        return answer

    answer, records, asked = judged(OPEN, wrong)
    assert asked == 1
    assert answer.observed is not None
    assert answer.observed.match is Match.NONE
    assert verdicts(records)["values"] is Verdict.DIVERGE
    assert "no crop of the operator" in records[-1].message


def test_an_output_that_changes_from_call_to_call_is_flaky_with_its_distribution() -> None:
    number = count()

    def flaky(job: Job) -> Answer:
        answer = honest(job)
        answer.arrays["values"][0, 0, 3] = (7e5, 8e5, 7e5, 9e5, 7e5)[next(number)]
        return answer

    answer, records, _ = judged(OPEN, flaky)
    assert answer.observed is not None
    assert answer.observed.match is Match.FLAKY
    assert "5 equal calls gave 3 different outputs (3, 1, 1 times each)" in records[-1].message


def test_reals_beyond_their_bound_are_judged_by_the_crop_of_integers() -> None:
    def coarse(job: Job) -> Answer:
        answer = honest(job)
        if job.case.recipe.kind == "real":
            answer.arrays["values"][:] += np.float32(0.01)
        return answer

    _, records, _ = judged(Case.parse(OPEN.id.replace("int.1", "real.1")), coarse)
    assert verdicts(records)["values"] is Verdict.DIVERGE
    assert "elements differ" in next(r.message for r in records if r.check is Check.VALUES)


def test_one_hot_numbers_are_helped_by_integers() -> None:
    answer, records, asked = judged(Case.parse(OPEN.id.replace("int.1", "one.x0.w0")), honest)
    assert asked > 0
    assert answer.observed is not None
    assert answer.observed.geometry == at(OPEN, CROP, SIZE)
    assert not any(record.failing for record in records)


def test_a_framework_that_refuses_integers_is_named() -> None:
    def choosy(job: Job) -> Answer:
        if job.case.recipe.kind == "int":
            return Answer(implementation=NAME, outcome=Outcome.RAISED, stage="forward", message="no integers")
        return honest(job)

    _, records, _ = judged(Case.parse(OPEN.id.replace("int.1", "one.x0.w0")), choosy)
    assert verdicts(records)["values"] is Verdict.UNSUPPORTED
    assert "with integers: no integers" in records[-1].message


def test_an_output_larger_than_the_pool_gets_its_gradient_in_a_further_call() -> None:
    asked: list[Problem] = []

    def large(job: Job) -> Answer:
        asked.append(job.problem)
        answer = honest(job)
        return answer if job.problem.geometry else Answer(**{**_fields(answer), "arrays": _values(answer)})

    _, records, further = judged(OPEN, large)
    assert further == 1
    assert asked[-1].geometry == at(OPEN, CROP, SIZE)
    assert verdicts(records)["grad_weight"] is Verdict.PASS


def _fields(answer: Answer) -> dict[str, object]:
    return {name: getattr(answer, name) for name in ("implementation", "outcome", "shape", "dtype")}


def _values(answer: Answer) -> dict[str, np.ndarray]:
    return {"values": answer.arrays["values"]}


SAME_CASES = [
    case
    for case in core().valid
    if case.padding == "same" and cannot_run(f"paddle.nn.Conv{case.ndim}DTranspose", case) is None
]


def of_geometry(job: Job, *, crop: tuple[int, ...], size: tuple[int, ...], name: str) -> Answer:
    """The correct answer of a geometry."""
    reference = job.problem.under(at(job.case, crop, size)).reference
    dtype = NUMPY_DTYPES[job.case.dtype]
    arrays = {str(check): expected.values.astype(dtype) for check, expected in reference.items()}
    return Answer(
        implementation=name,
        outcome=Outcome.OK,
        shape=arrays["values"].shape,
        dtype=job.case.dtype,
        arrays=arrays,
    )


@pytest.mark.parametrize("reading", of_word("same"), ids=lambda reading: reading.name)
def test_who_follows_any_public_reading_is_not_accused(reading: Reading) -> None:
    asked = 0
    for case in SAME_CASES:
        size, crop = zip(*map(reading.of, axes_of(case)), strict=True)
        if min(size) < 1:
            continue
        asked += 1
        name = f"paddle.nn.Conv{case.ndim}DTranspose"
        answer = partial(of_geometry, crop=crop, size=size, name=name)
        found, records, _ = judged(case, answer, name)
        assert not [record for record in records if record.failing], case.id
        assert found.observed is not None
        assert found.observed.found is not None, case.id
    assert asked == len(SAME_CASES) > 0


@pytest.mark.parametrize(
    "name", ["same-dilation-ignored", "same-stride-ignored", "same-gradients-of-another-crop"]
)
def test_what_is_no_crop_or_has_other_gradients_is_accused_where_documents_are_silent(name: str) -> None:
    fault = next(one for one in FAULTS if one.name == name)
    accused = 0
    for case in SAME_CASES:
        right = reading_of(case).geometry
        assert right is not None
        implementation = f"paddle.nn.Conv{case.ndim}DTranspose"

        def answer(job: Job, right: Geometry = right, name: str = implementation) -> Answer:
            return answer_of(
                fault, job.problem.under(at(job.case, right.crop_before, right.output_size)), name
            )

        accused += any(record.failing for record in judged(case, answer, implementation)[1])
    assert accused > 10
