"""A probed requirement that only repeats causes names them."""

from __future__ import annotations

import pytest

from conv_transpose_conformance.commands.repeats import linked

NAME, OTHER = "torch.nn.ConvTranspose1d", "torch.nn.functional.conv_transpose1d"
SMALLEST = "v1_1d_n1_ci1_co1_i1_k1_d0_f32_int.0"
MEETING = "v1_1d_n2_ci4_co4_i4_k3_s2_d-1_f32_int.1"
OUTSIDE = "v1_1d_n2_ci4_co4_i4_k3_s2_f32_int.1"


def cause(identifier="D1", name=NAME, text="dilation < 1", **changes):
    fields = {
        "id": identifier,
        "implementation": name,
        "checks": [{"check": "acceptance", "verdict": "diverge"}],
        "condition": text and {"text": text},
        "smallest": {"case": SMALLEST},
        "smallest_seen": SMALLEST,
        "others": [],
    }
    return fields | changes


def repeated(divergences, *failed, severity="accepted", **changes):
    result = {
        "requirement": "reject.dilation.negative",
        "implementation": NAME,
        "probed": True,
        "verdict": "diverge",
        "severity": severity,
        "failed": list(failed),
    }
    return linked([result | changes], divergences)[0].get("repeats")


def test_a_case_that_meets_the_condition_repeats_the_cause():
    assert repeated([cause()], MEETING) == ["D1"]
    assert repeated([cause(text=None)], SMALLEST) == ["D1"]
    assert repeated([cause("D2", OTHER, also=[cause("D2")])], MEETING) == ["D2"]


@pytest.mark.parametrize(
    ("failed", "changes"),
    [
        ([MEETING, OUTSIDE], {}),
        ([MEETING, None], {}),
        ([], {}),
        ([OUTSIDE], {}),
        ([MEETING], {"severity": "values"}),
        ([MEETING], {"implementation": OTHER}),
        ([MEETING], {"attribution": "document"}),
        ([MEETING], {"verdict": "pass"}),
        ([MEETING], {"probed": False}),
    ],
)
def test_one_trial_that_the_cause_does_not_explain_makes_it_a_finding(failed, changes):
    assert repeated([cause()], *failed, **changes) is None


def test_several_causes_may_explain_the_trials_of_one_requirement():
    stride = "v1_1d_n2_ci4_co4_i4_k3_s0_f32_int.1"
    assert repeated([cause(), cause("D2", text="stride < 1")], stride, MEETING) == ["D2", "D1"]
