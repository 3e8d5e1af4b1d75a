"""Every mistake on the command line: one clear line, the right exit code, no traceback."""

from __future__ import annotations

import json
import sys

import pytest

from tests.support.commands import FILES

NAME = "torch.nn.ConvTranspose1d"
CASE = "v1_1d_n1_ci1_co1_i2_k2_f32_int.1"


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path, monkeypatch):
    """No environment is there, and none is made: a mistake is found before."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        "conv_transpose_conformance.frameworks.environments._execute",
        lambda *_: pytest.fail("something was installed"),
    )
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("pattern", "nearest"),
    [
        ("torch.nn.ConvTranspose1D", "torch.nn.ConvTranspose1d"),
        ("torch.nn.ConvTransposed1d", "torch.nn.ConvTranspose1d"),
        ("PADDLE.nn.Conv1DTranspose", "paddle.nn.Conv1DTranspose"),
        ("mindspore.nn.Conv2DTranspose", "mindspore.nn.Conv2dTranspose"),
        ("functional.conv_transpose2d", "torch.nn.functional.conv_transpose2d"),
    ],
)
def test_an_unknown_implementation_names_the_nearest(command, pattern, nearest):
    for arguments in (("run", "--implementation", pattern), ("replay", CASE, "--implementation", pattern)):
        command(*arguments).refused(2, repr(pattern), f"did you mean {nearest}?")


@pytest.mark.parametrize(
    ("word", "nearest"), [("documents", "document"), ("Value", "values"), ("refuse", "refused")]
)
def test_an_unknown_severity_names_the_nearest(command, tmp_path, word, nearest):
    for arguments in (("run",), ("merge", tmp_path), ("matrix", "torch==2.13.0")):
        done = command(*arguments, "--fail-on", word)
        done.refused(2, "--fail-on", repr(word), f"did you mean '{nearest}'?")
    command("run", "--fail-on", "qqqq").refused(2, "'qqqq' is no severity", "values, gradients, crash")


def test_a_glob_without_a_match(command):
    command("run", "--implementation", "jax.*").refused(2, "'jax.*'")
    command("run", "--implementation", "torch.*", "--implementation", "qqqq").refused(
        2, "'qqqq'", "conformance list implementations"
    )


@pytest.mark.parametrize(
    ("case_id", "place"),
    [
        ("", "at character 1,"),
        ("v1_1d_n1_ci1_co1_i2_f32_int.1", "at character 21,"),
        ("v1_1d_n1_ci1_co1_i2_k2_f32_int.1_x", "at character 34,"),
        ("v1_1d_n1_ci1_co1_i2_k2_s1_f32_int.1", CASE),
        ("x" * 10_000, "at character 1,"),
        ("v1_1d_n1_ci1\n_co1", "at character 10,"),
    ],
)
def test_a_malformed_case_id_says_where(command, case_id, place):
    command("replay", case_id, "--implementation", NAME).refused(2, place)


def test_a_case_that_the_implementation_cannot_say(command):
    flat = "v1_2d_n1_ci1_co1_i2x2_k2x2_f32_int.1"
    command("replay", flat, "--implementation", NAME).refused(2, NAME, "it is 1-D, the case 2-D")


def test_a_replay_takes_one_implementation(command):
    command("replay", CASE, "--implementation", "torch.*").refused(2, "matches 4", "exactly one")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("torch=/absent/python", "there is no such file"),
        ("torch=/bin/echo", "does not behave like a Python interpreter"),
        (f"torch={sys.executable}", "torch is not installed there"),
        ("torch", "FRAMEWORK=PATH"),
        ("jax=/bin/true", "'jax' is none of torch, paddle, mindspore"),
    ],
)
def test_an_interpreter_that_cannot_serve(command, option, words):
    command("run", "--python", option).refused(2, "--python", words)
    command("replay", CASE, "--implementation", NAME, "--python", option).refused(2, "--python", words)


def test_an_out_that_cannot_be_written(command, tmp_path):
    (tmp_path / "file").touch()
    command("run", "--out", tmp_path / "file").refused(2, "is a file, not a folder")
    command("run", "--out", tmp_path / "file" / "below").refused(2, "file")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    command("run", "--out", tmp_path / "mine").refused(2, "thesis.tex")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("budget", ["-1", "0", "-0.5", "nan", "inf", "-inf", "1e400", "soon", ""])
def test_a_budget_that_is_no_positive_number(command, tmp_path, budget):
    command("run", "--budget", budget).refused(2, "--budget")
    assert not (tmp_path / "conformance-report").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--seed", "-1"),
        ("run", "--seed", str(2**32)),
        ("run", "--seed", "x"),
        ("run", "--profile", "slow"),
        ("run", "--format", "xml"),
        ("run", "--colour"),
        ("run", "surplus"),
        ("list",),
        ("list", "frameworks"),
        ("replay", CASE),
        ("replay",),
        ("env", "destroy"),
        ("env", "create", "jax"),
        ("report",),
        ("fly",),
    ],
    ids=" ".join,
)
def test_what_is_no_command(command, arguments):
    command(*arguments).refused(2)


def test_no_command_at_all(command):
    command().refused(2, "Missing command")


HOSTILE = [
    "v1_1d_n9223372036854775807_ci1_co1_i2_k2_f32_int.1",
    "v1_1d_n1_ci9223372036854775807_co9223372036854775807_i2_k2_f32_int.1",
    "v1_1d_n1_ci1_co1_i9223372036854775807_k2_f32_int.1",
    "v1_1d_n1_ci1_co1_i2_k9223372036854775807_f32_int.1",
    "v1_1d_n1_ci1_co1_i2_k2_s9223372036854775807_f32_int.1",
    "v1_1d_n1_ci1_co1_i2_k2_s1000000000000_d1000000000000_f32_int.1",
    "v1_1d_n1_ci1_co1_i100000000000_k2_f32_int.1",
]


@pytest.mark.parametrize("case_id", HOSTILE)
def test_a_case_beyond_any_memory(command, fake_cache, case_id):
    fake_cache(torch={})
    done = command("replay", case_id, "--implementation", NAME)
    done.refused(2, "too large")


def test_a_run_folder_that_is_none(command, tmp_path):
    command("report", tmp_path / "absent").refused(2, "absent")
    (tmp_path / "empty").mkdir()
    command("report", tmp_path / "empty").refused(2, "run.json")


CORRUPT = ["", "{", '"x"', '{"schema": 99}', "\x00\xff"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("run.json", "[]"), *((name, text) for name in ("run.json", "divergences.json") for text in CORRUPT)],
)
def test_a_corrupt_run_folder(command, fake_cache, few_cases, tmp_path, name, content):
    fake_cache(torch={})
    assert command("run", "--implementation", NAME, "--out", tmp_path / "run").code == 0
    (tmp_path / "run" / name).write_text(content, encoding="latin-1")
    command("report", tmp_path / "run").refused(2, name)


def test_a_corrupt_dataset(command, fake_cache, few_cases, tmp_path):
    from conv_transpose_conformance import load_run
    from conv_transpose_conformance.errors import BadRunFolder

    fake_cache(torch={})
    command("run", "--implementation", NAME, "--out", tmp_path / "run")
    (tmp_path / "run" / "records.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(BadRunFolder, match=r"records\.parquet"):
        load_run(tmp_path / "run")


def test_no_framework_can_be_run(command, fake_cache, few_cases, tmp_path):
    fake_cache(torch={"start": "exit"}, paddle={"start": "failed"})
    done = command(
        "run", "--implementation", "torch.*", "--implementation", "paddle.*", "--out", tmp_path / "run"
    )
    assert done.code == 3
    assert done.err.splitlines()[-1] == "error: no framework could be run; see the reasons above"
    assert "torch: not run: exit status 7; its log ends: the framework is broken here" in done.err
    assert "paddle: not run: paddle cannot be imported: ImportError: libfake.so" in done.err
    assert "Traceback" not in done.err + done.out
    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES
    frameworks = json.loads((tmp_path / "run" / "run.json").read_text())["frameworks"]
    assert {name: entry["status"] for name, entry in frameworks.items()} == {
        "torch": "unavailable",
        "paddle": "unavailable",
    }


@pytest.fixture
def no_wheel(monkeypatch):
    """A package index that has nothing."""

    def execute(command, output, _stop):
        if "venv" in command:
            return 0
        release = next(word for word in command if "==" in word)
        output.write(f"ERROR: No matching distribution found for {release}\n")
        output.flush()
        return 1

    monkeypatch.setattr("conv_transpose_conformance.frameworks.environments._execute", execute)


def test_a_release_that_does_not_exist(command, no_wheel, few_cases, tmp_path):
    done = command("run", "--env", "paddlepaddle==99.0", "--implementation", "paddle.*")
    assert done.code == 3
    assert "paddle: not run: paddlepaddle==99.0: there is no such release, or none with a wheel" in done.err
    assert "Traceback" not in done.err


@pytest.mark.slow
@pytest.mark.parametrize(("plan", "code"), [({}, 3), ({"implementations": {NAME: "wrong values"}}, 1)])
def test_a_matrix_entry_without_a_wheel_and_the_other_runs(
    command, no_wheel, fake_cache, few_cases, plan, code
):
    fake_cache(torch=plan)
    done = command("matrix", "torch==99.0,2.13.0", "--implementation", NAME)
    assert done.code == code
    assert "torch@99.0: not run: torch==99.0: there is no such release, or none with a wheel for" in done.err
    assert f"{NAME}\n  2.13.0" in done.out
    assert "Traceback" not in done.err + done.out
    if code == 3:
        last = done.err.splitlines()[-1]
        assert last == "error: not everything was judged: torch@99.0 unavailable; see the reasons above"


def test_a_framework_that_fails_to_import(command, few_cases, tmp_path):
    (tmp_path / "modules" / "torch").mkdir(parents=True)
    (tmp_path / "modules" / "torch" / "__init__.py").write_text(
        "raise ImportError('libfoo.so:\\n  missing')\n"
    )
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{tmp_path}/modules" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    option = ("--python", f"torch={python}", "--implementation", NAME)
    done = command("run", *option, "--out", "out")
    assert done.code == 3
    assert "torch: not run: torch cannot be imported: ImportError: libfoo.so: missing" in done.err
    assert "Traceback" not in done.err
    command("run", *option, "--env", "torch==2.13.0").refused(
        2, "torch cannot be imported: ImportError: libfoo.so: missing; fix it, or omit"
    )


def test_a_replay_whose_framework_cannot_be_had(command, fake_cache):
    fake_cache(torch={"start": "exit"})
    command("replay", CASE, "--implementation", NAME).refused(3, "exit status 7")
