"""``conformance replay`` of one case on fakes."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.commands.replay import replay
from conv_transpose_conformance.errors import InvalidCase, NothingRan
from conv_transpose_conformance.frameworks.targets import Targets
from tests.support.running import NAME

SLOW = "mindspore.mint.nn.ConvTranspose2d"
TWO = Case.parse("v1_2d_n1_ci1_co1_i2x2_k2x2_f32_int.1")
CASE = Case.parse("v1_1d_n1_ci1_co1_i2_k2_f32_int.1")


@pytest.fixture
def shown():
    """What a replay shows, and its exit code."""

    def run(case, name, targets):
        console = Console(file=io.StringIO(), width=200)
        return replay(case, name, targets, console), console.file.getvalue()

    return run


@pytest.mark.parametrize("tail", ["f32_real.1", "f32_int.1"])
def test_a_slow_implementation_is_asked_whatever_a_run_would_spend_its_seconds_on(fake, shown, tail):
    case = Case.parse(f"v1_2d_n1_ci1_co1_i2x2_k2x2_{tail}")
    code, text = shown(case, SLOW, Targets(places={"mindspore": fake().python}))
    assert "acceptance" in text
    assert text.splitlines()[-1] == "fixed"
    assert code == 0


def test_each_release_is_shown_and_one_that_fails_is_enough(fake, shown):
    wrong = fake(version="2.0", implementations={NAME: "wrong values"})
    targets = Targets(
        {"torch": ("1.0", "2.0")}, {"torch@1.0": fake(version="1.0").python, "torch@2.0": wrong.python}
    )
    code, text = shown(CASE, NAME, targets)
    assert [line for line in text.splitlines() if " · " in line] == [
        f"{NAME} · torch 1.0 · cpu",
        f"{NAME} · torch 2.0 · cpu",
    ]
    assert [word for word in text.splitlines() if word in ("fixed", "still diverges")] == [
        "fixed",
        "still diverges",
    ]
    assert code == 1


def test_without_its_framework_it_says_why(fake, shown):
    with pytest.raises(NothingRan, match=r"^cannot run: torch: exit status 7"):
        shown(CASE, NAME, Targets(places={"torch": fake(start="exit").python}))


def test_a_case_of_other_dimensions_starts_nothing(fake, shown):
    honest = fake()
    with pytest.raises(InvalidCase, match=r"cannot run: .* it is 1-D, the case 2-D"):
        shown(TWO, NAME, Targets(places={"torch": honest.python}))
    assert honest.groups() == []
