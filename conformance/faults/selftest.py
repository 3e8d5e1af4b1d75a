"""``conformance selftest``: checks that the quick profile detects every fault model and passes the reference.

The fault models answer in this process, in place of implementations.  Cases and judging are those of a run.
Where documents differ or are silent, the suite's own reading counts: "same" gives an output of ``input *
stride``, with the smaller half of the crop in front.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

from attrs import frozen

from conv_transpose_conformance.cases.axes import axes_of
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import (
    Acceptance,
    Meaning,
    beyond,
    explicit,
    stride_or_dilation,
    unspecified,
)
from conv_transpose_conformance.cases.readings import READINGS, SAME
from conv_transpose_conformance.errors import ConformanceError
from conv_transpose_conformance.faults import CLEAN, FAULTS, FaultModel, answer_of
from conv_transpose_conformance.faults.words import OWN
from conv_transpose_conformance.generation.corpus import core
from conv_transpose_conformance.judging.judge import judge
from conv_transpose_conformance.judging.observation import at
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Record

NAME: Final = "selftest"


@frozen
class Kill:
    """The result for one fault: the number of ``cases`` until detection, None if no case detects it."""

    fault: FaultModel
    cases: int | None
    case: Case | None
    checks: tuple[str, ...]


@frozen
class Outcome:
    """``kills`` in the order of the fault models; ``accused``: failing records of the correct reference."""

    kills: tuple[Kill, ...]
    accused: tuple[Record, ...]
    cases: int
    seconds: float

    @property
    def survivors(self) -> tuple[Kill, ...]:
        """The faults that no case detects."""
        return tuple(kill for kill in self.kills if kill.cases is None)

    @property
    def passed(self) -> bool:
        """Whether every fault is detected and the reference passes."""
        return not self.survivors and not self.accused

    @property
    def verdict(self) -> str:
        """The result in one line."""
        found = len(self.kills) - len(self.survivors)
        clean = "passes" if not self.accused else f"fails {len(self.accused)} times"
        return (
            f"{found} of {len(self.kills)} fault models detected by the quick profile ({self.cases} cases); "
            f"the reference {clean}; {self.seconds:.0f} s"
        )

    def as_json(self) -> str:
        """Returns the whole result as JSON."""
        return json.dumps(
            {
                "passed": self.passed,
                "cases": self.cases,
                "faults": [
                    {
                        "name": kill.fault.name,
                        "description": kill.fault.description,
                        "cases": kill.cases,
                        "case": kill.case and kill.case.id,
                        "checks": list(kill.checks),
                    }
                    for kill in self.kills
                ],
                "accused": [
                    {"case": record.case.id, "check": record.check.value, "message": record.message}
                    for record in self.accused
                ],
            },
            indent=2,
        )

    def table(self, *, markdown: bool = False) -> str:
        """Returns the table of faults: cases until detection, and the checks that detect each."""
        rows = [("fault", "cases", "detected by", "description")]
        for kill in self.kills:
            count = "missed" if kill.cases is None else str(kill.cases)
            rows.append((kill.fault.name, count, ", ".join(kill.checks), kill.fault.description))
        if markdown:
            lines = ["| " + " | ".join(row) + " |" for row in rows]
            lines.insert(1, "| --- | ---: | --- | --- |")
        else:
            widths = [max(len(row[column]) for row in rows) for column in range(3)]
            lines = [
                f"{name:<{widths[0]}}  {count:>{widths[1]}}  {checks:<{widths[2]}}  {what}"
                for name, count, checks, what in rows
            ]
        lines += [f"the reference fails: {r.case.id}: {r.check}: {r.message}" for r in self.accused]
        return "\n".join([*lines, "", self.verdict])


def reading(case: Case) -> Meaning:
    """Returns the meaning of a case by the suite's own reading."""
    if case.padding == "valid":
        case = case.replace(padding=((0, 0),) * case.ndim)
    if case.padding == "same":
        return _same(case)
    meaning = explicit(case)
    if meaning.acceptance is Acceptance.REQUIRED and beyond(case, stride_or_dilation(case)):
        return unspecified(f"output_padding {case.output_padding} is not below stride or dilation")
    return meaning


def _same(case: Case) -> Meaning:
    whole = explicit(case.replace(padding=((0, 0),) * case.ndim, output_size=None))
    if whole.geometry is None:
        return whole
    own = next(one for one in READINGS if one.name == OWN[SAME])
    size, crop = zip(*map(own.window, axes_of(case)), strict=True)
    return Meaning(Acceptance.REQUIRED, at(case, crop, size))


def selftest(faults: Sequence[FaultModel] = FAULTS, cases: Iterable[Case] | None = None) -> Outcome:
    """Runs the fault models and the correct reference through the quick profile.

    A fault model gets no further cases once it is detected.

    Args:
        faults: the models; all by default.
        cases: the cases; the core corpus by default.

    Raises:
        ConformanceError: if there are no cases.
    """
    started = time.monotonic()
    left = dict.fromkeys(faults)
    kills: dict[FaultModel, Kill] = {}
    accused: list[Record] = []
    count = 0
    for count, case in enumerate(core().cases() if cases is None else cases, 1):
        meaning = reading(case)
        problem = Problem(case, meaning.geometry)
        accused += failing(CLEAN, problem, meaning)
        for fault in list(left):
            found = failing(fault, problem, meaning)
            if found:
                del left[fault]
                kills[fault] = Kill(fault, count, case, tuple(record.check.value for record in found))
    if not count:
        raise ConformanceError("there are no cases to run")
    table = tuple(kills.get(fault, Kill(fault, None, None, ())) for fault in faults)
    return Outcome(table, tuple(accused), count, time.monotonic() - started)


def failing(fault: FaultModel, problem: Problem, meaning: Meaning) -> list[Record]:
    """Returns the failing records of a fault model's answer."""
    answer = answer_of(fault, problem, NAME)
    reference: Any = problem.reference
    records = judge(problem.case, meaning, problem.data, reference, answer, NAME)
    return [record for record in records if record.failing]
