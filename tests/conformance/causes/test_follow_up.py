"""Further cases after a run: asked once, counted by what they cost, given up where nobody answers."""

from __future__ import annotations

import threading
from pathlib import Path

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.causes.failures import Family, families
from conv_transpose_conformance.causes.follow_up import Asker
from tests.support.cases import small_cases
from tests.support.running import NAME

VALUES = Family("values")


def case(seed: str) -> Case:
    (found,) = small_cases([seed])
    return found


def test_a_case_is_asked_once_and_judged(fake):
    with Asker(Target("torch"), fake(cases={"bad": "wrong values"}).python, threading.Event()) as asker:
        good, bad = asker.examine(case("1"), NAME), asker.examine(case("bad"), NAME)
        assert good is not None
        assert bad is not None
        assert VALUES not in families(good.records)
        assert VALUES in families(bad.records)
        assert asker.examine(case("bad"), f"{NAME}@2.0") is bad  # a version is the framework's, not the API's
        assert (asker.asked, asker.spent) == (2, 2)


def test_a_crash_costs_more_and_the_next_case_is_answered(fake):
    with Asker(Target("torch"), fake(cases={"bad": "segv"}).python, threading.Event()) as asker:
        crashed = asker.examine(case("bad"), NAME)
        assert crashed is not None
        assert Family("crash") in families(crashed.records)
        spent = asker.spent
        assert spent > 20
        again = asker.examine(case("2"), NAME)
        assert again is not None
        assert VALUES not in families(again.records)
        assert asker.spent == spent + 1


def test_what_cannot_be_asked_is_not(fake):
    with Asker(Target("torch"), fake().python, threading.Event()) as asker:
        assert asker.examine(Case.parse("v1_2d_n1_ci1_co1_i2x2_k2x2_f32_int.1"), NAME) is None
        assert asker.examine(Case.parse("v1_1d_n1_ci1_co1_i2_k2_psame_f32_int.1"), NAME) is None
        assert asker.examine(Case.parse("v1_1d_n64_ci64_co1_i999_k2_f32_int.1"), NAME) is None
        assert asker.asked == 0


def test_without_an_interpreter_nothing_is_asked(tmp_path: Path):
    with Asker(Target("torch"), tmp_path / "absent", threading.Event()) as asker:
        assert asker.examine(case("1"), NAME) is None
        assert asker.examine(case("2"), NAME) is None
        assert (asker.asked, asker.spent) == (0, 0)


def test_once_cancelled_nothing_more_is_asked(fake):
    stop = threading.Event()
    with Asker(Target("torch"), fake().python, stop) as asker:
        assert asker.examine(case("1"), NAME) is not None
        stop.set()
        assert asker.exhausted
        assert asker.examine(case("1"), NAME) is not None  # known
        assert asker.examine(case("2"), NAME) is None


def test_calls_that_are_not_documented_are_known(fake):
    with Asker(Target("torch"), fake().python, threading.Event()) as asker:
        assert not asker.is_forbidden(case("1"), NAME)
        assert asker.is_forbidden(Case.parse("v1_1d_n1_ci1_co1_i2_k2_s0_f32_int.1"), f"{NAME}@2.0")
