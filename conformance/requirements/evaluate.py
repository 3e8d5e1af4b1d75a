"""The requirements of a run: examined, added up, and held against what was expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from rich.console import Console

from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.execution.engine import Engine
from conv_transpose_conformance.frameworks.registry import framework_of
from conv_transpose_conformance.requirements.base.requirement import Requirement, Result, fails
from conv_transpose_conformance.requirements.examine import Subject, examine
from conv_transpose_conformance.requirements.tally import Tally

# What is expected of a requirement, an implementation and its framework's version.
Expected = Callable[[str, str, str | None], dict[str, Any] | None]


def requirements_of(
    requirements: Sequence[Requirement],
    tally: Tally,
    engine: Engine,
    frameworks: Mapping[str, dict[str, Any]],
    expected: Expected,
    *,
    console: Console,
    cancelled: Callable[[], bool],
) -> list[dict[str, Any]]:
    """The results of a run's requirements, as run.json has them; ``frameworks`` is run.json's.

    Each failing one of those that asked for themselves says whether it was ``expected``; the others are
    expected or not as the divergences of their cases are.
    """
    subjects = []
    for target in engine.targets:
        entry = frameworks[target]
        if entry["status"] == "ran" and entry.get("interpreter"):
            subjects.append(Subject(target, Path(entry["interpreter"]), _columns(engine, target)))
    status = console.status("examining requirements") if console.is_terminal else nullcontext(None)
    with status as shown:

        def say(line: str) -> None:
            if shown is not None:
                shown.update(line)

        probed = examine(requirements, subjects, say=say, cancelled=cancelled)
    columns = {column: s.target for s in subjects for column in s.columns.values()}
    order = {r.id: position for position, r in enumerate(requirements)}
    results: list[Result] = sorted(
        [*tally.results(columns), *probed],
        key=lambda result: (order[result.requirement], list(columns).index(result.column)),
    )
    found = []
    for result in results:
        plain = result.plain()
        if fails(plain):
            version = frameworks[result.target].get("version") or ""
            plain["expected"] = expected(result.requirement, result.column, version)
        found.append(plain)
    return found


def _columns(engine: Engine, target: str) -> dict[str, str]:
    parsed = Target.parse(target)
    return {
        name: parsed.key(name) for name in engine.implementations if framework_of(name) == parsed.framework
    }
