"""The command line and the pytest plugin on the real frameworks."""

from __future__ import annotations

import json
import re
import signal

import pytest

from conv_transpose_conformance import load_run
from conv_transpose_conformance.errors import NotInstalled
from conv_transpose_conformance.frameworks.r_runtime import on_path
from conv_transpose_conformance.frameworks.registry import select
from tests.support.claims import FALSE
from tests.support.commands import FILES, divergences, run_data
from tests.support.hosts import conformance, pytest_in, start
from tests.support.processes import children, gone

pytestmark = pytest.mark.frameworks

TORCH1 = "torch.nn.ConvTranspose1d"
MS2 = "mindspore.nn.Conv2dTranspose"


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory, python_options):
    out = tmp_path_factory.mktemp("whole") / "run"
    return out, conformance(
        "run", "--shard", "1/8", "--out", str(out), "--format", "json", *python_options(), cwd=out.parent
    )


@pytest.fixture(scope="module")
def has_r_torch(python_options):
    try:
        return bool(python_options(["r.torch"]) or on_path("r.torch"))
    except NotInstalled:
        return False


def test_all_frameworks_run(whole_run, has_r_torch):
    out, done = whole_run
    run = run_data(out)
    statuses = {name: entry["status"] for name, entry in run["frameworks"].items()}
    r_torch = statuses.pop("r.torch")
    assert r_torch == ("ran" if has_r_torch else "unavailable")
    assert statuses == {"torch": "ran", "paddle": "ran", "mindspore": "ran"}
    for entry in (run["frameworks"][name] for name in statuses):
        assert re.match(r"\d+\.\d+", entry["version"])
        assert entry["device"]
        assert entry["numpy"]
    assert done.returncode == run["exit_code"] == (1 if divergences(out) else 0)


def test_the_runs_folder(whole_run, has_r_torch):
    out, done = whole_run
    assert {path.name for path in out.iterdir()} == FILES | {"repro"}
    frame = load_run(out)
    computed = set(frame[frame.check == "values"].implementation)
    every = set(select([]))
    without = {name for name in every if name.startswith("r.") and not has_r_torch}
    assert every - without - computed <= {"mindspore.mint.nn.ConvTranspose2d"}
    assert set(frame.implementation) == every
    judged = frame[frame.framework.isin(["torch", "paddle"]) & frame.check.isin(["values", "grad_weight"])]
    judged = judged[judged.padding_mode != "same"]  # of which Paddle's documents say no values
    assert not judged.verdict.isin(["diverge", "error"]).any()
    asked = frame[frame.verdict == "pass"]
    assert (asked.microseconds > 0).all()
    assert json.loads(done.stdout)
    page = (out / "index.html").read_text(encoding="utf-8")
    for name in select([]):
        assert name in page
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)  # nothing is fetched


def test_a_divergence_of_the_run_is_replayed_with_exit_1_and_a_pass_with_0(
    whole_run, python_options, tmp_path
):
    out, _ = whole_run
    frame = load_run(out)
    failing = frame[frame.verdict == "diverge"]
    passing = frame[(frame.verdict == "pass") & (frame.check == "values")]

    def replayed(row):
        options = python_options([row["framework"]])
        names = ("replay", row["case"], "--implementation", row["implementation"])
        return conformance(*names, *options, cwd=tmp_path)

    if len(failing):
        row = failing.iloc[0]
        done = replayed(row)
        assert done.returncode == 1
        assert re.search(rf"^{row['check']}\s+diverge", done.stdout, re.M)
    failed = set(zip(failing["case"], failing["implementation"], strict=True))
    row = next(r for _, r in passing.iterrows() if (r["case"], r["implementation"]) not in failed)
    done = replayed(row)
    assert done.returncode == 0
    assert re.search(r"^values\s+pass", done.stdout, re.M)


def test_replay_shows_expected_actual_and_difference(framework_python, tmp_path):
    case = "v1_2d_n1_ci1_co1_i2x2_k1x1_s2x2_op1x1_b_f32_int.7"
    option = ("--python", f"mindspore={framework_python('mindspore')}")
    done = conformance("replay", case, "--implementation", MS2, *option, cwd=tmp_path)
    diverges = re.search(r"^values\s+diverge", done.stdout, re.M) is not None
    assert done.returncode == int(diverges)
    assert ("\n  expected" in done.stdout) == diverges
    assert ("\n  actual" in done.stdout) == diverges
    assert ("\n  difference" in done.stdout) == diverges


def test_an_interpreter_given_by_hand(tmp_path, framework_python):
    python = framework_python("torch")
    out = tmp_path / "run"
    names = ("--implementation", TORCH1, "--python", f"torch={python}")
    done = conformance("run", *names, "--shard", "1/20", "--out", str(out), cwd=tmp_path)
    assert done.returncode == 0
    assert run_data(out)["frameworks"]["torch"]["interpreter"] == str(python)


def test_ctrl_c_in_mid_run(tmp_path, python_options):
    out = tmp_path / "run"
    arguments = ["run", "--implementation", "torch.*", "--out", str(out), *python_options(["torch"])]
    process = start(*arguments, cwd=tmp_path)
    seen = []
    for line in process.stderr:
        seen.append(line)
        if ": ready, on" in line:
            break
    workers = children(process.pid)
    assert workers
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate()
    assert process.returncode == 130, stderr
    assert "Traceback" not in stdout + stderr
    assert "interrupted: stopping the workers and writing the results so far" in "".join(seen) + stderr
    assert {path.name for path in out.iterdir()} == FILES | {"journal.jsonl"}
    assert run_data(out)["interrupted"] is True
    load_run(out)
    assert gone(*workers)


def test_the_pytest_plugin(tmp_path, framework_python):
    python = f"torch={framework_python('torch')}"
    options = ["--conformance", TORCH1, "--conformance-python", python, "-k", "f64_real"]
    code, out = pytest_in(tmp_path, *options)
    assert code == 0, out[-3000:]
    assert re.search(r"conformance: torch \d\S+ on cpu, Python 3\.\d+", out)
    (passed,) = re.findall(r"(\d+) passed", out)
    assert int(passed) >= 100
    code, out = pytest_in(tmp_path, *options, "-n", "2")
    assert code == 0, out[-3000:]
    assert re.findall(r"(\d+) passed", out) == [passed]


def test_what_a_document_says_wrong_fails_no_honest_implementation(tmp_path, python_options):
    python = python_options(["torch", "paddle"])
    asked = ("--requirement", "T2.*", "--requirement", "P1.*", *python)
    names = ("--implementation", "torch.nn.ConvTranspose2d", "--implementation", "paddle.nn.Conv1DTranspose")
    conformance("run", *asked, *names, "--out", str(tmp_path / "both"), cwd=tmp_path)
    results = run_data(tmp_path / "both")["requirements"]["results"]
    wrong = {
        (r["requirement"], r["attribution"])
        for r in results
        if r["requirement"] in FALSE and "attribution" in r
    }
    assert wrong == {(name, "document") for name in FALSE}
    for more, code in ((), 0), (("--fail-on", "document"), 1):
        out = str(tmp_path / f"torch{code}")
        arguments = ("--requirement", "T2.*", *names[:2], *python_options(["torch"]), "--out", out)
        assert conformance("run", *arguments, *more, cwd=tmp_path).returncode == code
