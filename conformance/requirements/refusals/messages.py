"""The quality of refusal messages: counted and reported, never judged."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from attrs import frozen

from conv_transpose_conformance.judging.answers import Outcome
from conv_transpose_conformance.requirements.base.probe import Prober
from conv_transpose_conformance.requirements.base.requirement import Probed
from conv_transpose_conformance.requirements.base.trial import Trial, not_applicable, reported
from conv_transpose_conformance.requirements.refusals import numbers, options
from conv_transpose_conformance.requirements.refusals.invalid_call import InvalidCall, asked

_ALLOWED: Final = re.compile(
    r"must|should|expect|positive|negative|greater|larger|smaller|less than|at least|divisible|one of|only|"
    r"support|range|zero|exceed|overflow",
    re.IGNORECASE,
)


@frozen
class Message:
    """Whether a refusal's message names the argument, the value, and the allowed values."""

    name: bool
    value: bool
    allowed: bool

    @classmethod
    def of(cls, text: str, name: str, role: str, value: object) -> Message:
        """Reads the message of a refused ``name=value``."""
        lowered = text.lower()
        names = {name, name.replace("_", " "), role, role.replace("_", " ")}
        # a quoted string, or any number of several
        parts = re.findall(r"'\w*'|[\w.-]*\d[\w.-]*|nan|inf|none", numbers.shown(value).lower())
        return cls(
            name=any(word.lower() in lowered for word in names),
            value=any(re.search(rf"(?<![\w.-]){re.escape(part)}(?!\w|\.\d)", lowered) for part in parts),
            allowed=bool(_ALLOWED.search(text)),
        )


def _messages(prober: Prober) -> Iterator[Trial]:
    waiting: list[tuple[InvalidCall, dict[str, object]]] = []
    found: list[tuple[InvalidCall, str, Message]] = []
    stages: Counter[str] = Counter()
    for attempt in (*numbers.single_faults(prober), *options.single_faults(prober)):
        named = attempt.expressed(prober)
        if attempt.readings or len(attempt.arguments) != 1 or named is None:
            continue
        waiting.append((attempt, named))
    for attempt, named in prober.limited(waiting):
        answer = asked(prober, attempt)
        if answer.outcome is not Outcome.RAISED:
            continue
        ((role, value),) = attempt.arguments.items()
        (name,) = named
        stages[answer.stage] += 1
        found.append((attempt, answer.message, Message.of(answer.message, name, role, value)))
    if not found:
        yield not_applicable("no call was refused")
        return
    poor = [(a, text) for a, text, m in found if not (m.name or m.value or m.allowed)]
    shortest = min(poor, key=lambda one: (len(one[1]), one[1], one[0].words), default=None)
    where = ", ".join(f"{stages[stage]} in {stage}" for stage in sorted(stages))
    yield reported(
        f"of {len(found)} refusals ({where}), {sum(m.name for *_, m in found)} name the argument, "
        f"{sum(m.value for *_, m in found)} the value, {sum(m.allowed for *_, m in found)} the allowed values"
        + (
            f"; {len(poor)} name none of these, for example {shortest[0].words}: {shortest[1]}"
            if shortest
            else ""
        )
    )


REQUIREMENTS: Final = (
    Probed(
        id="reject.message",
        statement="The message of a refusal should name the argument, its value and the allowed values.",
        source="suite",
        trials=_messages,
    ),
)
