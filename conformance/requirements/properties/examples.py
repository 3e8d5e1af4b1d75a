"""Examples of documents: a call, and the shape or the values that the document prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.answers import Outcome
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed

Trials = Callable[[Prober], Iterator[Trial]]


def printed_shape(
    identifier: str, shape: tuple[int, ...], arguments: Mapping[str, Any] | None = None
) -> Trials:
    """Returns the trial that a case's call, with these further arguments, has an output of ``shape``."""

    def trials(prober: Prober) -> Iterator[Trial]:
        case = Case.parse(identifier)
        given = {name: array for name, array in prober.arrays(case).items() if name != "g"}
        named = dict(arguments or {})
        if prober.declared.maps_batch and "output_size" in named:  # each input is without a batch
            named["output_size"] = named["output_size"][1:]
        answer = prober.call(case, given, arguments=named)
        if answer.shape is not None and answer.shape != shape:
            found = list(answer.shape)
            yield differs(f"the output has the shape {found} rather than {list(shape)}", case)
        elif answer.outcome is Outcome.UNSUPPORTED and answer.shape is not None:
            yield passed(case, f"only the shape: {answer.message}")
        else:
            yield fault(answer, case) or passed(case)

    return trials


def printed_values(identifier: str, x: Sequence[Any], w: Sequence[Any], expected: Sequence[Any]) -> Trials:
    """Returns the trial that a case's call on ``x`` and ``w`` in float32 gives ``expected``."""

    def trials(prober: Prober) -> Iterator[Trial]:
        case = Case.parse(identifier)
        arrays = {"x": np.array(x, np.float32), "w": np.array(w, np.float32)}
        answer = prober.call(case, arrays)
        trial = fault(answer, case)
        if trial is not None:
            yield trial
            return
        found = answer.arrays["values"].tolist()
        yield passed(case) if found == expected else differs(f"the output is {found}", case)

    return trials
