"""A cause that several implementations of a framework share is one entry with several names."""

from __future__ import annotations

from conv_transpose_conformance.reports.grouping import grouped, numbered

NAMES = ["paddle.nn.Conv1DTranspose", "paddle.nn.Conv2DTranspose", "paddle.nn.functional.conv2d_transpose"]


def entry(name=NAMES[0], text="dilation < 1", faults=(), **changes):
    fields = {
        "id": "D1",
        "implementation": name,
        "framework": "paddle",
        "kind": "accepted",
        "detail": "dilation # has an entry below #",
        "checks": [{"check": "acceptance", "verdict": "diverge"}],
        "condition": text and {"text": text},
        "diagnosis": {"faults": [{"name": one} for one in faults]} if faults else None,
    }
    return fields | changes


def test_the_same_condition_in_one_and_in_some_dimension_is_one_cause():
    entries = [
        entry(),
        entry(NAMES[1], "in some dimension: dilation < 1"),
        entry(NAMES[2], "kernel_size < 1"),
    ]
    assert numbered(entries) == [1, 1, 2]


def test_causes_of_one_implementation_stay_apart():
    assert numbered([entry(), entry()]) == [1, 2]


def test_another_framework_or_release_or_kind_or_message_is_another_cause():
    others = [
        entry(NAMES[1], framework="paddle@2.6.2"),
        entry(NAMES[1], kind="values"),
        entry(NAMES[1], detail="another"),
    ]
    for other in others:
        assert numbered([entry(), other]) == [1, 2]


def test_diagnoses_that_share_no_fault_are_of_two_causes():
    assert numbered([entry(faults=["a", "b"]), entry(NAMES[1], faults=["b"])]) == [1, 1]
    assert numbered([entry(faults=["a"]), entry(NAMES[1], faults=["b"])]) == [1, 2]
    assert numbered([entry(faults=["a"]), entry(NAMES[1])]) == [1, 1]


def test_without_a_condition_a_shared_diagnosis_alone_joins():
    assert numbered([entry(text=None), entry(NAMES[1], text=None)]) == [1, 2]
    assert numbered([entry(text=None, faults=["a"]), entry(NAMES[1], text=None, faults=["a"])]) == [1, 1]


def test_the_group_is_as_grave_as_its_gravest_member():
    crash = [{"check": "acceptance", "verdict": "crash"}]
    (first,) = grouped([entry(), entry(NAMES[1], checks=crash)])
    assert first["severity"] == "crash"
    assert [one["implementation"] for one in first["also"]] == [NAMES[1]]
