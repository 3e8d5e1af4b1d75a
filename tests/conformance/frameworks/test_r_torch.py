"""R torch where there is no R, half of one, or a fake one."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance
from conv_transpose_conformance.errors import BadInterpreter, NotInstalled
from conv_transpose_conformance.frameworks import r_runtime
from conv_transpose_conformance.frameworks.python_runtime import PYTHON
from conv_transpose_conformance.frameworks.r_runtime import R_TORCH
from conv_transpose_conformance.frameworks.registry import interpret
from conv_transpose_conformance.frameworks.starting import worker_command
from conv_transpose_conformance.frameworks.targets import choose
from conv_transpose_conformance.pytest_plugin.items import Items
from conv_transpose_conformance.workers.process import Worker, WorkerFailed
from tests.support.commands import run_data
from tests.support.fake_interpreter import Fake
from tests.support.hosts import pytest_in

NAME, TORCH = "r.torch.nn_conv_transpose1d", "torch.nn.ConvTranspose1d"
CASE = "v1_1d_n1_ci1_co1_i2_k2_f32_int.1"
WHOLE = ("version=4.2.2", "library=/r/one", "library=/r/two words", "torch=0.17.0", "home=/r/one/torch")


@pytest.fixture
def rscript(tmp_path):
    """A shell script that answers the suite's questions with these lines and does nothing else."""

    def make(*lines: str, name: str = "Rscript", then: str = "exit 0") -> Path:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        said = "".join(f"echo 'conformance:{line}'\n" for line in lines)
        path = folder / name
        path.write_text(f'#!/bin/sh\nif [ "$1" = -e ]; then\necho chatter\n{said}exit 0\nfi\n{then}\n')
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def fake_r(rscript, fake):
    """A fake R torch; see ``fake_worker.py`` for what a plan may hold."""

    def make(**plan: object) -> Fake:
        one = fake(**plan)
        script = rscript(*WHOLE, then=f'exec "{one.python}" "$@"')
        return Fake(one.folder, script)

    return make


def refusal(path: Path) -> str:
    with pytest.raises(BadInterpreter) as caught:
        R_TORCH.check("r.torch", "torch", str(path))
    message = str(caught.value)
    assert message.startswith(f"--python r.torch={path}: ")
    assert "\n" not in message
    return message


def test_without_r_the_message_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotInstalled) as caught:
        r_runtime.on_path("r.torch")
    message = str(caught.value)
    assert message.startswith("r.torch: no Rscript on the PATH; install R")
    for word in ("install.packages('torch')", "torch::install_torch()", "--python r.torch=PATH/TO/Rscript"):
        assert word in message
    assert "\n" not in message


HALVES = [
    (WHOLE[:3], "R 4.2.2 has no torch package; install it there with install.packages('torch')"),
    (WHOLE[:4], "the torch package 0.17.0 of R 4.2.2 has no libtorch; install it there with torch::install"),
    ((), "does not behave like Rscript"),
]


@pytest.mark.parametrize(("lines", "said"), HALVES)
def test_an_r_without_torch_is_refused_with_what_is_missing(rscript, monkeypatch, lines, said):
    path = rscript(*lines)
    assert said in refusal(path)
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")
    with pytest.raises(NotInstalled) as caught:
        r_runtime.on_path("r.torch")
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("path", ["/bin/true", "/bin/false", sys.executable])
def test_a_program_that_is_no_rscript_is_refused(path):
    assert "it does not behave like Rscript" in refusal(Path(path))


def test_a_missing_file_is_refused(tmp_path):
    assert "give the path of an Rscript in whose R torch is installed" in refusal(tmp_path / "absent")


def test_an_r_with_torch_is_found_and_its_version_read(rscript, monkeypatch):
    path = rscript(*WHOLE)
    assert R_TORCH.check("r.torch", "torch", str(path)) == path
    assert R_TORCH.version("r.torch", "torch", path) == "0.17.0"
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")
    assert r_runtime.on_path("r.torch") == path
    assert choose([f"r.torch={path}"], ()).places == {"r.torch": path}


def test_a_worker_is_started_as_r_and_told_where_the_packages_are(fake_r):
    fake = fake_r(start="silent", start_after=2)
    with Worker(worker_command("r.torch", fake.python)) as worker:
        command = Path(f"/proc/{worker.process.pid}/cmdline").read_bytes().split(b"\0")
        environment = Path(f"/proc/{worker.process.pid}/environ").read_bytes().split(b"\0")
        limits = Path(f"/proc/{worker.process.pid}/limits").read_text()
    at = command.index(b"--vanilla")
    assert Path(os.fsdecode(command[at + 1])).name == "r_torch_worker.R"
    assert Path(os.fsdecode(command[at + 1])).is_file()
    assert b"R_LIBS=/r/one:/r/two words" in environment
    assert b"TORCH_HOME=/r/one/torch" in environment
    (core,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]


def test_a_worker_that_never_greets_fails_with_the_reason(rscript, monkeypatch):
    with pytest.raises(WorkerFailed, match="exit status 4; its log ends: no package"):
        Worker(worker_command("r.torch", rscript(*WHOLE, then="echo no package >&2; exit 4")))
    monkeypatch.setattr("conv_transpose_conformance.workers.process.START_TIMEOUT", 0.02)
    with pytest.raises(WorkerFailed, match="its worker sent nothing"):
        Worker(worker_command("r.torch", rscript(*WHOLE, name="silent", then="exec sleep 6000")))
    with pytest.raises(BadInterpreter, match="does not behave like Rscript"):
        Worker(worker_command("r.torch", rscript(name="mute")))


def test_a_run_without_r_goes_on_without_it(command, fake_cache, few_cases, tmp_path):
    fake_cache(torch={})
    out = tmp_path / "run"
    done = command("run", "--implementation", "*torch.nn*1d", "--out", out)
    assert done.code == 0
    assert "r.torch: not run: no R here" in done.err
    assert "error" not in done.err
    frameworks = run_data(out)["frameworks"]
    assert {name: entry["status"] for name, entry in frameworks.items()} == {
        "torch": "ran",
        "r.torch": "unavailable",
    }
    assert frameworks["torch"]["r"] is None
    assert command("merge", out, "--out", tmp_path / "merged").code == 0
    assert command("report", out).code == 0


def test_a_run_that_names_r_torch_fails_without_r(command, fake_cache, few_cases, tmp_path):
    fake_cache(torch={})
    done = command("run", "--implementation", TORCH, "--implementation", "r.*", "--out", tmp_path / "run")
    assert done.code == 3
    assert "not everything was judged: r.torch unavailable" in done.err
    alone = command("run", "--implementation", "r.*", "--out", tmp_path / "alone")
    assert alone.code == 3
    assert "no framework could be run" in alone.err


@pytest.mark.slow
def test_a_run_on_a_fake_r(command, fake_cache, few_cases, fake_r, tmp_path):
    fake_cache(torch={})
    out = tmp_path / "run"
    fake = fake_r(implementations={NAME: "wrong values"})
    names = ("--implementation", TORCH, "--implementation", NAME)
    done = command("run", *names, "--python", f"r.torch={fake.python}", "--out", out)
    assert done.code == 1
    found, *others = json.loads((out / "divergences.json").read_text())
    assert {(one["implementation"], one["framework"]) for one in [found, *others]} == {(NAME, "r.torch")}
    replayed = ("replay", found["smallest"]["case"], "--implementation", NAME)
    assert command(*replayed, "--python", f"r.torch={fake.python}").code == 1
    lost = command(*replayed)
    assert lost.code == 3
    assert "cannot run: r.torch: no R here" in lost.err
    assert command("report", out).code == 0


def test_two_builds_of_r_torch_are_told_apart(rscript, tmp_path):
    newer = [line.replace("0.17.0", "0.18.0") for line in WHOLE]
    found = choose([f"r.torch={rscript(*WHOLE)}", f"r.torch={rscript(*newer, name='newer')}"], ())
    assert found.releases == {"r.torch": ("0.17.0", "0.18.0")}
    assert set(found.places) == {"r.torch@0.17.0", "r.torch@0.18.0"}


def test_a_release_of_r_torch_is_not_the_suites_to_install(command):
    done = command("replay", CASE, "--implementation", f"{NAME}@0.16.0")
    done.refused(2, "the suite makes no environment for r.torch", "--python r.torch=PATH")


def test_env_commands_without_r(command, fake_cache):
    fake_cache(torch={}, paddle={}, mindspore={"numpy": "1.26.4"})
    assert "r.torch    absent     no R here" in command("env", "list").out
    doctor = command("env", "doctor")
    assert doctor.code == 0
    assert "no R here" in doctor.out
    assert command("env", "doctor", "r.torch").code == 3
    assert command("env", "create").code == 0
    named = command("env", "create", "r.torch")
    assert named.code == 3
    assert "no R here" in named.err
    assert command("env", "remove", "r.torch").out == "r.torch: nothing to remove\n"


def test_env_commands_with_a_fake_r(command, fake_cache, fake_r, monkeypatch):
    fake_cache()
    fake = fake_r()
    monkeypatch.setattr(r_runtime, "on_path", lambda _framework: fake.python)
    assert f"r.torch    your own   torch 0.17.0, {fake.python}" in command("env", "list").out
    assert command("env", "create", "r.torch").code == 0
    assert "0.fake on cpu" in command("env", "doctor", "r.torch").out
    broken = fake_r(start="failed")
    monkeypatch.setattr(r_runtime, "on_path", lambda _framework: broken.python)
    assert "broken: r.torch cannot be imported: ImportError" in command("env", "doctor").out


@pytest.mark.slow
def test_pytest_items_are_skipped_without_r(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    items = Items.create([NAME], [])
    assert items.header()[0].startswith("conformance: r.torch: no Rscript on the PATH")
    code, out = pytest_in(tmp_path, "-q", "--conformance", NAME, "-k", "f64_int")
    assert code == 0, out[-2000:]
    assert "skipped" in out
    assert "passed" not in out
    assert "failed" not in out


def test_a_runtime_is_described_by_its_versions():
    assert PYTHON.described({"python": "3.11.2", "numpy": "2.2.1", "r": ""}) == "Python 3.11.2, NumPy 2.2.1"
    assert R_TORCH.described({"python": "", "numpy": "", "r": "4.2.2"}) == "R 4.2.2"


@pytest.mark.parametrize(
    ("id_", "acceptance", "output"),
    [
        ("v1_1d_n2_ci1_co1_i4_k3_s2_op1_f32_int.1", Acceptance.REQUIRED, (10,)),
        ("v1_1d_n2_ci1_co1_i4_k3_s2_os12_d2_f32_int.1", Acceptance.REQUIRED, (12,)),
        ("v1_1d_u_ci1_co1_i4_k3_f32_int.1", Acceptance.UNSPECIFIED, None),
        ("v1_1d_n2_ci1_co1_i4_k3_s2_op2_f32_int.1", Acceptance.UNSPECIFIED, None),
        ("v1_1d_n2_ci3_co2_i4_k3_g2_f32_int.1", Acceptance.FORBIDDEN, None),
    ],
)
def test_a_case_has_the_acceptance_and_the_output_size_of_the_documents(id_, acceptance, output):
    meaning = interpret(Case.parse(id_), NAME)
    assert meaning.acceptance is acceptance
    assert (meaning.geometry and meaning.geometry.output_size) == output
