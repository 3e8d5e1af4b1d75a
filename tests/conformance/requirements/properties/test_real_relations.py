"""Relations, derivatives and special values asked of real frameworks."""

from __future__ import annotations

import pytest

from conv_transpose_conformance.frameworks.registry import framework_of
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.catalogue import choose
from conv_transpose_conformance.requirements.examine import Subject
from tests.support.examining import results_of

pytestmark = pytest.mark.frameworks

ASKED = [
    "relation.adjoint",
    "relation.zero-insertion",
    "relation.repeatable",
    "derivative.second",
    "dtype.float32.*",
    "dtype.complex64.result",
    "special.nan-input",
    "special.largest",
]
MAY_LACK = ("derivative.second", "dtype.complex64.result")


@pytest.mark.parametrize(
    "implementation",
    ["torch.nn.ConvTranspose2d", "paddle.nn.functional.conv2d_transpose", "mindspore.nn.Conv1dTranspose"],
)
def test_relations_hold_for_the_real_frameworks(framework_python, implementation):
    framework = framework_of(implementation)
    subject = Subject(framework, framework_python(framework), {implementation: implementation})
    found = results_of(choose(ASKED), subject)
    assert len(found) == 9
    for result in found:
        told = result.plain()
        plainly = result.verdict is Verdict.UNSUPPORTED and result.requirement in MAY_LACK
        assert result.verdict is Verdict.PASS or plainly, told
