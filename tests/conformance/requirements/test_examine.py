"""Requirements that ask a framework: none is left without a verdict, whatever becomes of the worker."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements import examine as module
from conv_transpose_conformance.requirements.base.requirement import Probed
from conv_transpose_conformance.requirements.base.trial import differs, passed
from conv_transpose_conformance.requirements.examine import Subject
from conv_transpose_conformance.workers.process import WorkerFailed
from tests.support.examining import results_of

NAME, VARIANT = "torch.nn.ConvTranspose1d", "torch.nn.ConvTranspose1d+vmap"


class Runner:
    """Runs nothing."""

    def __init__(self, *_arguments):
        pass

    def start(self):
        return {"device": "cpu"}

    def answer(self, _job, implementation):
        return Answer(implementation=implementation, outcome=Outcome.UNSUPPORTED, message="no docstring")

    def __enter__(self):
        return self

    def __exit__(self, *_failure):
        pass


def requirement(identifier, trials, **others):
    return Probed(id=identifier, statement="It holds.", source="suite", trials=trials, **others)


def lost(_bench):
    yield passed()
    raise WorkerFailed("torch: the worker is gone")


@pytest.fixture
def found(monkeypatch):
    monkeypatch.setattr(module, "CaseRunner", Runner)

    def run(*requirements, columns=(NAME, VARIANT), stop=None):
        subject = Subject("torch", Path("python"), {name: name for name in columns})
        return {(r.requirement, r.key): r for r in results_of(requirements, subject, stop)}

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
    def trials(prober):
        prober.left_out += 3
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
    stop = threading.Event()

    def trials(_bench):
        stop.set()
        yield passed()

    first, second = requirement("a", trials), requirement("b", lambda _bench: [passed()])
    assert set(found(first, second, stop=stop)) == {("a", NAME)}


def test_a_fault_of_ours_ends_the_run(found):
    def broken(_bench):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        found(requirement("a", broken))


def test_what_compiles_has_a_worker_of_its_own(monkeypatch):
    started = []

    class Counting(Runner):
        def __init__(self, *arguments):
            started.append(self)
            super().__init__(*arguments)

    monkeypatch.setattr(module, "CaseRunner", Counting)
    columns = {name: name for name in (NAME, f"{NAME}+compile", f"{NAME}+vmap")}
    subject = Subject("torch", Path("python"), columns)
    asked = [requirement("a", lambda _bench: [passed()])]
    assert len(results_of(asked, subject)) == len(columns)
    assert len(started) == 2
