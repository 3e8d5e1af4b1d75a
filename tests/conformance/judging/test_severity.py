"""How grave a failure is: one closed order, from its checks and verdicts."""

from __future__ import annotations

import pytest

from conv_transpose_conformance.errors import UnknownSeverity
from conv_transpose_conformance.judging.severity import FAIL_ON, Severity, gravest, of_failure, parse
from conv_transpose_conformance.judging.verdicts import FAILING, Check


def test_the_order_begins_with_what_nobody_notices_and_ends_with_documents():
    assert [severity.value for severity in sorted(Severity, key=lambda one: one.rank)] == [
        "values",
        "gradients",
        "crash",
        "hang",
        "shape",
        "accepted",
        "refused",
        "document",
    ]
    assert gravest([Severity.REFUSED, Severity.GRADIENTS, Severity.HANG]) is Severity.GRADIENTS


@pytest.mark.parametrize(
    ("check", "verdict", "severity"),
    [
        ("values", "diverge", Severity.VALUES),
        ("grad_bias", "diverge", Severity.GRADIENTS),
        ("grad_bias", "error", Severity.REFUSED),
        ("acceptance", "diverge", Severity.ACCEPTED),
        ("acceptance", "error", Severity.REFUSED),
        ("acceptance", "crash", Severity.CRASH),
        ("acceptance", "hang", Severity.HANG),
        ("parameters", "diverge", Severity.SHAPE),
        ("dtype", "diverge", Severity.SHAPE),
        ("a check of a later version", "diverge", Severity.VALUES),
    ],
)
def test_a_failing_verdict_is_as_grave_as_what_it_checks(check, verdict, severity):
    assert of_failure(check, verdict) is severity


def test_every_failing_verdict_of_every_check_has_a_severity():
    assert all(of_failure(check, verdict) in Severity for check in Check for verdict in FAILING)


def test_what_a_requirement_declares_counts_where_its_result_differs_alone():
    assert of_failure("", "diverge", Severity.SHAPE) is Severity.SHAPE
    assert of_failure("", "crash", Severity.SHAPE) is Severity.CRASH


def test_a_threshold_is_reached_by_what_is_as_grave_or_graver():
    assert [one for one in Severity if one.reaches(Severity.CRASH)] == [
        Severity.VALUES,
        Severity.GRADIENTS,
        Severity.CRASH,
    ]
    assert [one for one in Severity if not one.reaches(FAIL_ON)] == [Severity.DOCUMENT]


def test_an_unknown_word_names_the_nearest():
    assert parse("hang") is Severity.HANG
    with pytest.raises(UnknownSeverity, match=r"'documents' is no severity: did you mean 'document'\?"):
        parse("documents")
