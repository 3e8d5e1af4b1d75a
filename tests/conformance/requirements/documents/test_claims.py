"""Every claim of the five documents is a requirement; the operator itself keeps those that are true."""

from __future__ import annotations

import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.requirement import Judged
from conv_transpose_conformance.requirements.catalogue import catalogue
from tests.support.claims import (
    ABOUT,
    CLAIMS,
    FALSE,
    IDS,
    OPEN,
    PADDLE,
    PROBED,
    TORCH1,
    honest,
    judged,
    layer,
    no_longer_than_stated,
)


def test_all_78_claims_are_in_the_catalogue():
    assert len(set(IDS)) == len(IDS) == 78
    assert sorted(IDS) == sorted(name for name in catalogue() if name.split(".")[0] in CLAIMS)


@pytest.mark.parametrize("name", IDS)
def test_a_claim_names_its_document_and_speaks_of_its_api_alone(name):
    requirement = catalogue()[name]
    prefix = name.split(".")[0]
    sources = {"T1": "torch-1d", "T2": "torch-2d", "P1": "paddle-1d", "M2": "mint-2d", "R1": "r-1d"}
    assert requirement.source == sources[prefix]
    assert requirement.concerns(ABOUT[prefix])
    assert not requirement.concerns("torch.nn.functional.conv_transpose1d")


@pytest.mark.parametrize("name", [name for name in PROBED if not catalogue()[name].needs])
def test_the_reference_keeps_every_claim_that_is_true(name):
    # A length of the stride and more above the least is not refused by the reference.
    spoils = {"values": no_longer_than_stated} if name == "P1.length" else {}
    verdict = judged(name, honest(ABOUT[name.split(".")[0]], **spoils)).verdict
    if name in FALSE:
        assert verdict is Verdict.DIVERGE
    elif name in OPEN:
        assert verdict is Verdict.ALLOWED
    else:
        assert verdict is Verdict.PASS


def test_a_refusal_where_a_document_promises_a_result_is_an_error():
    def refuse(made, call):
        raise ValueError("no")

    for name in (
        "T1.adjoint",
        "T2.stride",
        "P1.example",
        "P1.kernel-size",
        "T2.padding-mode",
        "P1.padding-forms",
    ):
        assert judged(name, honest(ABOUT[name[:2]], parameters=refuse)).verdict is Verdict.ERROR


def test_a_signature_says_which_argument_is_another():
    trial = next(iter(catalogue()["P1.signature"].trials(honest(PADDLE, construct=layer))))
    assert trial.message == "argument 8 is 'bias'; the document says 'dilation'"

    def few(in_channels, out_channels, kernel_size, stride=2):
        """Another default, and too few."""

    trial = next(iter(catalogue()["T1.signature"].trials(honest(TORCH1, construct=few))))
    assert trial.message == "argument 5 is missing; the document says 'padding'"

    def other(
        in_channels,
        out_channels,
        kernel_size,
        stride=2,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        """Another default."""

    trial = next(iter(catalogue()["T1.signature"].trials(honest(TORCH1, construct=other))))
    assert trial.message == "stride defaults to 2; the document says 1"


@pytest.mark.parametrize("claim", ["T1", "T2", "P1", "M2"])
def test_judged_claims_are_decided_by_cases_of_their_dimensions_alone(claim):
    shapes = [
        Case.parse(f"v1_{n}d_n1_ci1_co1_{s}_f32_int.1") for n, s in ((1, "i4_k2_pvalid"), (2, "i4x3_k2x3"))
    ]
    for name in (name for name in IDS if name.startswith(claim)):
        requirement = catalogue()[name]
        if isinstance(requirement, Judged):
            decided = [case.ndim for case in shapes if requirement.of(case)]
            assert set(decided) <= {1 if claim in ("T1", "P1") else 2}
