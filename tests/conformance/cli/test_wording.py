"""The words of the command line: help texts, lists, mistakes, what a run and a replay say."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from conv_transpose_conformance import cli
from conv_transpose_conformance.cli.app import group
from tests.support.commands import Done

NAME = "torch.nn.ConvTranspose1d"
CASE = "v1_1d_n1_ci1_co1_i2_k2_f32_int.1"


def _commands(group: click.Group, prefix: str = "") -> Iterator[str]:
    for name, command in sorted(group.commands.items()):
        yield f"{prefix}{name}"
        if isinstance(command, click.Group):
            yield from _commands(command, f"{prefix}{name} ")


assert cli.main is not None  # importing the package is what joins the commands to the group


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path, monkeypatch):
    """No environment is there, and none is made."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("conv_transpose_conformance.frameworks.environments._execute", lambda *_: 1)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def said(tmp_path):
    """What a command said, the same on every machine: without paths, times and spaces that align."""

    def text(done: Done) -> str:
        # frameworks start side by side: which is ready first is the machine's
        lines = [*done.out.splitlines(), *(f"stderr: {line}" for line in sorted(done.err.splitlines()))]
        found = "\n".join(" ".join(line.split()) for line in [*lines, f"exit code {done.code}"])
        for path, word in ((tmp_path, "FOLDER"), (Path(sys.executable), "PYTHON")):
            found = found.replace(str(path), word)
        found = re.sub(r"\d+:\d\d:\d\d|\b\d+\.\d+ m?s\b", "TIME", found)
        found = re.sub(r"\d+\.\d{6,}", "REAL", found)  # its last digits are the machine's
        return re.sub(r"Python 3\.\d+(\.\d+)?", "Python 3.X", found)

    return text


def test_the_help_of_the_program(command, snapshot):
    assert command("--help").out == snapshot


@pytest.mark.parametrize("name", list(_commands(group)))
def test_the_help_of_a_command(command, snapshot, name):
    assert command(*name.split(), "--help").out == snapshot


def test_the_options_in_pytest(pytestconfig, snapshot):
    groups = {one.name: one for one in pytestconfig._parser._groups}
    options = [one.attrs() for one in groups["conformance"].options]
    assert "\n".join(f"{one.get('metavar')}: {one['help']}" for one in options) == snapshot


@pytest.mark.parametrize("what", ["implementations", "requirements"])
def test_the_head_of_a_list(command, snapshot, what):
    assert "\n".join(command("list", what).out.splitlines()[:24]) == snapshot


MISTAKES = {
    "no command": (),
    "unknown command": ("fly",),
    "unknown implementation": ("run", "--implementation", "torch.nn.ConvTransposed1d"),
    "unknown requirement": ("run", "--requirement", "T9.*"),
    "glob without a match": ("run", "--implementation", "qqqq"),
    "malformed case": ("replay", "v1_1d_n1_ci1_co1_i2_f32_int.1", "--implementation", NAME),
    "another spelling of a case": ("replay", CASE.replace("_f32", "_s1_f32"), "--implementation", NAME),
    "huge case": ("replay", CASE.replace("i2", "i99999999999999"), "--implementation", NAME),
    "case of other dimensions": ("replay", CASE.replace("1d", "2d", 1), "--implementation", NAME),
    "replay without a name": ("replay", CASE),
    "replay of several": ("replay", CASE, "--implementation", "torch.*"),
    "replay of both": ("replay", CASE, "--all", "run"),
    "no interpreter there": ("run", "--python", "torch=/absent/python"),
    "no interpreter": ("run", "--python", "torch=/bin/echo"),
    "interpreter without it": ("run", "--python", f"torch={sys.executable}"),
    "no form of an interpreter": ("run", "--python", "torch"),
    "unknown framework": ("run", "--python", "jax=/bin/true"),
    "no form of a release": ("run", "--env", "torch"),
    "release of nothing": ("run", "--env", "jax==1.0"),
    "module for distribution": ("run", "--env", "paddle==3.0"),
    "budget": ("run", "--budget", "nan"),
    "seed": ("run", "--seed", "-1"),
    "shard": ("run", "--shard", "3"),
    "shard beyond": ("run", "--shard", "3/2"),
    "no folder": ("report", "absent"),
    "no run to resume": ("run", "--resume", "absent"),
    "resume with more": ("run", "--resume", "absent", "--seed", "3"),
    "no folders to merge": ("merge", "absent"),
    "no run to compare": ("diff", "absent", "absent"),
    "kept case": ("keep", "v1_1d"),
    "no expectations": ("run", "--expected", "absent.toml"),
    "environment of nothing": ("env", "create", "jax"),
    "bisect of several": ("bisect", CASE, "--implementation", "torch.*", "--framework", "torch"),
    "bisect of another": ("bisect", CASE, "--implementation", NAME, "--framework", "paddlepaddle"),
    "bisect of no release": (
        *("bisect", CASE, "--implementation", NAME, "--framework", "torch", "--versions", ","),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes(command, said, snapshot, mistake):
    assert said(command(*MISTAKES[mistake])) == snapshot


WRONG = [
    "wrong values",
    "negative shape",
    "lie about dtype",
    "raised",
    "cannot be built",
    "segv",
    "no values",
]


def test_a_file_of_expectations_that_is_broken(command, said, snapshot, tmp_path):
    (tmp_path / "conformance-expected.toml").write_text("[[expected]]\nimplementation = 'torch.*'\nwhy = 1\n")
    assert said(command("run")) == snapshot


@pytest.mark.parametrize("what", WRONG)
def test_a_replay(command, fake_cache, said, snapshot, what):
    fake_cache(torch={"cases": {"1": what}, "version": "9.9"})
    assert said(command("replay", CASE, "--implementation", NAME)) == snapshot


def test_environments(command, fake_cache, said, snapshot, monkeypatch):
    monkeypatch.setattr("conv_transpose_conformance.frameworks.environments.DISK_NEEDED", 0)
    fake_cache(torch={"version": "9.9"}, paddle={"start": "failed"})
    done = [command("env", *arguments) for arguments in (("list",), ("create", "mindspore"), ("remove",))]
    digests = re.compile(r"-[0-9a-f]{8}\b|\d+\.\d+\.\d+|numpy<2|\d+ MiB")
    assert "\n".join(digests.sub("…", said(one)) for one in done) == snapshot


def test_a_run_that_finds_something(command, fake_cache, few_cases, said, snapshot):
    fake_cache(torch={"implementations": {NAME: "wrong values"}, "version": "9.9"}, paddle={"start": "exit"})
    globs = ("--implementation", NAME, "--implementation", "paddle.*")
    assert said(command("run", *globs, "--no-explain", "--format", "pretty")) == snapshot
    assert said(command("expect", "conformance-report")) == snapshot
    assert said(command("run", *globs, "--no-explain", "--format", "pretty")) == snapshot
    assert said(command("replay", "--all", "conformance-report")) == snapshot
    assert said(command("diff", "conformance-report", "conformance-report")) == snapshot
