"""Claims that a kind of exception is raised for certain arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.answers import Outcome
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed
from conv_transpose_conformance.requirements.refusals.invalid_call import base, refuses_all, tensors
from conv_transpose_conformance.requirements.refusals.numbers import shown


def raises(
    kind: str,
    calls: Sequence[Mapping[str, Any]],
    change: Callable[[Case], Case] = lambda case: case,
) -> Callable[[Prober], Iterator[Trial]]:
    """Returns trials that each of ``calls`` raises ``kind``; any exception will do where it is empty.

    Each call is given by its arguments in the API's own names, the others being those of the simplest valid
    call after ``change``.
    """

    def trials(prober: Prober) -> Iterator[Trial]:
        case = change(base(prober))
        for arguments in calls:
            words = ", ".join(f"{name}={shown(value)}" for name, value in arguments.items())
            answer = prober.call(case, tensors(case), arguments=dict(arguments), refusable=True)
            if answer.outcome is Outcome.OK:
                yield differs(f"{words} is accepted; the output has the shape {list(answer.shape or ())}")
            elif answer.outcome is not Outcome.RAISED:
                yield fault(answer) or passed()
            elif kind and not answer.message.startswith(f"{kind}:"):
                yield differs(f"{words} raises no {kind} but {answer.message}")
            else:
                yield passed(message=f"{words}: {answer.message}")
        yield from filter(None, [refuses_all(prober)])

    return trials
