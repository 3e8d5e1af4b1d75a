"""Interpreters of the user's own: found, probed, and refused in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conv_transpose_conformance.errors import BadInterpreter
from conv_transpose_conformance.execution.session import parse_interpreters
from conv_transpose_conformance.frameworks.python_runtime import PYTHON


def check(module: str, path: str) -> Path:
    """The interpreter of a framework that is imported as ``module``."""
    return PYTHON.check("torch", module, path)


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def refusal(path: str | Path, module: str = "torch") -> str:
    with pytest.raises(BadInterpreter) as caught:
        check(module, str(path))
    message = str(caught.value)
    assert message.startswith(f"--python torch={path}: ")
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message


def test_a_python_with_the_framework_is_accepted():
    assert check("json", sys.executable) == Path(sys.executable)


def test_the_path_of_a_virtual_environment_is_not_resolved(tmp_path):
    # resolved, it would be the base interpreter, without the environment's packages
    link = tmp_path / "python"
    link.symlink_to(sys.executable)
    probed = script(tmp_path / "wrapped", f'exec "{sys.executable}" "$@"')
    assert check("json", str(probed)) == probed


def test_a_name_on_the_path_and_one_in_the_home_folder_are_found(tmp_path, monkeypatch):
    script(tmp_path / "mypython", f'exec "{sys.executable}" "$@"')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert check("json", "mypython") == tmp_path / "mypython"
    assert check("json", "~/mypython") == tmp_path / "mypython"


def test_a_missing_file_is_refused(tmp_path):
    assert "there is no such file" in refusal(tmp_path / "absent")


def test_a_file_that_cannot_be_executed_is_refused(tmp_path):
    (tmp_path / "python").write_text("text")
    assert "it cannot be executed" in refusal(tmp_path / "python")


def test_a_folder_is_refused(tmp_path):
    assert "it cannot be executed" in refusal(tmp_path)


@pytest.mark.parametrize("path", ["/bin/true", "/bin/echo", "/bin/false"])
def test_a_program_that_is_no_python_is_refused(path):
    assert "it does not behave like a Python interpreter" in refusal(path)


def test_a_broken_program_is_refused(tmp_path):
    broken = tmp_path / "python"
    broken.write_bytes(b"\x7fELF and nothing more")
    broken.chmod(0o755)
    assert "it does not behave like a Python interpreter" in refusal(broken)


def test_a_python_without_numpy_is_refused(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    python = tmp_path / "bare" / "bin" / "python"
    assert f"numpy is not installed there; install it with '{python} -m pip install" in refusal(python)


def test_a_python_without_the_framework_is_refused():
    said = refusal(sys.executable, "no_such_framework")
    assert "no_such_framework is not installed there" in said


@pytest.mark.parametrize(("version", "said"), [("2 7", "it is Python 2.7"), ("3 8", "it is Python 3.8")])
def test_a_python_that_is_too_old_is_refused(tmp_path, version, said):
    assert said in refusal(script(tmp_path / "python", f"echo {version} 1 1"))


def test_chatter_at_its_start_does_no_harm(tmp_path):
    chatty = script(tmp_path / "python", f'echo welcome to 3 4; exec "{sys.executable}" "$@"')
    assert check("json", str(chatty)) == chatty


@pytest.mark.parametrize("option", ["torch", "torch=", "=/bin/true", "", "/usr/bin/python"])
def test_an_option_of_another_form_is_refused(option):
    with pytest.raises(BadInterpreter, match=r"--python "):
        parse_interpreters([option])


def test_an_unknown_framework_and_one_named_twice_are_refused(monkeypatch):
    with pytest.raises(BadInterpreter, match="'jax' is none of torch, paddle, mindspore, "):
        parse_interpreters(["jax=/bin/true"])
    monkeypatch.setattr(type(PYTHON), "check", lambda *_: Path("/python"))
    assert parse_interpreters(["torch=/a", "paddle=/b"]) == {
        "torch": Path("/python"),
        "paddle": Path("/python"),
    }
    with pytest.raises(BadInterpreter, match="names torch twice"):
        parse_interpreters(["torch=/a", "torch=/b"])
