"""Parameters: held to their shapes, dtypes and distribution, each failing where it is another."""

from __future__ import annotations

import numpy as np
import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.requirement import Result
from conv_transpose_conformance.requirements.properties import parameters
from tests.support.prober import prober

BY_ID = {r.id.removeprefix("parameters."): r for r in parameters.REQUIREMENTS}
MODULE, FUNCTION = "torch.nn.ConvTranspose{}d", "torch.nn.functional.conv_transpose{}d"


def examined(name, on):
    result = Result(name, on.implementation, on.framework, probed=True)
    for trial in BY_ID[name].trials(on):
        result.add(trial)
    return result


@pytest.mark.parametrize("ndim", [1, 2])
@pytest.mark.parametrize("name", ["dtype", "trainable", "uniform", "seeded"])
def test_all_holds_for_the_reference(name, ndim):
    # the reference makes float64 where no dtype is given
    made = dict.fromkeys(("weight", "bias"), lambda array, _call: array.astype(np.float32))
    assert examined(name, prober(MODULE.format(ndim), **made)).verdict is Verdict.PASS


@pytest.mark.parametrize("name", ["dtype", "trainable", "uniform", "seeded"])
def test_a_function_has_no_parameters(name):
    assert examined(name, prober(FUNCTION.format(1))).verdict is Verdict.NOT_APPLICABLE


SPOILT = {
    "wider": lambda array, _call: array * 1.01,
    "narrower": lambda array, _call: array * 0.6,
    "normal": lambda array, _call: np.clip(
        np.random.default_rng(1).normal(0, np.abs(array).max() / 1.8, array.shape),
        -np.abs(array).max(),
        np.abs(array).max(),
    ).astype(array.dtype),
    "shifted": lambda array, _call: np.abs(array),
    "zeros": lambda array, _call: array * 0,
    "infinite": lambda array, _call: np.where(np.arange(array.size).reshape(array.shape), array, np.inf),
}


@pytest.mark.parametrize("spoil", SPOILT)
@pytest.mark.parametrize("part", ["weight", "bias"])
def test_another_distribution_diverges(part, spoil):
    found = examined("uniform", prober(MODULE.format(1), **{part: SPOILT[spoil]}))
    assert found.verdict is Verdict.DIVERGE
    assert found.plain()["message"].startswith(part)


def test_the_bound_depends_on_groups_channels_and_kernel():
    case = Case.parse("v1_2d_n1_ci4_co8_i2x2_k2x3_g2_f32_int.1")
    assert parameters.bound(case) == pytest.approx((2 / (8 * 6)) ** 0.5)


def test_what_no_document_states_is_reported():
    found = examined("observed", prober("paddle.nn.Conv1DTranspose", bias=SPOILT["zeros"]))
    assert found.verdict is Verdict.ALLOWED
    message = found.plain()["message"]
    assert "(1 times √k)" in message.replace("0.9999", "1").replace("0.9998", "1")
    assert "as if uniform" in message
    assert "bias: zeros" in message
    normal = examined("observed", prober("paddle.nn.Conv1DTranspose", weight=SPOILT["normal"]))
    assert "as if uniform" not in normal.plain()["message"].partition("bias")[0]


def test_parameters_of_another_dtype_diverge():
    found = examined("dtype", prober(MODULE.format(1), weight=lambda a, _call: a.astype(np.float64)))
    assert found.verdict is Verdict.DIVERGE
    assert "float64" in found.plain()["message"]


@pytest.mark.parametrize("part", ["grad_weight", "grad_bias"])
def test_gradients_of_another_shape_or_dtype_diverge(part):
    for spoil in (lambda a, _call: a[:1], lambda a, _call: a.astype(np.float64)):
        assert examined("trainable", prober(MODULE.format(1), **{part: spoil})).verdict is Verdict.DIVERGE


def test_parameters_that_forget_their_seed_diverge():
    made = []

    def another(array, _call):
        made.append(1)
        return array + len(made) * 1e-3

    found = examined("seeded", prober(MODULE.format(1), weight=another))
    assert found.verdict is Verdict.DIVERGE
