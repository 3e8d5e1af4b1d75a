"""What needs a device, tried on a reference that computes as the device would."""

from __future__ import annotations

import numpy as np
import pytest

from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.reference_impl import forward
from conv_transpose_conformance.requirements.properties import devices
from tests.support.claims import TORCH1
from tests.support.prober import prober


def coarse(bits):
    """Factors cut to so many bits, as an accelerator may."""

    def cut(values):
        scale = 2.0 ** (bits - 1 - np.floor(np.log2(np.abs(values))))
        return (np.trunc(values * scale) / scale).astype(values.dtype)

    return lambda values, call: forward(cut(call.x), cut(call.w), call.b, geometry=call.geometry).astype("f4")


@pytest.mark.parametrize(
    ("spoils", "verdict"),
    [
        ({}, Verdict.ALLOWED),
        ({"values": coarse(11)}, Verdict.PASS),
        ({"values": coarse(6)}, Verdict.DIVERGE),
        ({"values": lambda values, call: values + 1}, Verdict.DIVERGE),
    ],
)
def test_errors_of_tf32_pass_and_larger_ones_diverge(spoils, verdict):
    (trial,) = devices.tf32(prober(TORCH1, **spoils))
    assert trial.verdict is verdict


def test_gradients_in_float16_may_be_coarser_but_not_wrong():
    def coarser(by):
        return lambda values, call: (values * np.float16(1 + by)).astype(np.float16)

    for spoils, verdict in (
        ({}, {Verdict.PASS}),
        ({"grad_input": coarser(0.004)}, {Verdict.PASS}),
        ({"grad_weight": coarser(0.5)}, {Verdict.PASS, Verdict.DIVERGE}),
    ):
        assert {trial.verdict for trial in devices.rocm_float16(prober(TORCH1, **spoils))} == verdict
