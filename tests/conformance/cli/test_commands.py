"""What the commands do and leave, on fake frameworks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conv_transpose_conformance import load_run
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.commands.run_document import exit_code
from conv_transpose_conformance.frameworks.registry import all_implementations
from conv_transpose_conformance.generation.generate import profile_cases
from tests.support.commands import FILES, divergences, run_data

NAME = "torch.nn.ConvTranspose1d"
OTHER = "torch.nn.functional.conv_transpose1d"
CASE = "v1_1d_n1_ci1_co1_i2_k2_f32_int.1"


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "run"


def test_a_run_that_finds_nothing(command, fake_cache, few_cases, out):
    fake_cache(torch={"version": "9.9"})
    done = command("run", "--implementation", NAME, "--out", out, "--seed", "3")
    assert done.code == 0
    assert {path.name for path in out.iterdir()} == FILES
    run = run_data(out)
    assert (run["exit_code"], run["interrupted"], run["seed"], run["profile"]) == (0, False, 3, "quick")
    assert run["frameworks"]["torch"]["status"] == "ran"
    assert run["frameworks"]["torch"]["version"] == "9.9"
    assert list(run["implementations"]) == [NAME]
    assert divergences(out) == []


def test_the_dataset_holds_every_check_of_every_case(command, fake_cache, few_cases, out):
    fake_cache(torch={})
    command("run", "--implementation", NAME, "--implementation", OTHER, "--out", out)
    frame = load_run(out)
    asked = frame[frame.verdict != "not-applicable"]
    assert set(asked.verdict) <= {"pass", "allowed"}
    assert set(asked[asked.verdict == "allowed"].check) <= {"acceptance"}
    expected = {case.id for case in profile_cases("quick", 0) if case.ndim == 1}
    assert set(frame.case) == expected
    for name in (NAME, OTHER):
        mine = asked[asked.implementation == name]
        counts = mine.groupby("check").case.nunique()
        assert counts["values"] == counts["grad_input"] == counts["grad_weight"] >= 15
    assert (asked[asked.level == "exact"].escape > 0).all()


@pytest.mark.slow
def test_a_run_that_finds_something(command, fake_cache, few_cases, out):
    fake_cache(torch={"implementations": {NAME: "wrong values"}})
    done = command("run", "--implementation", "torch.*1d", "--out", out, "--format", "json")
    assert done.code == 1
    found = divergences(out)
    assert {entry["implementation"] for entry in found} == {NAME}
    assert {entry["check"] for entry in found} == {"values"}
    said = json.loads(done.out)
    assert NAME in json.dumps(said)
    assert run_data(out)["exit_code"] == 1


@pytest.mark.slow
def test_the_smallest_case_of_a_divergence_is_shown_and_can_be_replayed(command, fake_cache, few_cases, out):
    fake_cache(torch={"implementations": {NAME: "wrong values"}})
    command("run", "--implementation", NAME, "--out", out)
    found = divergences(out)
    wrong = load_run(out).query("verdict == 'diverge' and check == 'values'").case
    smallest = min(map(Case.parse, wrong), key=lambda case: case.complexity)
    assert smallest.id in json.dumps(found)
    assert command("replay", smallest.id, "--implementation", NAME).code == 1


def test_one_framework_lost_and_the_others_run(command, fake_cache, few_cases, out):
    fake_cache(torch={}, paddle={"start": "exit"})
    done = command("run", "--implementation", NAME, "--implementation", "paddle.*", "--out", out)
    assert done.code == run_data(out)["exit_code"] == 3  # what was asked for was not judged
    assert done.err.splitlines()[-1] == (
        "error: not everything was judged: paddle unavailable; see the reasons above"
    )
    assert "paddle: not run: exit status 7" in done.err
    statuses = {name: entry["status"] for name, entry in run_data(out)["frameworks"].items()}
    assert statuses == {"torch": "ran", "paddle": "unavailable"}
    assert "the framework is broken here" in run_data(out)["frameworks"]["paddle"]["reason"]


@pytest.mark.parametrize(
    ("status", "reason", "code"), [("ran", None, 0), ("ran", "exit status 7", 3), ("unavailable", "x", 3)]
)
def test_a_framework_lost_on_the_way_does_not_pass(status, reason, code):
    frameworks = {"torch": {"status": "ran", "reason": None}, "paddle": {"status": status, "reason": reason}}
    assert exit_code(failing=False, frameworks=frameworks) == code
    assert exit_code(failing=True, frameworks=frameworks) == 1


@pytest.mark.slow
def test_a_divergence_outweighs_a_framework_that_cannot_be_run(command, fake_cache, few_cases, out):
    fake_cache(torch={"implementations": {NAME: "wrong values"}}, paddle={"start": "exit"})
    done = command("run", "--implementation", NAME, "--implementation", "paddle.*", "--out", out)
    assert done.code == run_data(out)["exit_code"] == 1


def test_the_same_seed_gives_the_same_verdicts(command, fake_cache, few_cases, tmp_path):
    fake_cache(torch={"cases": {}})
    frames = []
    for folder in ("one", "two"):
        command("run", "--implementation", NAME, "--out", tmp_path / folder, "--seed", "5")
        columns = ["case", "check", "verdict", "level", "met", "error", "escape", "message"]
        frames.append(load_run(tmp_path / folder)[columns].astype(str))
    assert frames[0].equals(frames[1])


@pytest.mark.parametrize(("style", "begins"), [("json", "{"), ("markdown", "#"), ("pretty", "")])
def test_run_prints_the_format_that_is_asked_for(command, fake_cache, few_cases, out, style, begins):
    fake_cache(torch={})
    done = command("run", "--implementation", NAME, "--out", out, "--format", style)
    assert done.code == 0
    assert NAME in done.out
    assert done.out.lstrip().startswith(begins)
    assert "\x1b" not in done.out  # no terminal


@pytest.mark.slow
def test_a_report_is_made_again(command, fake_cache, few_cases, out):
    fake_cache(torch={"implementations": {NAME: "wrong values"}})
    first = command("run", "--implementation", NAME, "--out", out, "--format", "markdown")
    page = (out / "index.html").read_text()
    for name in ("index.html", "junit.xml"):
        (out / name).unlink()
    again = command("report", out, "--format", "markdown")
    assert again.code == 0
    assert again.out == first.out
    assert (out / "index.html").read_text() == page
    assert (out / "junit.xml").exists()


def test_a_replay_that_passes(command, fake_cache):
    fake_cache(torch={"version": "9.9"})
    done = command("replay", CASE, "--implementation", NAME)
    assert done.code == 0
    assert done.out.splitlines()[:2] == [f"{NAME} · torch 9.9 · cpu", CASE]
    assert [line.split()[:2] for line in done.out.splitlines()[2:-1]] == [
        ["acceptance", "pass"],
        ["shape", "pass"],
        ["dtype", "pass"],
        ["values", "pass"],
        ["grad_input", "pass"],
        ["grad_weight", "pass"],
    ]


def test_a_replay_that_diverges_shows_expected_actual_and_difference(command, fake_cache):
    fake_cache(torch={"cases": {"1": "wrong values"}})
    done = command("replay", CASE, "--implementation", NAME)
    assert done.code == 1
    lines = done.out.splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("values"))
    assert "diverge" in lines[at]
    words = [line.split()[0] for line in lines[at + 1 : at + 4]]
    assert words == ["expected", "actual", "difference"]
    assert lines[at + 3].split(maxsplit=1)[1] == "[[[1, 1, 1]]]"


def test_a_replay_of_a_crash(command, fake_cache):
    fake_cache(torch={"cases": {"1": "segv"}})
    done = command("replay", CASE, "--implementation", NAME)
    assert done.code == 1
    assert "SIGSEGV" in done.out
    assert "(2 of 2 times)" in done.out


def test_a_replay_of_what_cannot_be_said(command, fake_cache):
    fake_cache(torch={})
    asymmetric = CASE.replace("_k2_", "_k2_p1.0_")
    command("replay", asymmetric, "--implementation", NAME)
    done = command("replay", asymmetric, "--implementation", NAME)
    assert done.code == 2
    assert "padding must be the same on both sides" in done.err


def test_list_implementations_names_them_all(command):
    assert [line.split()[0] for line in command("list", "implementations").out.splitlines()] == list(
        all_implementations()
    )
    entries = json.loads(command("list", "implementations", "--format", "json").out)
    assert {entry["name"]: entry["ndim"] for entry in entries}["mindspore.mint.nn.ConvTranspose2d"] == 2


def test_list_cases_prints_the_cases_of_the_seed(command, few_cases):
    ids = command("list", "cases", "--seed", "2").out.split()
    assert ids == [case.id for case in profile_cases("quick", 2)]
    data = json.loads(command("list", "cases", "--seed", "2", "--format", "json").out)
    assert [Case.from_dict(entry).id for entry in data] == ids


def in_a_process(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, **options
    )


def test_help_imports_nothing_heavy():
    script = (
        "import sys; sys.argv = ['conformance', *sys.argv[1:]]\n"
        "from conv_transpose_conformance.__main__ import main\n"
        "try:\n    main()\nfinally:\n"
        "    heavy = {'numpy', 'pandas', 'pyarrow', 'hypothesis', 'rich', 'jinja2'}\n"
        "    print(*sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    for arguments in (["--help"], ["run", "--help"], ["--version"], ["replay", "-h"]):
        done = in_a_process("-c", script, *arguments)
        assert done.returncode == 0
        assert done.stdout
        assert done.stderr.strip() == ""


def test_help_names_the_commands_and_the_exit_codes(command):
    out = command("--help").out
    for word in ("run", "replay", "list", "env", "report", "130"):
        assert word in out


def test_a_reader_that_leaves_early_is_no_error():
    done = in_a_process(
        "-c",
        "import subprocess, sys\n"
        "command = [sys.executable, '-m', 'conv_transpose_conformance', 'list', 'cases']\n"
        "p = subprocess.Popen(command, stdout=subprocess.PIPE)\n"
        "p.stdout.readline(); p.stdout.close(); sys.exit(p.wait())",
    )
    assert (done.returncode, done.stderr) == (0, "")
