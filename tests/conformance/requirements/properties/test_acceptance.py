"""Acceptance: holds for the reference, and fails where a view, a spelling or an empty batch goes wrong."""

from __future__ import annotations

import numpy as np
import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.requirement import Judged, Probed, Result
from conv_transpose_conformance.requirements.properties import acceptance
from tests.support.prober import prober

BY_ID = {r.id.removeprefix("accept."): r for r in acceptance.REQUIREMENTS}
PROBED = [name for name, r in BY_ID.items() if isinstance(r, Probed)]
MODULE, FUNCTION = "torch.nn.ConvTranspose{}d", "torch.nn.functional.conv_transpose{}d"
PADDLE, MINDSPORE = "paddle.nn.Conv{}DTranspose", "mindspore.nn.Conv{}dTranspose"


def examined(name, on):
    result = Result(name, on.implementation, on.framework, probed=True)
    for trial in BY_ID[name].trials(on):
        result.add(trial)
    return result


@pytest.mark.parametrize("ndim", [1, 2])
@pytest.mark.parametrize("implementation", [MODULE, FUNCTION, PADDLE, MINDSPORE])
@pytest.mark.parametrize("name", PROBED)
def test_all_holds_for_the_reference(name, implementation, ndim):
    found = examined(name, prober(implementation.format(ndim)))
    one_spelling = name == "sequence" and implementation.format(ndim) == "mindspore.nn.Conv1dTranspose"
    assert found.verdict is (Verdict.NOT_APPLICABLE if one_spelling else Verdict.PASS), found.plain()


def plus_one_where(condition):
    return lambda array, call: array + 1 if condition(call) else array


@pytest.mark.parametrize("part", ["values", "grad_input", "grad_weight", "grad_bias"])
@pytest.mark.parametrize("view", ["channels_last", "strided", "transposed", "flipped", "broadcast"])
def test_a_view_that_is_misread_diverges(view, part):
    faulty = prober(MODULE.format(2), **{part: plus_one_where(lambda call: call.options.view == view)})
    for name in PROBED:
        if name.startswith("view."):
            wrong = name == f"view.{view.replace('_', '-')}"
            assert examined(name, faulty).verdict is (Verdict.DIVERGE if wrong else Verdict.PASS)


def test_a_call_that_is_always_wrong_is_no_fault_of_the_view():
    faulty = prober(MODULE.format(2), values=plus_one_where(lambda call: True))
    found = examined("view.strided", faulty)
    assert found.verdict is Verdict.ALLOWED
    assert "the same for the plain call" in found.plain()["message"]


@pytest.mark.parametrize("spelling", ["tuple", "sides", "nested"])
def test_a_spelling_that_is_misread_diverges(spelling):
    faulty = prober(PADDLE.format(2), values=plus_one_where(lambda call: call.case["spelling"] == spelling))
    found = examined("padding-spelling", faulty)
    assert found.verdict is Verdict.DIVERGE
    assert spelling in found.plain()["message"]


@pytest.mark.parametrize("role", ["stride", "dilation", "padding", "output_padding", "kernel_size"])
@pytest.mark.parametrize("implementation", [MODULE, PADDLE])
def test_a_sequence_that_is_misread_diverges(implementation, role):
    def misread(array, call):
        return array + (role in call.options.arguments)

    found = examined("sequence", prober(implementation.format(2), values=misread))
    assert found.verdict is Verdict.DIVERGE
    assert f"for the {role} as a" in found.plain()["message"]


def test_an_empty_batch_of_another_shape_diverges():
    found = examined("empty-batch", prober(MODULE.format(1), values=lambda array, _call: array[:, :1]))
    assert found.verdict is Verdict.DIVERGE
    assert "an empty batch gives the shape" in found.plain()["message"]
    found = examined("empty-batch", prober(MODULE.format(1), grad_weight=lambda array, _call: array + 1))
    assert found.verdict is Verdict.DIVERGE


def test_an_empty_batch_may_be_refused():
    def refuse(_array, _call):
        raise ValueError("no images")

    found = examined("empty-batch", prober(MODULE.format(1), values=refuse))
    assert found.verdict is Verdict.ALLOWED
    assert "no images" in found.plain()["message"]


PICKED = {
    "output-padding-beyond-stride": "v1_1d_n1_ci1_co1_i2_k2_op1_d2_f32_int.1",
    "stride-beyond-kernel": "v1_1d_n1_ci1_co1_i2_k2_s3_f32_int.1",
    "kernel-1": "v1_2d_n1_ci1_co1_i2x2_k1x1_f32_int.1",
    "sides": "v1_1d_n1_ci1_co1_i3_k2_p0.1_f32_int.1",
    "padding-words": "v1_1d_n1_ci1_co1_i3_k2_psame_f32_int.1",
    "layout": "v1_1d_n1_ci1_co1_i3_k2_f32_cl_int.1",
    "unbatched": "v1_1d_u_ci1_co1_i3_k2_f32_int.1",
    "output-size": "v1_1d_n1_ci1_co1_i3_k2_s2_os7_f32_int.1",
}


def test_a_judged_requirement_is_decided_by_the_cases_of_its_subject(quick_cases):
    judged = {name: r for name, r in BY_ID.items() if isinstance(r, Judged)}
    assert judged.keys() == PICKED.keys()
    ordinary = Case.parse("v1_1d_n2_ci2_co2_i4_k3_s2_p1_op1_b_f32_int.1")
    for name, requirement in judged.items():
        assert requirement.of(Case.parse(PICKED[name])), name
        assert not requirement.of(ordinary), name
        assert any(requirement.of(case) for case in quick_cases), f"{name}: no case of a run decides it"


def test_data_of_a_broadcast_input_is_one_image():
    seen = []

    def look(array, call):
        if call.options.view == "broadcast":
            seen.append(call.x)
        return array

    examined("view.broadcast", prober(MODULE.format(1), values=look))
    assert seen
    assert all(np.array_equal(x, np.repeat(x[:1], len(x), axis=0)) for x in seen)
