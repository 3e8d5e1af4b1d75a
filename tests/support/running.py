"""Runs of the real engine on fake interpreters."""

from __future__ import annotations

from pathlib import Path

from attrs import field, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.execution.engine import Engine
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from tests.support.fake_interpreter import Fake

NAME = "torch.nn.ConvTranspose1d"
OTHER = "torch.nn.functional.conv_transpose1d"


@frozen
class Outcome:
    """What a run told."""

    records: list[Record] = field(factory=list)
    ready: list[events.Ready] = field(factory=list)
    unavailable: list[events.Unavailable] = field(factory=list)
    restarted: list[str] = field(factory=list)
    planned: list[int] = field(factory=list)

    def tell(self, event: events.Event) -> None:
        match event:
            case events.Judged(records):
                self.records.extend(records)
            case events.Ready():
                self.ready.append(event)
            case events.Unavailable():
                self.unavailable.append(event)
            case events.Restarted(_, reason):
                self.restarted.append(reason)
            case events.Planned(calls):
                self.planned.append(calls)

    def of(self, case: Case, implementation: str = NAME) -> dict[Check, Record]:
        """The records of one call."""
        found = [r for r in self.records if r.case == case and r.implementation == implementation]
        by_check = {record.check: record for record in found}
        assert len(by_check) == len(found), "a call was judged twice"
        return by_check

    def acceptance(self, case: Case, implementation: str = NAME) -> Record:
        return self.of(case, implementation)[Check.ACCEPTANCE]

    def all_right(self, cases: list[Case], implementation: str = NAME) -> bool:
        """Whether each of the cases was judged in full and passes."""
        for case in cases:
            found = self.of(case, implementation)
            assert found, f"{case.id} was never judged"
            assert {r.verdict for r in found.values()} == {Verdict.PASS}, found
            assert Check.VALUES in found
        return True


def engine_of(
    interpreters: Fake | dict[str, Fake], implementations: tuple[str, ...] = (NAME,), **options: object
) -> Engine:
    """An engine that uses fake interpreters, one for all frameworks or one for each."""

    def locate(framework: str, *_rest: object) -> Path:
        return (interpreters if isinstance(interpreters, Fake) else interpreters[framework]).python

    settings = {"allowance": 20.0, "deadline": 0.5, **options}
    return Engine(implementations=implementations, locate=locate, **settings)


def run(
    interpreters: Fake | dict[str, Fake],
    cases: list[Case],
    implementations: tuple[str, ...] = (NAME,),
    **options: object,
) -> Outcome:
    """A run to its end."""
    outcome = Outcome()
    for event in engine_of(interpreters, implementations, **options).run(cases):
        outcome.tell(event)
    return outcome
