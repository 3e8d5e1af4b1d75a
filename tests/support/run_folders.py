"""Records of runs made by hand, and run folders that hold them."""

from __future__ import annotations

from conv_transpose_conformance.causes.find import find_causes, in_order
from conv_transpose_conformance.commands.recorder import Recorder
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.reports.divergences import Scripts, divergences
from conv_transpose_conformance.reports.grouping import grouped
from conv_transpose_conformance.reports.render import render
from conv_transpose_conformance.reports.scripts.execution import Executions
from conv_transpose_conformance.reports.store.folder import RunFolder

NAME = "torch.nn.ConvTranspose1d"
VALUES = (Check.VALUES, Check.GRAD_INPUT, Check.GRAD_BIAS)
INFO = {
    "schema": 1,
    "suite": {"name": "conv-transpose-conformance", "version": "0.1.0"},
    "started": "2026-01-02T03:04:05+00:00",
    "seconds": 1.0,
    "profile": "quick",
    "seed": 0,
    "budget": None,
    "interrupted": False,
    "exit_code": 1,
    "host": dict.fromkeys(("python", "numpy", "platform", "cpu", "reference", "cpu_count")),
    "frameworks": {"torch": {"status": "ran", "reason": None, "version": "2.13.0"}},
}


def record(case, check=Check.VALUES, verdict=Verdict.PASS, **changes):
    """A record of a call of the case."""
    fields = {"implementation": NAME, "framework": "torch", "message": "", "microseconds": 10.0}
    return Record(case=case, check=check, verdict=verdict, **(fields | changes))


def call(case, wrong, checks=VALUES, **changes):
    """Acceptance, then each check, failing where ``wrong``."""
    verdict = Verdict.DIVERGE if wrong else Verdict.PASS
    message = "1 of 2 elements differ" if wrong else ""
    found = [record(case, Check.ACCEPTANCE, **changes)]
    return found + [record(case, check, verdict, message=message, **changes) for check in checks]


def causes_of(observed):
    """The causes as far as the run's own calls show them."""
    return in_order(cause for event in find_causes(observed, {}) for cause in event.causes)


def folder_of(path, batches, **changes):
    """The folder of a run with the records of these calls, its causes found and its pages made."""
    folder = RunFolder.create(path)
    with Recorder(folder.records) as recorder:
        for batch in batches:
            recorder.add(batch)
    found = grouped(divergences(causes_of(recorder.observed), recorder.summary, Scripts(Executions({}), {})))
    folder.write({**INFO, **changes}, recorder.summary, found)
    render(path)
    return path
