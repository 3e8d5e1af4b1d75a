"""What a run shows on its way: plain lines where there is no terminal, and a bar where there is one."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.commands import progress
from conv_transpose_conformance.commands.handlers import PhaseBegan, PhaseEnded
from conv_transpose_conformance.commands.progress import ProgressView
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from tests.support.clock import Clock

CASE = Case.parse("v1_1d_n1_ci1_co1_i2_k2_f32_int.1")


def judged(*verdicts: Verdict) -> events.Judged:
    return events.Judged(
        [
            Record(case=CASE, implementation="a", framework="torch", check=Check.VALUES, verdict=verdict)
            for verdict in verdicts
        ]
    )


@pytest.fixture
def show():
    """The text of the events on a console."""

    def handle(*told: events.Event, terminal: bool = False) -> str:
        console = Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None)
        view = ProgressView(console)
        view.handle(PhaseBegan("cases"))
        for event in told:
            view.handle(event)
        view.handle(PhaseEnded("cases"))
        return console.file.getvalue()

    return handle


def test_each_event_about_a_framework_is_a_line(show):
    assert show(
        events.Preparing("torch", "installing torch==2"),
        events.Ready("torch", {"version": "2.0", "device": "cpu"}),
        events.Restarted("torch", "SIGSEGV"),
        events.Unavailable("paddle", "no network"),
    ).splitlines() == [
        "torch: installing torch==2",
        "torch 2.0: ready, on cpu",
        "torch: restarted a worker: SIGSEGV",
        "paddle: not run: no network",
    ]


def test_what_is_being_prepared_is_said_once_until_it_changes(show):
    messages = ["waiting", "waiting", "installing", "waiting"]
    lines = show(*(events.Preparing("torch", message) for message in messages)).splitlines()
    assert lines == ["torch: waiting", "torch: installing", "torch: waiting"]


def test_a_framework_cannot_control_the_terminal(show):
    out = show(events.Unavailable("torch", "\x1b[2J[red]no[/red]"), terminal=True)
    assert "\x1b[2J" not in out
    assert "[red]no[/red]" in out


def test_without_a_terminal_calls_are_not_counted(show):
    assert show(events.Planned(10), judged(Verdict.PASS)) == ""


def test_a_terminal_counts_calls_and_failing_checks(monkeypatch, show):
    clock = Clock(running=lambda: True)  # every look at it is late enough for another drawing
    clock.step = 1.0
    monkeypatch.setattr(progress, "time", clock)
    updates = []
    monkeypatch.setattr(
        progress.Progress, "update", lambda _self, _task, **fields: updates.append(fields), raising=True
    )
    show(
        events.Planned(3),
        judged(Verdict.PASS, Verdict.DIVERGE),
        judged(Verdict.NOT_APPLICABLE),  # nothing was asked
        judged(Verdict.CRASH),
        terminal=True,
    )
    assert updates == [{"total": 3}, {"completed": 1, "failing": 1}, {"completed": 2, "failing": 2}]


def test_a_terminal_is_not_redrawn_at_every_call(monkeypatch, show):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    updates = []
    monkeypatch.setattr(progress.Progress, "update", lambda _self, _task, **fields: updates.append(fields))
    show(*[judged(Verdict.PASS)] * 50, terminal=True)
    assert updates == []
