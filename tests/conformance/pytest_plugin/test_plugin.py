"""``pytest --conformance``: pytest in processes of its own, on fake frameworks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import hosts
from tests.support.corpus import few

NAME = "torch.nn.ConvTranspose1d"

_FEW = """
from conv_transpose_conformance.generation import generate
from conv_transpose_conformance.generation.corpus import Corpus, core
whole = core()
one = [case for case in whole.valid if case.ndim == 1][:4]
two = [case for case in whole.valid if case.ndim == 2][:1]
corpus = Corpus(whole.version, (*one, *two), (), whole.forbidden[:2])
generate.core = lambda: corpus
"""
_IMPORTED = """
import sys
def pytest_sessionfinish():
    frameworks = {"torch", "paddle", "mindspore"} & set(sys.modules)
    (__import__("pathlib").Path(__file__).parent / "imported").write_text(" ".join(frameworks))
"""


@pytest.fixture
def project(tmp_path) -> Path:
    """A folder with a test of its user's own and few quick cases."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider -p few\n")
    (folder / "few.py").write_text(_FEW + _IMPORTED)
    (folder / "test_own.py").write_text("def test_own():\n    pass\n")
    return folder


def pytest_in(folder: Path, *arguments: str, plugins: tuple[str, ...] | None = ()) -> tuple[int, str]:
    """As ``hosts.pytest_in``, with no plugin but the suite's."""
    return hosts.pytest_in(folder, *arguments, plugins=plugins)


def counts(out: str) -> dict[str, int]:
    (line,) = re.findall(r"^=* ?((?:\d+ \w+(?:, )?)+) in ", out, re.M)
    return {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", line)}


def test_items_are_named_by_case_and_the_header_names_versions(fake_cache, project):
    fake_cache(torch={"version": "9.9"})
    code, out = pytest_in(project, "--conformance", NAME, "-v", plugins=None)
    assert code == 0, out
    assert "conformance: torch 9.9 on cpu, Python 3.11.0" in out
    items = re.findall(rf"^{re.escape(NAME)}::(v1_1d_\S+) PASSED", out, re.M)
    assert len(items) == counts(out)["passed"] >= 8
    assert len(set(items)) == len(items)
    assert "test_own" not in out
    assert (project / "imported").read_text() == ""


def test_without_the_option_nothing_changes(project):
    code, out = pytest_in(project)
    assert (code, counts(out)) == (0, {"passed": 1})
    assert "conformance:" not in out


def test_with_a_path_both_are_run(fake_cache, project):
    fake_cache(torch={})
    _, alone = pytest_in(project, "--conformance", NAME, "-q")
    code, both = pytest_in(project, "--conformance", NAME, "-q", "test_own.py")
    assert code == 0
    assert counts(both)["passed"] == counts(alone)["passed"] + 1


def test_a_failure_shows_the_case_the_numbers_and_the_replay(fake_cache, project):
    fake_cache(torch={"implementations": {NAME: "wrong values"}})
    code, out = pytest_in(project, "--conformance", NAME)
    assert code == 1
    assert f"{NAME} does not conform on v1_1d_" in out
    assert re.search(r"^  values: diverge: \d+ of \d+ elements differ; at \[", out, re.M)
    assert re.search(rf"^  conformance replay v1_1d_\S+ --implementation {re.escape(NAME)}$", out, re.M)
    assert "expected [[" in out
    assert "Traceback" not in out
    assert "pytest_items.py" not in out


def test_a_crash_fails_its_item_and_the_others_run(fake_cache, project):
    case = next(case for case in few(4, 1, 2).cases() if case.ndim == 1 and case.symmetric)
    fake_cache(torch={"cases": {f"{case.recipe.seed:x}": "segv"}})
    code, out = pytest_in(project, "--conformance", NAME)
    assert code == 1
    assert f"{NAME} does not conform on {case.id}" in out
    assert "acceptance: crash: SIGSEGV; its log ends: about to touch" in out
    assert "(2 of 2 times)" in out
    assert counts(out)["passed"] >= 5


def test_a_case_that_fails_less_gravely_than_asked_is_skipped(fake_cache, project):
    fake_cache(torch={"implementations": {NAME: "raised"}})
    code, out = pytest_in(project, "--conformance", NAME, "--conformance-fail-on", "accepted", "-rs")
    assert code == 0, out
    assert "acceptance: documented call refused, below accepted" in out
    (project / "pytest.ini").write_text(
        "[pytest]\naddopts = -p no:cacheprovider -p few\nconformance_fail_on = refused\n"
    )
    assert pytest_in(project, "--conformance", NAME)[0] == 1


def test_selection_by_k(fake_cache, project):
    fake_cache(torch={})
    _, zero = pytest_in(project, "--conformance", NAME, "--collect-only", "-q")
    code, some = pytest_in(project, "--conformance", NAME, "-k", "real", "-q")
    assert code == 0
    ids = re.findall(r"v1_\S+", zero)
    assert counts(some)["passed"] == sum("real" in case for case in ids) > 0
    assert counts(some)["deselected"] == sum("real" not in case for case in ids) > 0


def test_a_framework_that_cannot_be_had_fails_the_items_in_one_line(fake_cache, project):
    fake_cache(torch={"start": "exit"})
    code, out = pytest_in(project, "--conformance", NAME)
    assert code == 1
    assert "exit status 7; its log ends: the framework is broken here" in out
    assert "Traceback" not in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--conformance", "torch.nn.ConvTranspose1D"], "did you mean torch.nn.ConvTranspose1d?"),
        (["--conformance", NAME, "--conformance-python", "torch=/absent"], "there is no such file"),
        (["--conformance", NAME, "--conformance-python", "torch"], "FRAMEWORK=PATH"),
        (["--conformance", NAME, "--conformance-fail-on", "hung"], "did you mean 'hang'?"),
        (["--conformance-python", "torch=python3"], "--conformance-python needs --conformance GLOB"),
    ],
)
def test_a_mistake_in_an_option_is_one_line(tmp_path, arguments, said):
    code, out = pytest_in(tmp_path, *arguments)
    assert code == 4
    assert said in out
    assert "Traceback" not in out
    assert "INTERNALERROR" not in out


@pytest.mark.slow
def test_under_xdist_every_item_runs_once(fake_cache, project):
    fake_cache(torch={})
    _, alone = pytest_in(project, "--conformance", NAME, "-q")
    code, spread = pytest_in(project, "--conformance", NAME, "-q", "-n", "2", plugins=("xdist.plugin",))
    assert code == 0, spread
    assert counts(spread) == counts(alone)


def test_help_lists_the_options_in_one_group(tmp_path):
    _, out = pytest_in(tmp_path, "--help")
    group = out[out.index("conformance of transposed convolutions:") :]
    for option in (
        "--conformance=GLOB",
        "--conformance-python=FRAMEWORK=PATH",
        "--conformance-fail-on=SEVERITY",
    ):
        assert option in group


def test_the_plugin_itself_imports_nothing_heavy():
    script = (
        "import sys, conv_transpose_conformance.pytest_plugin.plugin\n"
        "print(*sorted({'numpy', 'pandas', 'hypothesis', 'rich', 'attrs', 'attr'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() in ([], ["attr"])
