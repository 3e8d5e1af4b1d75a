"""Further cases after a run: asked once, counted by what they cost, given up where nobody answers."""

from __future__ import annotations

import threading
from pathlib import Path

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.causes.failures import FailureKind, failure_kinds
from conv_transpose_conformance.causes.follow_up import FollowUp
from tests.support.cases import small_cases
from tests.support.running import NAME

VALUES = FailureKind("values")


def case(seed: str) -> Case:
    (found,) = small_cases([seed])
    return found


def test_a_case_is_asked_once_and_judged(fake):
    with FollowUp(
        Target("torch"), fake(cases={"bad": "wrong values"}).python, threading.Event()
    ) as follow_up:
        good, bad = follow_up.examine(case("1"), NAME), follow_up.examine(case("bad"), NAME)
        assert good is not None
        assert bad is not None
        assert VALUES not in failure_kinds(good.records)
        assert VALUES in failure_kinds(bad.records)
        assert (
            follow_up.examine(case("bad"), f"{NAME}@2.0") is bad
        )  # a version is the framework's, not the API's
        assert (follow_up.asked, follow_up.spent) == (2, 2)


def test_a_crash_costs_more_and_the_next_case_is_answered(fake):
    with FollowUp(Target("torch"), fake(cases={"bad": "segv"}).python, threading.Event()) as follow_up:
        crashed = follow_up.examine(case("bad"), NAME)
        assert crashed is not None
        assert FailureKind("crash") in failure_kinds(crashed.records)
        spent = follow_up.spent
        assert spent > 20
        again = follow_up.examine(case("2"), NAME)
        assert again is not None
        assert VALUES not in failure_kinds(again.records)
        assert follow_up.spent == spent + 1


def test_what_cannot_be_asked_is_not(fake):
    with FollowUp(Target("torch"), fake().python, threading.Event()) as follow_up:
        assert follow_up.examine(Case.parse("v1_2d_n1_ci1_co1_i2x2_k2x2_f32_int.1"), NAME) is None
        assert follow_up.examine(Case.parse("v1_1d_n1_ci1_co1_i2_k2_psame_f32_int.1"), NAME) is None
        assert follow_up.examine(Case.parse("v1_1d_n64_ci64_co1_i999_k2_f32_int.1"), NAME) is None
        assert follow_up.asked == 0


def test_without_an_interpreter_nothing_is_asked(tmp_path: Path):
    with FollowUp(Target("torch"), tmp_path / "absent", threading.Event()) as follow_up:
        assert follow_up.examine(case("1"), NAME) is None
        assert follow_up.examine(case("2"), NAME) is None
        assert (follow_up.asked, follow_up.spent) == (0, 0)


def test_once_cancelled_nothing_more_is_asked(fake):
    stop = threading.Event()
    with FollowUp(Target("torch"), fake().python, stop) as follow_up:
        assert follow_up.examine(case("1"), NAME) is not None
        stop.set()
        assert follow_up.exhausted
        assert follow_up.examine(case("1"), NAME) is not None  # known
        assert follow_up.examine(case("2"), NAME) is None


def test_calls_that_are_not_documented_are_known(fake):
    with FollowUp(Target("torch"), fake().python, threading.Event()) as follow_up:
        assert not follow_up.is_forbidden(case("1"), NAME)
        assert follow_up.is_forbidden(Case.parse("v1_1d_n1_ci1_co1_i2_k2_s0_f32_int.1"), f"{NAME}@2.0")
