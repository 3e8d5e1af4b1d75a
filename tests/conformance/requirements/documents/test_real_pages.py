"""The official pages' statements asked of real frameworks."""

from __future__ import annotations

import pytest

from conv_transpose_conformance.frameworks.registry import framework_of
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.requirement import Probed
from conv_transpose_conformance.requirements.catalogue import catalogue, choose
from conv_transpose_conformance.requirements.examine import Subject
from tests.support.examining import results_of

pytestmark = pytest.mark.frameworks

PAGES = {
    "T2D": "torch.nn.ConvTranspose2d",
    "TF1": "torch.nn.functional.conv_transpose1d",
    "TF2": "torch.nn.functional.conv_transpose2d",
    "P2": "paddle.nn.Conv2DTranspose",
    "PF1": "paddle.nn.functional.conv1d_transpose",
    "PF2": "paddle.nn.functional.conv2d_transpose",
    "N1": "mindspore.nn.Conv1dTranspose",
    "N2": "mindspore.nn.Conv2dTranspose",
}


@pytest.mark.parametrize("prefix", PAGES)
def test_each_statement_of_a_page_gets_an_answer_and_its_examples_run(prefix, framework_python):
    name = PAGES[prefix]
    framework = framework_of(name)
    asked = [
        requirement
        for requirement in choose([f"{prefix}.*"])
        if isinstance(requirement, Probed) and not requirement.needs
    ]
    found = results_of(asked, Subject(framework, framework_python(framework), {name: name}))
    assert [result.requirement for result in found] == [requirement.id for requirement in asked]
    for result in found:
        told = result.plain()
        assert result.verdict in (Verdict.PASS, Verdict.ALLOWED, Verdict.DIVERGE), told
        if result.requirement.split(".")[1] in ("example", "signature") or prefix[0] == "T":
            assert result.verdict is Verdict.PASS, told


def test_what_paddle_does_not_keep_another_statement_of_its_pages_contradicts(framework_python):
    for prefix in ("P2", "PF1", "PF2"):
        name = PAGES[prefix]
        asked = [r for r in choose([f"{prefix}.*"]) if isinstance(r, Probed)]
        for result in results_of(asked, Subject("paddle", framework_python("paddle"), {name: name})):
            assert not result.failing or catalogue()[result.requirement].contradicts, result.plain()
