"""The allowed forms of an argument: a number, a list, a tuple."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.trial import Trial, reported
from conv_transpose_conformance.requirements.properties.signatures import alike, inferred


def forms(
    prober: Prober, case: Case, name: str, spelled: Mapping[str, Any], *, refusable: bool = False
) -> Iterator[Trial]:
    """Yields one trial for each documented form of an argument; all forms must equal the first.

    ``spelled`` maps each form's description to the argument in JSON spelling.
    """
    answers = {
        form: prober.call(case, arguments={name: value}, refusable=refusable)
        for form, value in spelled.items()
    }
    first = next(iter(answers))
    for form, answer in answers.items():
        if form == first or fault(answers[first]) is None or inferred(answers[first]):
            yield alike(answer, answers[first], case, f"{name} as {form}", f"{name} as {first}")


def numbers_or_tuples(prober: Prober) -> Iterator[Trial]:
    """Every argument gives the same result as a number and as a tuple of that number."""
    case = Case.parse(
        (
            "v1_1d_n2_ci2_co2_i4_k3_s2_p1_op1_d2_b_f32_int.1",
            "v1_2d_n2_ci2_co2_i4x3_k3x3_s2x2_p1x1_op1x1_d2x2_b_f32_int.1",
        )[prober.ndim - 1]
    )
    written = case.replace(spelling="tuple")
    if not prober.requires(case) or not prober.expresses(written):
        yield reported("the API cannot express the case", case)
        return
    answers = prober.call(written), prober.call(case)
    yield alike(*answers, written, "numbers as tuples", "the same numbers without the tuples")
