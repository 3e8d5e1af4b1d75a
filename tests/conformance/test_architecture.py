"""Imports run one way, and the worker's half runs where the suite is not installed."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import adapters
import conformance
import reference_impl
import reports

PACKAGES = {p.__name__: Path(p.__file__).parent for p in (adapters, conformance, reference_impl, reports)}
FILES = [(name, path) for name, folder in PACKAGES.items() for path in sorted(folder.rglob("*.py"))]
IDS = [str(path.relative_to(path.parents[1])) for _, path in FILES]
FRAMEWORKS = {"torch", "paddle", "mindspore"}

# The commands: what turns a run into files and lines.
SERVE_COMMANDS = {
    "__init__.py",
    "cli.py",
    "cli_releases.py",
    "cli_runs.py",
    "conclude.py",
    "env_commands.py",
    "expect.py",
    "merge.py",
    "replay_all.py",
    "progress.py",
    "pytest_items.py",
    "pytest_plugin.py",
    "replay.py",
    "resume.py",
    "run.py",
}


def imported(tree: ast.AST) -> set[str]:
    """The top-level names that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide what is imported"
            found.add((node.module or "").split(".")[0])
    return found


def at_module_level(tree: ast.Module) -> set[str]:
    """The same, but only what is imported when the module is."""
    found = set()
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= imported(node)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += list(ast.iter_child_nodes(node))
    return found


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@pytest.mark.parametrize(("package", "path"), FILES, ids=IDS)
def test_imports_run_one_way(package, path):
    names = imported(parse(path))
    if package == "reference_impl":
        assert not names & {"adapters", "conformance", "reports"}
    elif package == "adapters":
        assert not names & {"reference_impl", "conformance", "reports"}
    elif package == "conformance" and path.name not in SERVE_COMMANDS:
        assert "reports" not in names
    assert not names & {"tests", "fakes"}


@pytest.mark.parametrize(("package", "path"), FILES, ids=IDS)
def test_no_module_imports_a_framework_when_it_is_imported(package, path):
    tree = parse(path)
    assert not at_module_level(tree) & FRAMEWORKS
    if package != "adapters":
        assert not imported(tree) & FRAMEWORKS


WORKER_FILES = [path for package, path in FILES if package == "adapters"]


@pytest.mark.parametrize("path", WORKER_FILES, ids=lambda path: path.name)
def test_the_worker_side_is_python_3_9(path):
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source, str(path), feature_version=(3, 9))
    if path.name != "bootstrap.py":
        assert "from __future__ import annotations" in source
    for node in ast.walk(tree):
        # What parses and yet fails at run time there.
        if isinstance(node, ast.Call):
            assert not any(k.arg == "strict" for k in node.keywords if getattr(node.func, "id", "") == "zip")
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass"):
            assert not isinstance(node.args[1], ast.BinOp)
        if isinstance(node, ast.ImportFrom) and node.module == "typing":
            newer = {"Self", "TypeAlias", "ParamSpec", "NotRequired", "assert_never", "override"}
            assert not {alias.name for alias in node.names} & newer
        assert not isinstance(node, ast.Match | ast.TryStar)


@pytest.mark.parametrize("path", WORKER_FILES, ids=lambda path: path.name)
def test_the_worker_side_needs_numpy_and_its_framework_alone(path):
    foreign = imported(parse(path)) - set(sys.stdlib_module_names) - {"adapters", "numpy"} - FRAMEWORKS
    assert foreign == set()


def test_a_new_framework_is_one_file_and_one_line():
    for framework, module in adapters.FRAMEWORKS.items():
        path = PACKAGES["adapters"] / f"{module.split('.')[1]}.py"
        assert not imported(parse(path)) & (FRAMEWORKS - {framework})


def test_the_hosts_modules_import_no_framework_and_start_no_process():
    script = (
        "import subprocess, sys\n"
        "subprocess.Popen = None\n"
        f"import {', '.join(adapters.FRAMEWORKS.values())}\n"
        "import conformance.engine, conformance.run, conformance.replay, conformance.pytest_items\n"
        "import reports\n"
        f"print(*({FRAMEWORKS!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_package_is_installed():
    root = PACKAGES["conformance"].parent
    told = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    there = {
        ".".join(page.parent.relative_to(root).parts)
        for folder in PACKAGES.values()
        for page in folder.rglob("__init__.py")
    }
    assert set(told["tool"]["setuptools"]["packages"]) == there
