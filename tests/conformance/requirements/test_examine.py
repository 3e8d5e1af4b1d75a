"""Requirements that ask a framework: none is left without a verdict, whatever becomes of the worker."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements import examine as module
from conv_transpose_conformance.requirements.base.requirement import Probed
from conv_transpose_conformance.requirements.base.trial import differs, passed
from conv_transpose_conformance.requirements.examine import Subject, examine
from conv_transpose_conformance.workers.process import WorkerFailed

NAME, VARIANT = "torch.nn.ConvTranspose1d", "torch.nn.ConvTranspose1d+vmap"


class Driver:
    """Drives no worker."""

    def __init__(self, *_arguments):
        self.closed = False

    def start(self):
        return {"device": "cpu"}

    def close(self):
        self.closed = True


def requirement(identifier, trials, **others):
    return Probed(id=identifier, statement="It holds.", source="suite", trials=trials, **others)


def lost(_bench):
    yield passed()
    raise WorkerFailed("torch: the worker is gone")


@pytest.fixture
def found(monkeypatch):
    monkeypatch.setattr(module, "Driver", Driver)

    def run(*requirements, columns=(NAME, VARIANT), cancelled=lambda: False):
        subject = Subject("torch", Path("python"), {name: name for name in columns})
        results = examine(requirements, [subject], say=lambda _line: None, cancelled=cancelled)
        return {(r.requirement, r.column): r for r in results}

    return run


def test_every_requirement_has_a_verdict_on_every_implementation(found):
    results = found(
        requirement("a", lambda _bench: [passed()]),
        requirement("b", lambda _bench: [differs("no")]),
        requirement("c", lambda _bench: [passed()], needs="cuda"),
        requirement("d", lambda _bench: [passed()], applies=("paddle.*",)),
        requirement("e", lambda _bench: [passed()], making=True),
    )
    expected = {
        "a": Verdict.PASS,
        "b": Verdict.DIVERGE,
        "c": Verdict.UNSUPPORTED,
        "d": Verdict.NOT_APPLICABLE,
    }
    assert {name: results[name, NAME].verdict for name in "abcde"} == {**expected, "e": Verdict.PASS}
    assert results["c", NAME].plain()["message"] == "needs cuda; the device is cpu"
    # a variant is held to the same requirements, except those on how the layer is made
    assert {name: results[name, VARIANT].verdict for name in "abcde"} == {
        **expected,
        "e": Verdict.NOT_APPLICABLE,
    }
    assert NAME in results["e", VARIANT].plain()["message"]


def test_a_slow_variant_says_how_many_tries_were_left_out(found):
    def trials(bench):
        bench.left_out += 3
        return [passed()]

    results = found(requirement("a", trials), requirement("b", lambda _bench: [passed(message="so")]))
    assert results["a", VARIANT].plain()["message"] == "3 more not tried on a slow variant"
    assert results["b", VARIANT].plain()["message"] == "so"


def test_a_lost_worker_takes_nothing_back_and_leaves_nothing_blank(found):
    results = found(
        requirement("a", lambda _bench: [passed()]),
        requirement("b", lost),
        requirement("c", lambda _bench: [passed()]),
        columns=(NAME,),
    )
    assert [results[name, NAME].verdict for name in "abc"] == [Verdict.PASS, Verdict.ERROR, Verdict.ERROR]
    assert "the worker is gone" in results["c", NAME].plain()["message"]


def test_a_cancelled_requirement_is_left_out(found):
    cancelled = threading.Event()

    def trials(_bench):
        cancelled.set()
        yield passed()

    first, second = requirement("a", trials), requirement("b", lambda _bench: [passed()])
    assert set(found(first, second, cancelled=cancelled.is_set)) == {("a", NAME)}


def test_a_fault_of_ours_ends_the_run(found):
    def broken(_bench):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        found(requirement("a", broken))


def test_what_compiles_has_a_worker_of_its_own_and_the_order_stays(monkeypatch):
    started = []

    class Counting(Driver):
        def __init__(self, *arguments):
            started.append(self)
            super().__init__(*arguments)

    monkeypatch.setattr(module, "Driver", Counting)
    columns = {name: name for name in (NAME, f"{NAME}+compile", f"{NAME}+vmap")}
    subject = Subject("torch", Path("python"), columns)
    results = examine(
        [requirement("a", lambda _bench: [passed()])],
        [subject],
        say=lambda _line: None,
        cancelled=lambda: False,
    )
    assert [result.column for result in results] == list(columns)
    assert len(started) == 2
