"""Variants of an API return the results of the API itself, from another part of the framework."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conv_transpose_conformance.adapters.base import api_of
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.execution.case_runner import CaseRunner
from conv_transpose_conformance.frameworks.registry import registry
from conv_transpose_conformance.judging.answers import Outcome
from conv_transpose_conformance.requirements.base.probe import Prober, same

pytestmark = pytest.mark.frameworks

CASES = {
    1: ["v1_1d_n2_ci4_co6_i5_k3_s2_p1_g2_b_f32_int.3", "v1_1d_n1_ci2_co3_i4_k2_f32_int.5"],
    2: ["v1_2d_n2_ci4_co6_i5x4_k3x2_s2x2_p1x1_g2_b_f32_int.3", "v1_2d_n1_ci2_co3_i4x3_k2x2_f32_int.5"],
}
REFUSED = {1: "v1_1d_n1_ci3_co4_i4_k3_g2_f32_int.1", 2: "v1_2d_n1_ci3_co4_i4x4_k3x3_g2_f32_int.1"}


@pytest.mark.parametrize("framework", registry().frameworks)
def test_a_variant_answers_as_its_api_does(framework, framework_python):
    declared = {one.name: one for one in registry().frameworks[framework].implementations}
    with CaseRunner(Target(framework), framework_python(framework)) as runner:
        for name in (name for name in declared if "+" in name):
            if name.endswith("2d+compile"):
                continue  # a compiler at work: once is enough
            ndim = declared[name].ndim
            for case in map(Case.parse, CASES[ndim]):
                plain = runner.run(case, api_of(name)).answer
                variant = runner.run(case, name).answer
                if not declared[name].computes:
                    assert variant.outcome is Outcome.UNSUPPORTED, (name, variant.message)
                    assert not variant.arrays
                else:
                    assert variant.outcome is Outcome.OK, (name, variant.message)
                    assert variant.arrays.keys() == plain.arrays.keys() >= {"values", "grad_weight"}
                    for key, values in plain.arrays.items():
                        assert np.array_equal(variant.arrays[key], values), (name, key)
                assert (variant.shape, variant.dtype) == (plain.shape, plain.dtype)
                assert variant.parameters == plain.parameters
            refused = runner.run(Case.parse(REFUSED[ndim]), name).answer
            assert refused.outcome is Outcome.RAISED, name


@pytest.mark.parametrize("framework", ["torch", "paddle", "mindspore"])
def test_probes_of_a_variant_agree_with_those_of_its_api(framework, framework_python):
    """Or it says plainly that it cannot; the variant that compiles C++ is left out."""
    declared = [one.name for one in registry().frameworks[framework].implementations]
    with CaseRunner(Target(framework), framework_python(framework)) as runner:
        for name in (n for n in declared if "1" in n and "+" in n and not n.endswith("+compile")):
            variant, plain = Prober(name, runner), Prober(api_of(name), runner)
            case = Case.parse(CASES[1][0]).replace(bias=True)
            arrays = variant.arrays(case)
            given = {
                **arrays,
                "y": arrays["g"],
                "vx": np.roll(arrays["x"], 1),
                "vw": np.zeros_like(arrays["w"]),  # mindspore.jvp takes tangents of inputs alone
                "vb": np.zeros_like(arrays["b"]),
            }
            for operation in ("twice", "inputs", "convolve", "second", "tangent"):
                found, wanted = (on.ask(operation, case, given) for on in (variant, plain))
                if variant.shape_only:
                    assert found.outcome is Outcome.UNSUPPORTED, (name, operation, found.message)
                    assert found.message == "a meta tensor has no values", (name, operation)
                elif name.endswith("+to_static") and operation in ("second", "tangent"):
                    continue  # its programs have first derivatives alone
                else:
                    assert found.outcome is wanted.outcome, (name, operation, found.message)
                    assert found.outcome is not Outcome.RAISED, (name, operation, found.message)
                    assert found.arrays.keys() == wanted.arrays.keys()
                    assert all(same(found.arrays[key], wanted.arrays[key]) for key in wanted.arrays), (
                        name,
                        operation,
                    )


def test_a_program_of_paddle_says_what_was_wrong(framework_python):
    with CaseRunner(Target("paddle"), framework_python("paddle")) as runner:
        case = Case.parse(CASES[1][0])
        api = Prober("paddle.nn.Conv1DTranspose", runner)
        variant = Prober("paddle.nn.Conv1DTranspose+to_static", runner)
        asked = {"arguments": {"output_size": ["a"]}, "refusable": True}
        said = [on.call(case, {"x": on.arrays(case)["x"]}, **asked).message for on in (api, variant)]
    assert said[0] == said[1]


def test_what_was_compiled_for_other_calls_is_not_kept(framework_python):
    name = "paddle.nn.Conv1DTranspose+to_static"
    with CaseRunner(Target("paddle"), framework_python("paddle")) as runner:
        threads = []
        for number in range(1, 9):
            assert runner.run(Case.parse(CASES[1][0]), name).answer.outcome is Outcome.OK, number
            threads.append(
                len(list(Path(f"/proc/{runner._driver._connection._worker.process.pid}/task").iterdir()))
            )
    assert threads[-1] == threads[1], threads
