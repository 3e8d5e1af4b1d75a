"""The engine on the real frameworks: clean where they are, and right about where they are not."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.tensors import make_data
from conv_transpose_conformance.causes.failures import is_open
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.execution.engine import Engine
from conv_transpose_conformance.frameworks.registry import framework_of, interpret, select
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.workers import process
from tests.support.clock import Clock
from tests.support.processes import are_all_asleep
from tests.support.real import by_hand as called_by_hand
from tests.support.running import Outcome

pytestmark = pytest.mark.frameworks

VALUES = {Check.VALUES, Check.GRAD_INPUT, Check.GRAD_WEIGHT, Check.GRAD_BIAS}
MS2 = "mindspore.nn.Conv2dTranspose"
MINT = "mindspore.mint.nn.ConvTranspose2d"


@pytest.fixture
def real_engine(framework_python):
    def make(*patterns: str, **options) -> Engine:
        def locate(framework: str, *_rest: object) -> Path:
            return framework_python(framework)

        return Engine(implementations=select(patterns), locate=locate, **{"allowance": 20.0, **options})

    return make


def run(engine: Engine, cases: list[Case]) -> Outcome:
    outcome = Outcome()
    for event in engine.run(cases):
        outcome.tell(event)
    assert outcome.unavailable == []
    return outcome


def sample(quick_cases: list[Case], count: int) -> list[Case]:
    valid = quick_cases[:-24]
    return valid[:: len(valid) // count][:count]


@pytest.mark.parametrize("framework", ["torch", "paddle", "r.torch"])
def test_values_and_gradients_are_clean(real_engine, quick_cases, framework):
    cases = sample(quick_cases, 151)
    outcome = run(real_engine(f"{framework}.*"), cases)
    failing = [
        record
        for record in outcome.records
        if record.check in VALUES and record.failing and not is_open(record.case, record.implementation)
    ]
    assert failing == []
    for name in select([f"{framework}.*"]):
        passed = {
            (record.case, record.check)
            for record in outcome.records
            if record.implementation == name and record.verdict is Verdict.PASS
        }
        judged = [case for case, check in passed if check is Check.VALUES]
        assert len(judged) >= 30
        for case in judged:
            assert {(case, Check.GRAD_INPUT), (case, Check.GRAD_WEIGHT)} <= passed
            assert ((case, Check.GRAD_BIAS) in passed) == case.bias
    exact = [r for r in outcome.records if r.level == "exact" and r.verdict is Verdict.PASS]
    assert exact
    assert all(record.met in ("exact", "inexact") for record in exact)
    (ready,) = outcome.ready
    assert ready.info["version"]


def test_every_case_is_judged_once_by_everyone_who_can_say_it(real_engine, quick_cases):
    cases = sample(quick_cases, 101)
    outcome = run(real_engine("mindspore.nn.*"), cases)
    seen = [(r.case, r.implementation) for r in outcome.records if r.check is Check.ACCEPTANCE]
    assert len(seen) == len(set(seen)) == len(cases)
    judged = [r for r in outcome.records if r.check is Check.VALUES]
    assert len(judged) >= 25
    assert {record.verdict for record in judged} <= {Verdict.PASS, Verdict.DIVERGE}


def by_hand(case: Case) -> np.ndarray:
    """A kernel of one element: every input lands ``stride`` apart, the bias everywhere."""
    assert case.kernel_size == (1, 1)
    assert (case.in_channels, case.out_channels) == (1, 1)
    data = make_data(case, interpret(case, MS2).geometry)
    rows, columns = (
        (size - 1) * stride + 1 + extra
        for size, stride, extra in zip(case.input_size, case.stride, case.output_padding, strict=True)
    )
    y = np.zeros((case.batch, 1, rows, columns))
    y[..., :: case.stride[0], :: case.stride[1]][..., : case.input_size[0], : case.input_size[1]] = (
        data.x * data.w.reshape(())
    )
    return y + (0 if data.b is None else data.b.reshape(()))


HAND = [
    "v1_2d_n1_ci1_co1_i2x2_k1x1_s2x2_op1x1_b_f32_int.7",
    "v1_2d_n1_ci1_co1_i2x2_k1x1_s2x2_op1x1_f32_int.7",
    "v1_2d_n1_ci1_co1_i2x2_k1x1_s3x2_op0x1_b_f32_int.9",
    "v1_2d_n1_ci1_co1_i2x2_k1x1_s2x2_b_f32_int.7",
]


@pytest.mark.parametrize("name", [MS2, "torch.nn.ConvTranspose2d", "paddle.nn.Conv2DTranspose"])
def test_the_verdict_is_what_the_frameworks_own_numbers_and_a_hand_computation_make_it(
    real_engine, framework_python, name
):
    cases = [Case.parse(case_id) for case_id in HAND]
    outcome = run(real_engine(name), cases)
    found = called_by_hand(framework_python(framework_of(name)), [(case, name) for case in cases])
    for case, direct in zip(cases, found, strict=True):
        right, record = by_hand(case), outcome.of(case, name)[Check.VALUES]
        assert direct["values"].shape == right.shape
        if np.array_equal(direct["values"], right):
            assert record.verdict is Verdict.PASS
            assert record.met == "exact"
        else:
            assert record.verdict is Verdict.DIVERGE
            assert np.array_equal(np.array(record.evidence.expected), right)
            assert np.array_equal(np.array(record.evidence.actual), direct["values"])
            assert np.array_equal(np.array(record.evidence.difference), direct["values"] - right)
            assert record.evidence.wrong == (direct["values"] != right).sum()


def test_the_quick_cases_meet_output_padding_with_a_bias(real_engine, quick_cases):
    """Whatever this release does there, the quick cases tell: all of one mind, or a divergence found."""
    cases = [c for c in quick_cases if c.ndim == 2 and any(c.output_padding) and c.dtype == "float32"][:150]
    known = Case.parse(HAND[0])
    outcome = run(real_engine(MS2), [known, *cases])
    judged = [r for r in outcome.records if r.check is Check.VALUES and r.case != known]
    assert len(judged) >= 50
    hand = outcome.of(known, MS2)[Check.VALUES]
    diverging = [r for r in judged if r.verdict is Verdict.DIVERGE]
    assert bool(diverging) == (hand.verdict is Verdict.DIVERGE)


def test_mint_is_judged_as_far_as_it_goes(real_engine, quick_cases):
    cases = [case for case in sample(quick_cases, 150) if case.ndim == 2 and case.recipe.kind == "int"]
    outcome = run(real_engine(MINT), cases)
    calls: dict[Case, dict[Check, Record]] = {}
    for record in outcome.records:
        calls.setdefault(record.case, {})[record.check] = record
    judged = [found for found in calls.values() if Check.VALUES in found]
    assert len(judged) >= 10
    for found in judged:
        assert found[Check.PARAMETERS].verdict in (Verdict.PASS, Verdict.DIVERGE)
        if found[Check.VALUES].verdict is Verdict.UNSUPPORTED:  # no Ascend device here
            assert "ConvTranspose2D" in found[Check.VALUES].message  # in the framework's own words
            assert {found[check].verdict for check in VALUES & found.keys()} == {Verdict.UNSUPPORTED}
    assert any(Check.SHAPE in found for found in judged)
    assert any(found[Check.PARAMETERS].verdict is Verdict.PASS for found in judged)


def test_a_framework_killed_in_mid_run_costs_no_answer(real_engine, quick_cases):
    cases = [case for case in quick_cases if case.ndim == 1 and case.symmetric and case.batch][:1200]
    engine = real_engine("torch.nn.ConvTranspose1d")
    outcome, calls = Outcome(), 0
    for event in engine.run(cases):
        outcome.tell(event)
        calls += isinstance(event, events.Judged)
        if calls == 20 and isinstance(event, events.Judged):
            os.kill(engine._drivers[0]._connection._worker.process.pid, signal.SIGSEGV)
    by_case = {record.case: [] for record in outcome.records}
    for record in outcome.records:
        by_case[record.case].append(record)
    assert len(by_case) == len(cases)
    lost = [records for records in by_case.values() if any(record.failing for record in records)]
    assert len(lost) <= 1  # none where the worker had answered everything already
    for (record,) in lost:
        assert record.verdict is Verdict.CRASH
        assert record.message.startswith("only after other calls, not alone: SIGSEGV")


def test_what_may_kill_a_framework_ends_nobody_else(real_engine, monkeypatch):
    # Some hang: time passes for calls only while no worker does anything.
    monkeypatch.setattr(process, "time", Clock(running=lambda: are_all_asleep(os.getpid())))
    harmless = "v1_2d_n1_ci1_co1_i2x2_k3x3_f32_int.{}"
    ids = [
        harmless.format(1),
        "v1_2d_n1_ci1_co1_i2x2_k3x3_p3x3_f32_int.1",  # a documented size of -2
        harmless.format(2),
        "v1_2d_n1_ci1_co1_i2x2_k3x3_p7x7_b_f32_int.1",
        harmless.format(3),
        "v1_2d_n1_ci3_co2_i2x2_k3x3_g2_f32_int.1",
        harmless.format(4),
    ]
    cases = [Case.parse(id_) for id_ in ids]
    names = ("torch.nn.ConvTranspose2d", "paddle.nn.Conv2DTranspose", MS2)
    outcome = run(real_engine(*names, deadline=3.0), cases)
    for name in names:
        assert outcome.all_right(cases[::2], name)
        for case in cases[1::2]:
            (record,) = outcome.of(case, name).values()
            assert record.verdict in (Verdict.PASS, Verdict.DIVERGE, Verdict.CRASH, Verdict.HANG)
            assert record.message


@pytest.mark.parametrize(
    ("case", "name"),
    [
        ("v1_2d_n1_ci3_co1_i40x40_k2x2_s2x2_b_f32_real.1", "paddle.nn.Conv2DTranspose"),
        ("v1_2d_n1_ci128_co64_i196x196_k2x2_s2x2_b_f32_real.2", "paddle.nn.Conv2DTranspose"),
        ("v1_2d_n1_ci64_co3_i256x256_k4x4_s2x2_p1x1_b_f64_real.1", "torch.nn.ConvTranspose2d"),
        ("v1_1d_n1_ci80_co80_i63_k1024_s256_b_f32_real.1", "torch.nn.ConvTranspose1d"),
    ],
)
def test_layers_that_add_their_bias_last_are_not_accused_of_biased_rounding(real_engine, case, name):
    outcome = run(real_engine(name), [Case.parse(case)])
    judged = {record.check: record for record in outcome.records if record.check in VALUES}
    assert set(judged) == VALUES
    assert {record.verdict for record in judged.values()} == {Verdict.PASS}
    assert judged[Check.VALUES].level == "bounded"
