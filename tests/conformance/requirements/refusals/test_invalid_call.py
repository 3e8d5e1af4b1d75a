"""An invalid call that a case can express names the case, so that it can be replayed and compared."""

from __future__ import annotations

import numpy as np
import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.requirements.refusals.invalid_call import InvalidCall

BASE = Case.parse("v1_2d_n2_ci4_co4_i3x4_k3x3_s2x2_f32_int.1")


@pytest.mark.parametrize(
    ("arguments", "identifier"),
    [
        ({"dilation": 0}, "v1_2d_n2_ci4_co4_i3x4_k3x3_s2x2_d0x0_f32_int.1"),
        ({"stride": {"tuple": [1, -1]}}, "v1_2d_n2_ci4_co4_i3x4_k3x3_s1x-1_f32_int.1"),
        ({"padding": 5, "groups": 3}, "v1_2d_n2_ci4_co4_i3x4_k3x3_s2x2_p5x5_g3_f32_int.1"),
        ({"stride": 2.0}, None),
        ({"groups": True}, None),
        ({"dilation": {"tuple": [1, 1, 1]}}, None),
        ({"dilation": {"numpy": 0}}, None),
        ({"dilation": 0, "bias": "yes"}, None),
    ],
)
def test_the_case_of_an_invalid_call(arguments, identifier):
    found = InvalidCall(words="", case=BASE, arguments=arguments).equivalent
    assert (found and found.id) == identifier


def test_a_call_with_tensors_of_its_own_is_no_case():
    arrays = {"x": np.zeros((2, 0, 3, 4), np.float32)}
    assert InvalidCall(words="", case=BASE, arrays=arrays).equivalent is None
