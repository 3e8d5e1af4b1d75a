"""Shrinking and one-hot probes, on the fault models."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.causes.shrink import locate, shrink
from conv_transpose_conformance.faults import CLEAN, FAULTS, FaultModel, answer_of
from conv_transpose_conformance.faults.selftest import failing, reading
from conv_transpose_conformance.frameworks.registry import cannot_run
from conv_transpose_conformance.generation.corpus import core
from conv_transpose_conformance.judging.problem import Problem
from tests.support.fault_problems import problems

BY_NAME = {fault.name: fault for fault in FAULTS}


def checks(fault: FaultModel, case: Case) -> tuple[str, ...]:
    meaning = reading(case)
    return tuple(record.check.value for record in failing(fault, Problem(case, meaning.geometry), meaning))


def able(case: Case) -> str:
    """An API that can say the case: Paddle's say the most, PyTorch's know inputs without a batch."""
    if case.batch is None:
        return f"torch.nn.ConvTranspose{case.ndim}d"
    return f"paddle.nn.Conv{case.ndim}DTranspose"


@functools.cache
def first_failure(name: str) -> Case:
    for problem in problems():
        case = problem.case
        if cannot_run(able(case), case) is None and failing(BY_NAME[name], problem, reading(case)):
            return case
    raise AssertionError(name)


@functools.cache
def shrunk(name: str) -> Case:
    start = first_failure(name)
    return shrink(start, able(start), fails_alike(BY_NAME[name], start))


def fails_alike(fault: FaultModel, case: Case) -> Callable[[Case], bool]:
    wanted = checks(fault, case)[0]
    return lambda candidate: wanted in checks(fault, candidate)


def lowered(case: Case) -> Iterator[Case]:
    """Every case with one number of one parameter lowered, to any value that is not below its least."""
    for name, least in (
        ("input_size", 1),
        ("kernel_size", 1),
        ("stride", 1),
        ("dilation", 1),
        ("output_padding", 0),
    ):
        values = getattr(case, name)
        for at, value in enumerate(values):
            for lower in range(least, value):
                yield case.replace(**{name: (*values[:at], lower, *values[at + 1 :])})
    if not isinstance(case.padding, str):
        for at, pair in enumerate(case.padding):
            for side in (0, 1):
                for lower in range(pair[side]):
                    new = (lower, pair[1]) if side == 0 else (pair[0], lower)
                    yield case.replace(padding=(*case.padding[:at], new, *case.padding[at + 1 :]))
    for name in ("in_channels", "out_channels", "groups", "batch"):
        for lower in range(1, getattr(case, name) or 1):
            yield case.replace(**{name: lower})
    if case.bias:
        yield case.replace(bias=False)
    if case.dtype == "float64":
        yield case.replace(dtype="float32")
    if case.spelling != "plain":
        yield case.replace(spelling="plain")
    if case.layout != "channels_first":
        yield case.replace(layout="channels_first")


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_nothing_of_a_shrunk_case_can_be_lowered(name):
    fault, start = BY_NAME[name], first_failure(name)
    fails, small = fails_alike(fault, start), shrunk(name)
    assert fails(small)
    assert small.complexity <= start.complexity
    for lower in lowered(small):
        assert not fails(lower), lower.id


def test_the_smallest_case_of_a_known_fault():
    start = Case.parse("v1_2d_n3_ci4_co6_i4x5_k3x3_s3x2_p1x1_op2x1_d2x1_g2_b_f64_real.77")
    fault = BY_NAME["bias-twice"]
    assert (
        shrink(start, able(start), fails_alike(fault, start)).id == "v1_2d_n1_ci1_co1_i1x1_k1x1_b_f32_int.0"
    )


def test_each_case_is_asked_once_and_not_many():
    start = Case.parse("v1_2d_n3_ci4_co6_i4x5_k3x3_s3x2_p1x1_op2x1_d2x1_g2_b_f64_real.77")
    asked: list[Case] = []
    fails = fails_alike(BY_NAME["output-padding-zeros"], start)

    def counted(case: Case) -> bool:
        asked.append(case)
        return fails(case)

    shrink(start, able(start), counted)
    assert len(asked) == len(set(asked)) <= 250


def test_what_the_api_cannot_say_is_not_asked():
    start = Case.parse("v1_2d_u_ci2_co2_i2x2_k2x2_p0x1_b_f32_int.3")

    def fails(case: Case) -> bool:
        assert case.layout == "channels_first"
        assert case.symmetric
        return True

    assert shrink(start, "torch.nn.ConvTranspose2d", fails).batch == 1


def asking(fault: FaultModel, seen: list[Case]):
    def ask(case: Case):
        seen.append(case)
        problem = Problem(case, reading(case).geometry)
        return problem, answer_of(fault, problem, "x")

    return ask


LOCATED = [
    fault.name
    for fault in FAULTS
    if not fault.name.startswith(("refuses", "accumulates", "inputs", "float64", "integers", "truncates"))
]


@pytest.mark.parametrize("name", LOCATED)
def test_a_probe_shows_the_fault_and_is_replayed_from_its_id(name):
    fault, start = BY_NAME[name], first_failure(name)
    if not {"values", "grad_input", "grad_weight", "grad_bias"} & set(checks(fault, start)):
        assert locate(start, asking(fault, [])) is None  # no values are compared
        return
    if name == "unbatched-lifted":
        return
    small = shrunk(name)
    seen: list[Case] = []
    found = locate(small, asking(fault, seen))
    assert found is not None
    assert len(seen) <= 161
    again = Case.parse(found.case.id)
    problem = Problem(again, reading(again).geometry)
    assert sum(int(np.count_nonzero(array)) for array in problem.data.arrays().values()) == len(found.lit)
    answer = answer_of(fault, problem, "x").arrays[found.check.value]
    for wrong in found.wrong:
        assert answer[wrong.index] == wrong.actual != wrong.expected
        assert problem.reference[found.check].values[wrong.index] == wrong.expected
    assert found.sentence


def test_the_sentence_names_elements_and_what_is_missing():
    case = Case.parse("v1_1d_n1_ci1_co1_i2_k1_s1_op0_f32_int.1".replace("_s1_op0", ""))
    found = locate(case, asking(BY_NAME["last-column-lost"], []))
    assert found is not None
    assert found.lit == {"x": (0, 0, 1), "w": (0, 0, 0)}
    assert found.sentence == (
        "if only x[0, 0, 1] and w[0, 0, 0] are 1, y[0, 0, 1] should be 1 but is 0 (missing)"
    )


def test_a_clean_implementation_has_nothing_to_locate():
    seen: list[Case] = []
    for case in itertools.islice(core().cases(), 40):
        assert locate(case, asking(CLEAN, seen)) is None
    assert len(seen) == 40
