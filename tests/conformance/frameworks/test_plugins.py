"""Frameworks that distributions bring in: through one door, and one that is broken harms nobody."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.plugins import PLUGINS, Site, framework_name, project

WORKING = "working"
BROKEN = sorted(path.name for path in PLUGINS.iterdir() if path.name not in (WORKING, "protocol"))


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site with a framework that is right but for one fault."""
    made = Site.make(tmp_path_factory.mktemp("site") / "venv")
    made.install(WORKING)
    return made


@pytest.fixture(scope="module")
def run(working: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of its implementations, from which everything else goes on."""
    folder = tmp_path_factory.mktemp("run")
    done = working.conformance(
        "run", "--implementation", f"{framework_name(WORKING)}.*", "--out", "report", cwd=folder
    )
    assert done.returncode == 1, done.stderr
    return folder / "report"


def loaded(folder: Path, name: str):
    return json.loads((folder / name).read_text(encoding="utf-8"))


@pytest.mark.slow
def test_its_fault_is_found_explained_and_reproduced_by_a_script(run):
    divergences = loaded(run, "divergences.json")
    named = [entry for d in divergences for entry in (d, *d.get("also", ()))]  # one cause has several names
    assert {entry["implementation"] for entry in named} == {
        f"{framework_name(WORKING)}.conv_transpose{ndim}d" for ndim in (1, 2)
    }
    for divergence in divergences:
        assert set(divergence["condition"]["text"].split(" and ")) == {"bias", "groups > 1"}
        if divergence["kind"] == "no-geometry":
            continue  # no document says what a script should expect
        assert divergence["reproduction"]["status"] == "reproduced", divergence["reproduction"]
        assert (run / divergence["reproduction"]["file"]).exists()


@pytest.mark.slow
def test_its_documents_requirements_are_examined(run):
    results = {
        (result["requirement"], result["implementation"]): result["verdict"]
        for result in loaded(run, "run.json")["requirements"]["results"]
    }
    for ndim in (1, 2):
        name = f"{framework_name(WORKING)}.conv_transpose{ndim}d"
        assert results["A.bias", name] == "diverge"
        assert results["A.version", name] == "pass"
        assert results["signature.order", name] == "pass"
        assert results["signature.defaults", name] == "pass"


@pytest.mark.slow
def test_a_divergence_of_it_is_replayed_and_its_report_made_again(working, run, tmp_path):
    divergence = loaded(run, "divergences.json")[0]
    case, name = divergence["smallest"]["case"], divergence["implementation"]
    replayed = working.conformance("replay", case, "--implementation", name, cwd=tmp_path)
    assert replayed.returncode == 1
    assert "still diverges" in replayed.stdout
    whole = working.conformance("replay", "--all", str(run), cwd=tmp_path)
    assert whole.returncode == 1
    made = working.conformance("report", str(run), cwd=tmp_path)
    assert made.returncode == 0
    assert name in (run / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_its_adapter_passes_the_check(working, tmp_path):
    done = working.conformance("adapter", "check", framework_name(WORKING), cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "wrong  " not in done.stdout


def test_its_name_stands_in_no_file_but_its_own():
    files = subprocess.run(
        ["git", "grep", "-liw", framework_name(WORKING)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if files.returncode == 128:
        pytest.skip("not a checkout")
    assert all(name.startswith(f"tests/data/plugins/{WORKING}/") for name in files.stdout.splitlines())


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plug_in_is_one_line_that_names_its_distribution(tmp_path, name):
    there = Site.make(tmp_path / "venv")
    there.install(name)
    done = there.conformance("env", "list", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if framework_name(name) in line.split()[:1]]
    told = project(name)
    assert f"plug-in of {told['project']['name']} {told['project']['version']}" in line
    assert told["tool"]["conformance-tests"]["said"] in line
    assert f"uninstall {told['project']['name']}" in line or "uninstall it" in line
    assert "Traceback" not in done.stdout + done.stderr
    assert there.conformance("list", "implementations", cwd=tmp_path).returncode == 0
    asked = there.conformance("run", "--implementation", f"{framework_name(name)}.*", cwd=tmp_path)
    assert asked.returncode == 2
    assert len(asked.stderr.splitlines()) == 1
    if framework_name(name) not in ("torch",):
        assert told["tool"]["conformance-tests"]["said"] in asked.stderr


@pytest.mark.slow
def test_a_run_goes_on_beside_broken_plug_ins(working, tmp_path):
    there = Site.make(tmp_path / "venv")
    for name in (*BROKEN, WORKING):
        there.install(name)
    done = there.conformance(
        "run",
        *("--implementation", f"{framework_name(WORKING)}.*", "--implementation", "*.conv_transpose1d"),
        *("--requirement", "A.version", "--out", "report"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    frameworks = loaded(tmp_path / "report", "run.json")["frameworks"]
    assert frameworks[framework_name(WORKING)]["status"] == "ran"
    for name in BROKEN:
        entry = frameworks[framework_name(name)]
        assert entry["status"] == "unavailable"
        assert project(name)["project"]["name"] in entry["reason"]
        assert "\n" not in entry["reason"]
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "plug-in of" in page


def test_an_adapter_of_another_protocol_says_so(tmp_path):
    there = Site.make(tmp_path / "venv")
    there.install("protocol")
    done = there.conformance(
        "run", "--implementation", f"{framework_name('protocol')}.*", "--out", "report", cwd=tmp_path
    )
    assert done.returncode == 3
    told = project("protocol")["project"]
    reason = loaded(tmp_path / "report", "run.json")["frameworks"][framework_name("protocol")]["reason"]
    assert "speaks protocol 99, the suite 1" in reason
    assert f"update the plug-in {told['name']} {told['version']}" in reason


@pytest.mark.slow
def test_a_new_package_passes_the_check_as_it_is(tmp_path):
    there = Site.make(tmp_path / "venv")
    made = there.conformance("adapter", "new", "mine", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    there.install("mine", tmp_path / "conformance-mine")
    done = there.conformance("adapter", "check", "mine", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "0 wrong" in done.stdout
