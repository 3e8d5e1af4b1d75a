"""Fixtures of the suite's own tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conv_transpose_conformance.commands import environments
from conv_transpose_conformance.errors import NotInstalled
from conv_transpose_conformance.execution import driver
from conv_transpose_conformance.frameworks import r_runtime
from conv_transpose_conformance.frameworks.registry import registry
from conv_transpose_conformance.generation import generate
from tests.support.commands import Command
from tests.support.corpus import few
from tests.support.fake_interpreter import Fake, installed


@pytest.fixture
def command(monkeypatch, capsys) -> Command:
    """The command line, on terminals of no particular width."""
    monkeypatch.setenv("COLUMNS", "200")
    return Command(monkeypatch, capsys)


@pytest.fixture
def fake_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake):
    """A cache folder that holds fakes in place of environments; ``fake_cache(torch={plan}, ...)``.

    The package index has what the suite installs, and there is no R.
    """
    cache = tmp_path / "cache"
    monkeypatch.setenv("CONFORMANCE_CACHE", str(cache))
    monkeypatch.setattr(r_runtime, "on_path", _no_r)
    monkeypatch.setattr(environments, "available", _pinned)

    def make(**plans: dict[str, Any]) -> dict[str, Fake]:
        made = {framework: installed(cache, framework, plan) for framework, plan in plans.items()}
        fake.made.extend(made.values())
        return made

    return make


def _no_r(framework: str) -> Path:
    raise NotInstalled(f"{framework}: no R here, whatever this machine has")


def _pinned(distribution: str) -> list[str]:
    releases = (framework.release for framework in registry().frameworks.values())
    return [release.version for release in releases if release and release.distribution == distribution]


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers stay in doubt for as long as the next case takes to plan; for runs that are not ended early."""
    monkeypatch.setattr(driver, "_IDLE", 600.0)


@pytest.fixture
def few_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quick profile that is quick even for the fakes."""
    corpus = few(12, 4, 2)
    monkeypatch.setattr(generate, "core", lambda: corpus)
