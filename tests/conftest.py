"""What all tests share: settings, the real frameworks' interpreters, and fake ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import NotInstalled
from conv_transpose_conformance.frameworks.registry import registry
from conv_transpose_conformance.frameworks.targets import default_interpreter
from conv_transpose_conformance.generation.generate import profile_cases
from conv_transpose_conformance.workers import process
from tests.support import slow_clock  # noqa: F401 - of the workers of real frameworks
from tests.support.clock import Clock
from tests.support.fake_interpreter import Fake
from tests.support.processes import CEILING, wait_until

# What is slow on a busy machine is not wrong.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


@pytest.fixture(scope="session")
def quick_cases() -> list[Case]:
    """The quick profile, in its order."""
    return list(profile_cases("quick", 0))


@pytest.fixture(scope="session")
def cases(quick_cases: list[Case]) -> list[Case]:
    """Some in one dimension, with a batch and a padding in numbers."""
    found = [c for c in quick_cases if c.ndim == 1 and not isinstance(c.padding, str) and c.batch]
    return found[:240]


@pytest.fixture(scope="session")
def framework_python() -> Callable[[str], Path]:
    """The interpreter of a real framework: the suite's own environment, made where it is not there.

    ``CONFORMANCE_TEST_PYTHON_TORCH``, ``..._R_TORCH`` and their like name another.  Skips the test of a
    framework that is the user's to install and is not there.
    """

    def find(framework: str) -> Path:
        chosen = _chosen(framework)
        try:
            return Path(chosen) if chosen else default_interpreter(framework, print)
        except NotInstalled as error:
            pytest.skip(str(error))

    return find


@pytest.fixture(scope="session")
def python_options() -> Callable[[Iterable[str]], list[str]]:
    """``--python`` options for the command line: none where the suite's own environments are used."""

    def options(frameworks: Iterable[str] = registry().frameworks) -> list[str]:
        named = []
        for framework in frameworks:
            chosen = _chosen(framework)
            named += ["--python", f"{framework}={chosen}"] if chosen else []
        return named

    return options


def _chosen(framework: str) -> str | None:
    return os.environ.get(f"CONFORMANCE_TEST_PYTHON_{framework.upper().replace('.', '_')}")


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes fake interpreters; afterwards none of their processes and none of their folders is left.

    The clock of what waits for their answers, ``fake.clock``, runs only while one of them hangs.
    """
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    made: list[Fake] = []

    def make(**plan: object) -> Fake:
        folder = tmp_path / f"fake{len(made)}"
        folder.mkdir()
        made.append(Fake.create(folder, plan))
        return made[-1]

    make.made = made
    make.clock = Clock(lambda: any(one.is_hanging() for one in made))
    monkeypatch.setattr(process, "time", make.clock)
    monkeypatch.setattr(process, "_GLANCE", 0.02)  # between two looks at the clock
    monkeypatch.setattr(process, "LINGER", CEILING)  # a worker that dies may take its time
    yield make
    assert wait_until(lambda: not any(one.left() for one in made))
    assert wait_until(lambda: list(temporary.iterdir()) == [])
