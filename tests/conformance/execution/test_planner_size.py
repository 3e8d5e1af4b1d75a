"""Cases too large are refused before any memory is asked for, and the largest fit the wire."""

from __future__ import annotations

import pytest

from conv_transpose_conformance.adapters.protocol import MAX_PAYLOAD
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import InvalidCase
from conv_transpose_conformance.execution.planner import LARGEST, Planner
from conv_transpose_conformance.execution.requests import Job

NAME = "torch.nn.ConvTranspose1d"


def planned(length: int) -> list[object]:
    case = Case.parse(f"v1_1d_n1_ci1_co1_i{length}_k1_f64_int.1")
    return list(Planner([NAME], 1.0).plan(case))


def test_the_largest_output_is_sent_with_its_gradients():
    ((_, job),) = planned(LARGEST)
    assert isinstance(job, Job)
    assert 8 * 4 * LARGEST <= MAX_PAYLOAD


def test_one_element_more_is_too_large():
    with pytest.raises(InvalidCase, match="too large"):
        planned(LARGEST + 1)
