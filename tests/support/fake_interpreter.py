"""A fake interpreter: an executable file that starts ``fake_worker.py`` with a plan of misbehaviour."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from attrs import frozen

from tests.support.processes import alive, process_groups


@frozen
class Fake:
    """``python`` is what the suite is told to run; the folder holds the plan and what happened."""

    folder: Path
    python: Path

    @classmethod
    def create(cls, folder: Path, plan: dict[str, Any]) -> Fake:
        """See ``fake_worker.py`` for what a plan may hold."""
        (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        python = folder / "python"
        program = Path(__file__).with_name("fake_worker.py")
        python.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" "{program}" "{folder}" "$@"\n', encoding="utf-8"
        )
        python.chmod(0o755)
        return cls(folder, python)

    def groups(self) -> list[int]:
        """The process groups of the workers started so far, in order."""
        starts = self.folder / "starts"
        return [int(line) for line in starts.read_text().split()] if starts.exists() else []

    def seen(self) -> list[list[str]]:
        """Per worker started, the seeds of the cases that reached it."""
        served = []
        for number in range(1, len(self.groups()) + 1):
            path = self.folder / f"seen{number}"
            served.append(path.read_text().split() if path.exists() else [])
        return served

    def left(self) -> dict[int, list[int]]:
        """The living processes of its workers' groups."""
        return {group: found for group, found in process_groups().items() if group in self.groups()}

    def is_silent(self) -> bool:
        """Whether a worker has come to the point from which it says nothing more."""
        return (self.folder / "silent").exists()

    def is_hanging(self) -> bool:
        """Whether a worker hangs."""
        hanging = self.folder / "hanging"
        return hanging.exists() and any(map(alive, map(int, hanging.read_text().split())))


def installed(cache: Path, framework: str, plan: dict[str, Any]) -> Fake:
    """A fake in place of the environment that the suite would make in ``cache`` ($CONFORMANCE_CACHE)."""
    from conv_transpose_conformance.frameworks.environments import environment_for

    environment = environment_for(framework)
    assert cache in environment.folder.parents, "$CONFORMANCE_CACHE is not set to the cache"
    environment.python.parent.mkdir(parents=True)
    fake = Fake.create(environment.folder, plan)
    environment.python.symlink_to(fake.python)
    (environment.folder / "environment.json").write_text("{}", encoding="utf-8")
    return fake
