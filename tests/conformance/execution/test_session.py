"""What a run, a replay and the pytest plugin share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conv_transpose_conformance.errors import BadInterpreter
from conv_transpose_conformance.execution.planner import ALLOWANCE
from conv_transpose_conformance.execution.session import host_facts, make_engine, parse_interpreters
from conv_transpose_conformance.frameworks.targets import Targets
from tests.support.running import NAME


@pytest.fixture
def python(tmp_path) -> Path:
    """An interpreter with a torch of next to nothing."""
    (tmp_path / "modules" / "torch").mkdir(parents=True)
    (tmp_path / "modules" / "torch" / "__init__.py").touch()
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path}/modules" exec "{sys.executable}" "$@"\n')
    script.chmod(0o755)
    return script


def test_interpreters_are_given_by_framework(python):
    assert parse_interpreters([]) == {}
    assert parse_interpreters([f"torch={python}"]) == {"torch": python}


def test_two_interpreters_of_a_framework_are_refused(python):
    with pytest.raises(BadInterpreter, match="--python names torch twice"):
        parse_interpreters([f"torch={python}"] * 2)


def test_an_engine_finds_the_interpreters_it_is_given(python):
    engine = make_engine((NAME,), Targets(places={"torch": python}))
    assert engine.targets == ("torch",)
    assert engine.locate("torch", print, None) == python


def test_an_engine_has_a_target_for_each_release(python):
    places = {"torch@1.0": python, "torch@2.0": python}
    engine = make_engine((NAME,), Targets(places=places, releases={"torch": ("1.0", "2.0")}))
    assert engine.targets == ("torch@1.0", "torch@2.0")


@pytest.mark.parametrize("profile", ALLOWANCE)
def test_the_profile_decides_what_slow_implementations_may_take(profile):
    assert make_engine((NAME,), Targets(), profile=profile).allowance == ALLOWANCE[profile]


def test_the_host_is_described_with_the_command_as_it_can_be_pasted(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/conformance", "run", "--out", "two words"])
    facts = host_facts()
    assert facts["command"] == "conformance run --out 'two words'"
    assert facts["reference"] in ("compiled kernels", "NumPy")
    assert facts["cpu"]
    assert facts["cpu_count"] >= 1


def test_a_host_without_a_list_of_processors_is_named_by_its_machine(monkeypatch):
    monkeypatch.setattr("builtins.open", _not_there)
    monkeypatch.setattr("platform.processor", lambda: "")
    monkeypatch.setattr("platform.machine", lambda: "abacus")
    assert host_facts()["cpu"] == "abacus"


def _not_there(*_arguments, **_options):
    raise FileNotFoundError
