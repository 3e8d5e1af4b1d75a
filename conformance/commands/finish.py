"""The end of a run: causes, their scripts, and what of them was expected."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from conv_transpose_conformance.cases.names import Name
from conv_transpose_conformance.causes.failures import Observed
from conv_transpose_conformance.causes.find import Cause, explain
from conv_transpose_conformance.expectations import Expectations
from conv_transpose_conformance.reports.divergences import Scripts, divergences
from conv_transpose_conformance.reports.scripts.execution import Executions
from conv_transpose_conformance.reports.store.summary import Summary
from conv_transpose_conformance.text import plain


def conclude(
    observed: Observed,
    summary: Summary,
    frameworks: Mapping[str, dict[str, Any]],
    expectations: Expectations,
    *,
    console: Console,
    asking: bool = True,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[dict[str, Any]]:
    """The content of divergences.json, each divergence with what is known and what was expected of it.

    ``frameworks`` is run.json's; with ``asking`` those that ran are asked further, and scripts executed.
    """
    ran = {name: entry for name, entry in frameworks.items() if entry["status"] == "ran"}
    interpreters = {n: Path(e["interpreter"]) for n, e in ran.items() if e.get("interpreter") and asking}
    versions = {name: entry.get("version") or "" for name, entry in ran.items()}
    devices = {name: entry.get("device") or "cpu" for name, entry in ran.items()}
    if not any(calls.failing for calls in observed.calls.values()):
        return []
    lock = threading.Lock()
    status = console.status("searching for causes") if console.is_terminal else nullcontext(None)
    with status as shown:

        def say(line: str) -> None:
            with lock:
                if shown is not None:
                    shown.update(Text(plain(line), style="dim"))
                else:
                    console.print(Text(plain(line), style="dim"), soft_wrap=True)

        with Executions(interpreters, cancelled) as executions:
            scripts = Scripts(executions, versions, devices)
            causes = explain(observed, interpreters, say=say, cancelled=cancelled, known=scripts.begin)
            if interpreters and not cancelled():
                say("running the reproduction scripts")
            found = divergences(causes, summary, scripts)
    for cause, entry in zip(causes, found, strict=True):
        entry["expected"] = _expected(cause, expectations, versions)
    return found


def _expected(cause: Cause, expectations: Expectations, versions: Mapping[str, str]) -> dict[str, Any] | None:
    records = [record for of_case in cause.records.values() for record in of_case]
    return expectations.explain(records, versions.get(cause.framework))


def unexpected(divergence: Mapping[str, Any]) -> bool:
    """Whether a divergence fails a run."""
    expected = divergence.get("expected")
    return expected is None or not expected["all"]


def exit_code(divergences: Iterable[Mapping[str, Any]], frameworks: Mapping[str, dict[str, Any]]) -> int:
    """1 where a divergence fails the run, else 3 where a framework was not judged to the end, else 0.

    An optional framework that is not there is not missed, as long as another ran.
    """
    if any(map(unexpected, divergences)):
        return 1
    entries = [entry for entry in frameworks.values() if not entry.get("optional")]
    return 0 if entries and all(e["status"] == "ran" and not e["reason"] for e in entries) else 3


def stale(
    expectations: Expectations, implementations: Mapping[str, Any], frameworks: Mapping[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    """The entries that should have matched something in a run and did not."""
    judged = [
        (Name.parse(name).implementation, frameworks.get(entry["framework"], {}).get("version"))
        for name, entry in implementations.items()
        if entry["judged"]
    ]
    return expectations.stale(judged)
