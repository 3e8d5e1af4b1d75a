"""What contributors and machines are told agrees with itself."""

import re
import tomllib

import pytest

from tests.support import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"
needs_checkout = pytest.mark.skipif(not WORKFLOWS.is_dir(), reason="a source distribution has no workflows")


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def project():
    return tomllib.loads(text("pyproject.toml"))["project"]


@needs_checkout
def test_the_workflow_runs_the_test_command_of_the_readme():
    command = text("README.md").split("## Test it", 1)[1].split("```sh\n", 1)[1].split("\n```", 1)[0]
    assert command.endswith("-m pytest")
    assert f"          {command}\n" in text(".github/workflows/tests.yml")


@needs_checkout
def test_every_python_that_is_promised_is_tested():
    promised = {c.rpartition(" ")[2] for c in project()["classifiers"] if c.startswith("Programming")}
    assert promised == set(re.findall(r'"(3\.\d+)"', text(".github/workflows/tests.yml")))
    (factors,) = re.findall(r"py\{([\d,]+)\}", text("tox.ini"))
    assert promised == {f"{factor[0]}.{factor[1:]}" for factor in factors.split(",")}


@needs_checkout
def test_the_repository_has_one_name():
    names = set(re.findall(r"repository: (\S+)", text("docs/ci.md")))
    for url in (*project()["urls"].values(), text(".github/ISSUE_TEMPLATE/config.yml")):
        names |= {found.removesuffix(".git") for found in re.findall(r"github\.com/([^/\s]+/[^/\s]+)", url)}
    assert len(names) == 1, names
