"""A run's phases, and the handlers of their events: in order, loud about faults, and without a loss."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path

import pytest
from attrs import define, field
from rich.console import Console

from conv_transpose_conformance.causes.find import Found, Looking
from conv_transpose_conformance.commands import phases
from conv_transpose_conformance.commands.handlers import EventHandler, PhaseBegan, PhaseEnded, Written
from conv_transpose_conformance.commands.progress import ProgressView
from conv_transpose_conformance.commands.run import execute
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.reports.scripts.execution import Executions
from conv_transpose_conformance.reports.store.dataset import load_run
from conv_transpose_conformance.reports.store.journal import Journal
from conv_transpose_conformance.requirements.catalogue import choose
from conv_transpose_conformance.requirements.examine import Examined, Examining
from tests.support.cases import small_cases
from tests.support.running import NAME, OTHER, engine_of

CASES = small_cases([f"{n:x}" for n in range(1, 60)], "v1_1d_n1_ci1_co1_i2_k2_f32_int.{}")
FACTS = {"profile": "quick", "seed": 0, "budget": None}
NAMES = ["cases", "requirements", "causes", "scripts", "writing"]


@define
class Watching(EventHandler):
    """Notes what it sees; raises where a test wants it to."""

    raises_at: object = None  # "start", "finish", or a kind of event
    after: int = 1  # of that kind
    seen: list = field(factory=list)

    def start(self, context):
        self.seen.append("start")
        self._maybe("start")

    def handle(self, event):
        self.seen.append(event)
        self._maybe(type(event))

    def finish(self, context):
        self.seen.append(("finish", context.failure))
        self._maybe("finish")

    def _maybe(self, what):
        if what == self.raises_at:
            self.after -= 1
            if not self.after:
                raise ZeroDivisionError("ours")

    def kinds(self):
        """The kinds of events, each with its number."""
        return Counter(type(event) for event in self.seen)


def go(fake, folder: Path, *others, asked=None, names=(NAME,), **options):
    settings = {"facts": FACTS, "console": Console(quiet=True), "asked": asked, **options}
    return execute(engine_of(fake, names), CASES, out=folder, others=others, **settings)


def rows(folder: Path) -> set:
    return {tuple(map(str, row)) for row in load_run(folder).drop(columns="microseconds").itertuples(False)}


def test_phases_come_in_order_and_each_handler_sees_them_alike(fake, tmp_path):
    first, second = Watching(), Watching()
    go(fake(), tmp_path / "run", first, second, asked={}, requirements=choose(["dtype.float32.result"]))
    assert first.seen == second.seen
    assert (first.seen[0], first.seen[-1]) == ("start", ("finish", None))
    assert [event.phase for event in first.seen if isinstance(event, PhaseBegan)] == NAMES
    assert [event.phase for event in first.seen if isinstance(event, PhaseEnded)] == NAMES
    kinds = first.kinds()
    assert kinds[events.Judged] == len(CASES)
    assert kinds[events.Ready] == kinds[Examining] == kinds[Examined] == kinds[Written] == 1
    at = {type(event): number for number, event in enumerate(first.seen)}
    ends = [number for number, event in enumerate(first.seen) if isinstance(event, PhaseEnded)]
    assert at[events.Judged] < ends[0] < at[Examining] < at[Examined] < ends[1]
    assert ends[3] < at[Written] < ends[4]


@pytest.mark.parametrize(("kind", "after"), [(events.Ready, 1), (events.Judged, 1), (events.Judged, 40)])
def test_a_handler_that_raises_ends_the_run_loudly_and_loses_nothing(fake, tmp_path, kind, after):
    folder, broken, bystander = tmp_path / "run", Watching(kind, after), Watching()
    with pytest.raises(ZeroDivisionError, match="ours"):
        go(fake(), folder, broken, bystander, asked={})
    for watching in (broken, bystander):  # all that were started are finished
        assert isinstance(watching.seen[-1][1], ZeroDivisionError)
    judged = broken.kinds()[events.Judged]
    assert judged == (after if kind is events.Judged else 0)
    assert not (folder / "run.json").exists()
    again = Watching()
    go(fake(), folder, again)
    assert again.kinds()[events.Kept] == judged
    assert again.kinds()[events.Judged] == len(CASES) - judged
    go(fake(), tmp_path / "whole", asked={})
    assert rows(folder) == rows(tmp_path / "whole")
    assert not (folder / "journal.jsonl").exists()


@pytest.mark.parametrize("kind", [PhaseBegan, Found, Written])
def test_so_it_does_in_later_phases(fake, tmp_path, kind):
    folder = tmp_path / "run"
    broken = Watching(kind, 3 if kind is PhaseBegan else 1)
    with pytest.raises(ZeroDivisionError):
        go(fake(implementations={NAME: "wrong values"}), folder, broken, asked={}, explaining=True)
    again = Watching()
    go(fake(implementations={NAME: "wrong values"}), folder, again)
    assert again.kinds()[events.Kept] == len(CASES)


def test_a_handler_that_cannot_start_or_finish_takes_no_other_with_it(fake, tmp_path):
    before, after = Watching(), Watching()
    with pytest.raises(ZeroDivisionError):
        go(fake(), tmp_path / "a", before, Watching("start"), after, asked={})
    assert [type(one) for one in before.seen] == [str, tuple]  # started and finished, without an event
    assert after.seen == []
    before = Watching()
    with pytest.raises(ZeroDivisionError):
        go(fake(), tmp_path / "b", before, Watching("finish"), asked={})
    assert before.seen[-1] == ("finish", None)
    assert (tmp_path / "b" / "run.json").exists()


def test_a_phase_that_fails_ends_the_run_and_what_works_for_it(fake, tmp_path, monkeypatch):
    def failing(_context):
        raise LookupError("in between")
        yield

    (cases, _, *others) = phases.PHASES
    monkeypatch.setattr(
        "conv_transpose_conformance.commands.run.PHASES", (cases, phases.Phase("broken", failing), *others)
    )
    watching = Watching()
    with pytest.raises(LookupError, match="in between"):
        go(fake(), tmp_path / "run", watching, asked={})
    assert [event.phase for event in watching.seen if isinstance(event, PhaseBegan)] == ["cases", "broken"]
    with Journal(tmp_path / "run", phases.suite()["version"]) as journal:
        assert len(list(journal.records())) == len(CASES)


def test_causes_are_told_as_they_are_found_and_their_scripts_begun(fake, tmp_path, monkeypatch):
    begun = []
    begin = Executions.begin

    def noted(executions, *arguments):
        begun.append(arguments)
        return begin(executions, *arguments)

    monkeypatch.setattr(Executions, "begin", noted)

    @define
    class Counting(EventHandler):
        counts: list = field(factory=list)

        def handle(self, event):
            if isinstance(event, Found):
                self.counts.append((len(event.causes), len(begun)))

    counting, watching = Counting(), Watching()
    plan = {NAME: "wrong values", OTHER: "wrong values"}
    _, found = go(
        fake(implementations=plan),
        tmp_path / "run",
        counting,
        watching,
        asked={},
        names=(NAME, OTHER),
        explaining=True,
    )
    assert [causes for causes, _ in counting.counts] == [1, 1]
    assert [scripts for _, scripts in counting.counts] == [1, 2]  # those of the first, before the second
    assert watching.kinds()[Looking] == 2
    assert len(found) == 2
    assert all(divergence["reproduction"]["status"] for divergence in found)


def shown(fake, folder, **terminal):
    console = Console(file=io.StringIO(), width=100, **terminal)
    settings = {"facts": FACTS, "console": console, "asked": {}, "explaining": True}
    execute(engine_of(fake(implementations={NAME: "wrong values"})), CASES, out=folder, **settings)
    return console.file.getvalue()


def test_where_there_is_no_terminal_phases_tell_lines(fake, tmp_path):
    assert shown(fake, tmp_path / "run").splitlines() == [
        "torch 0.fake: ready, on cpu",
        f"torch: looking for causes in {NAME}",
        "running the reproduction scripts",
    ]


def test_a_terminal_shows_each_phase_and_is_left_clean(fake, tmp_path):
    text = shown(fake, tmp_path / "run", force_terminal=True, force_interactive=True)
    for words in ("judging", "examining requirements", "looking for causes", "running the", "writing"):
        assert words in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") >= 5  # the cursor: hidden, and shown again


def test_a_view_that_is_finished_in_mid_phase_leaves_the_terminal_clean():
    console = Console(file=io.StringIO(), force_terminal=True, force_interactive=True)
    view = ProgressView(console)
    view.handle(PhaseBegan("cases"))
    view.finish(None)
    text = console.file.getvalue()
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1
