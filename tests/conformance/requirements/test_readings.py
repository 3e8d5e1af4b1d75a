"""Observed geometries are fitted to named readings; what no reading gives gets a formula, or none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from conv_transpose_conformance.cases.axes import Axis, axes_of
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.readings import Window, full, of_word
from conv_transpose_conformance.generation.corpus import core
from conv_transpose_conformance.judging.observation import at
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.requirements.base.expressions import shortest_formula
from conv_transpose_conformance.requirements.base.reading_fit import ReadingsSeen

NAME = "paddle.nn.Conv2DTranspose"
CASES = [
    Case.parse(f"v1_2d_n1_ci1_co1_i{i}x{i + 1}_k{k}x{k + 1}_s{s}x{s + 1}_psame_d{d}x1_f32_int.1")
    for i in (2, 3, 5)
    for k in (1, 2, 3, 4)
    for s in (2, 3)
    for d in (2, 3)
]


def seen(window: Callable[[Axis, Case], Window | None], cases: list[Case] = CASES) -> ReadingsSeen:
    """What a run finds of an implementation with these windows; None is an output that is no crop."""
    found = ReadingsSeen()
    for case in cases:
        windows = [window(axis, case) for axis in axes_of(case)]
        geometry = None
        if None not in windows:
            size, crop = zip(*windows, strict=True)
            geometry = at(case, crop, size)

        def record(check: Check, verdict: Verdict, case: Case = case, geometry=geometry) -> Record:
            return Record(
                case=case,
                implementation=NAME,
                framework="paddle",
                check=check,
                verdict=verdict,
                observed=geometry,
            )

        verdict = Verdict.DIVERGE if geometry is None else Verdict.PASS
        found.add([record(Check.ACCEPTANCE, Verdict.ALLOWED), record(Check.VALUES, verdict)])
    return found


@pytest.mark.parametrize("reading", of_word("same"), ids=lambda reading: reading.name)
def test_who_follows_a_reading_is_said_to(reading) -> None:
    usable = [case for case in CASES if all(reading.of(axis)[0] > 0 for axis in axes_of(case))]
    found = seen(lambda axis, _: reading.of(axis), usable)
    (fit,) = found.fits()
    assert reading.name in [entry["name"] for entry in fit["follows"]]
    assert found.trial(NAME, "same").verdict is Verdict.PASS


def test_a_rule_that_nobody_defines_gets_its_formula() -> None:
    found = seen(lambda axis, _: (axis.input * axis.stride + 1, 0))
    (fit,) = found.fits()
    assert not fit["follows"]
    assert fit["formula"] is not None
    assert found.trial(NAME, "same").verdict is Verdict.PASS
    assert "no known reading" in found.trial(NAME, "same").message


def test_crops_exchanged_between_dimensions_follow_no_rule() -> None:
    def exchanged(axis: Axis, case: Case) -> Window:
        length = axis.input * axis.stride
        other = next(one for one in axes_of(case) if one != axis)
        return length, max(full(other) - other.input * other.stride, 0) // 2

    (fit,) = seen(exchanged).fits()
    assert not fit["follows"]
    assert seen(exchanged).trial(NAME, "same").verdict is Verdict.DIVERGE


def test_an_output_that_is_no_crop_breaks_the_rule_and_is_counted() -> None:
    tensorflow = of_word("same")[0]
    found = seen(lambda axis, case: tensorflow.of(axis) if case.dilation[0] < 3 else None)
    trial = found.trial(NAME, "same")
    assert trial.verdict is Verdict.DIVERGE
    assert "24 of 48 outputs are no crop" in trial.message
    assert "the others follow same-tensorflow" in trial.message


def test_the_corpus_tells_the_readings_of_different_lengths_apart() -> None:
    axes = {axis for case in core().cases() if case.padding == "same" for axis in axes_of(case)}
    tables = {
        reading.name: tuple(reading.of(axis)[0] for axis in sorted(axes, key=repr))
        for reading in of_word("same")
    }
    assert tables["same-tensorflow"] != tables["same-full"] != tables["same-input-pads"]
    assert tables["same-onnxruntime-upper"] != tables["same-tensorflow"]


@pytest.mark.parametrize(
    ("wanted", "formula"), [([4, 6, 10], "L * s"), ([2, 3, 5], "L"), ([3, 4, 6], "(1 + L)")]
)
def test_the_shortest_formula_is_found(wanted: list[int], formula: str) -> None:
    found = shortest_formula({"L": [2, 3, 5], "s": [2, 2, 2]}, wanted)
    assert found in (formula, formula.strip("()"), "(2 * L)", "2 * L", "L + L", "(L + L)")


def test_numbers_without_a_formula_get_none() -> None:
    assert shortest_formula({"L": [1, 2, 3, 4]}, [17, -5, 91, 3]) is None
