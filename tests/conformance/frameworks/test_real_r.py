"""The worker of R torch itself; skipped where there is no R with torch."""

from __future__ import annotations

import os
import signal

import numpy as np
import pytest

from conv_transpose_conformance.adapters.protocol import encode
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES
from conv_transpose_conformance.execution.case_runner import CaseRunner
from conv_transpose_conformance.execution.requests import job_of
from conv_transpose_conformance.frameworks.starting import worker_command
from conv_transpose_conformance.judging.answers import Outcome, read_answer
from conv_transpose_conformance.requirements.base.probe import Prober
from conv_transpose_conformance.workers.process import Worker, WorkerDied

pytestmark = pytest.mark.frameworks

NAME, FUNCTION = "r.torch.nn_conv_transpose1d", "r.torch.nnf_conv_transpose1d"
PLAIN = Case.parse("v1_1d_n2_ci1_co1_i4_k3_f32_int.1")


@pytest.fixture(scope="module")
def runner(framework_python):
    with CaseRunner(Target("r.torch"), framework_python("r.torch")) as started:
        yield started


def test_a_request_it_does_not_know_is_answered_and_the_next_one_too(framework_python):
    with Worker(worker_command("r.torch", framework_python("r.torch"))) as worker:
        assert worker.hello["r"]
        for number, kind in ((1, "nonsense"), (2, "run")):
            header = {"type": kind, "id": number, "case": PLAIN.to_dict(), "implementations": [FUNCTION]}
            arrays = {n: ("float32", a) for n, a in job_of(PLAIN, FUNCTION).problem.data.arrays().items()}
            worker.send(encode(header, arrays))
        unknown, none = worker.receive(60)
        answer = read_answer(unknown, none)
        assert (unknown["id"], answer.outcome, none) == (1, Outcome.UNSUPPORTED, {})
        assert "no request of type 'nonsense'" in answer.message
        assert read_answer(*worker.receive(60)).outcome is Outcome.OK


ODD = {
    "float16": [6e-8, -0.0, np.inf, np.nan],
    "float32": [np.finfo("f4").smallest_subnormal, -0.0, np.finfo("f4").max, 1 / 3],
    "float64": [np.finfo("f8").smallest_subnormal, -0.0, np.finfo("f8").max, 1 / 3],
    "bfloat16": [1e-40, -0.0, np.inf, 1 / 3],
    "complex64": [1j, -0.0, np.inf, 1 / 3 + 2j],
    "complex128": [1j, -0.0, np.nan, 1 / 3 + 2j],
}


@pytest.mark.parametrize("dtype", ODD)
def test_bits_cross_unchanged(runner, dtype):
    kind = NUMPY_DTYPES.get(dtype, dtype)
    x = np.array([*ODD[dtype], *ODD[dtype][::-1]]).astype(kind).reshape(2, 1, 4)
    answer = Prober(FUNCTION, runner).ask("inputs", PLAIN, {"x": x, "w": np.ones((1, 1, 3), kind)})
    assert answer.outcome is Outcome.OK, answer.message
    assert answer.arrays["x"].dtype == x.dtype
    assert answer.arrays["x"].tobytes() == x.tobytes()


@pytest.mark.parametrize(
    ("id_", "stage"),
    [
        ("v1_1d_n1_ci3_co2_i4_k3_g2_f32_int.1", "construct"),
        ("v1_1d_n1_ci1_co1_i4_k3_s0_f32_int.1", "forward"),
    ],
)
def test_a_refusal_is_told_with_its_stage_and_without_a_backtrace(runner, id_, stage):
    case = Case.parse(id_)
    answer = runner.run(case, NAME).answer
    assert (answer.outcome, answer.stage) == (Outcome.RAISED, stage)
    assert answer.message
    assert "frame #" not in answer.message
    assert "Exception raised from" not in answer.message


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL])
def test_a_dead_worker_says_what_killed_it(framework_python, number):
    with Worker(worker_command("r.torch", framework_python("r.torch"))) as worker:
        os.kill(worker.process.pid, number)
        with pytest.raises(WorkerDied, match=f"^{signal.Signals(number).name}"):
            worker.receive(60)
