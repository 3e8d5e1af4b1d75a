"""Imports run one way, folder by folder, and the worker's half runs where the suite is not installed."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import conv_transpose_conformance
from tests.support import ROOT

PACKAGE = "conv_transpose_conformance"
FRAMEWORKS = {"torch", "paddle", "mindspore"}

# The folders (and the modules that lie beside them), from the ground up.  What a line names imports the lines
# above it, and itself, and nothing else.
LEVELS = [
    ["adapters"],
    ["reference_impl"],
    ["errors", "text"],
    ["workers"],
    ["cases"],
    ["judging"],
    ["frameworks"],
    ["generation"],
    ["execution", "faults"],
    ["causes", "requirements"],
    ["expectations"],
    ["reports"],
    ["commands"],
    ["cli", "pytest_plugin"],
    ["__main__", ""],
]
# The folders in a folder, likewise; "" is what lies in the folder itself.
WITHIN = {
    "requirements": [["base"], ["refusals"], ["properties"], ["documents"], [""]],
    "reports": [["store"], ["scripts"], ["pages"], [""]],
}


def _module(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    """Every module by its name in the package."""
    root = Path(conv_transpose_conformance.__file__).parent
    found = {_module(path, root): path for path in root.rglob("*.py")}
    for name in ("adapters", "reference_impl", "reports"):  # links, into which rglob does not go
        found |= {_module(path, root): path for path in (root / name).rglob("*.py")}
    return dict(sorted(found.items()))


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def nodes(tree: ast.AST, *, types: bool = True, functions: bool = True) -> Iterator[ast.AST]:
    """The nodes of a tree; those that only types need, and those within functions, may be left out."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if _is_for_types(node) and not types:
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not functions:
            continue
        yield node
        waiting += ast.iter_child_nodes(node)


def imports(tree: ast.AST, **which: bool) -> Iterator[str]:
    """The full names that a module imports."""
    for node in nodes(tree, **which):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide what is imported"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def top_level(tree: ast.AST, **which: bool) -> set[str]:
    return {name.split(".")[0] for name in imports(tree, **which)}


@cache
def graph() -> dict[str, set[str]]:
    """Which of our modules each of them imports, those for types included."""
    known = modules()
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        targets = found.setdefault(name, set())
        for full in imports(parse(path)):
            if full.split(".")[0] == PACKAGE:
                inner = full.partition(".")[2]
                targets.add(inner if inner in known else inner.rpartition(".")[0])
        targets.discard(name)
    return found


def _level(name: str, levels: list[list[str]]) -> int:
    return next(number for number, folders in enumerate(levels) if name in folders)


def _split(module: str) -> tuple[str, str]:
    """The folder of a module, and the folder in it."""
    first, _, rest = module.partition(".")
    return first, (rest.partition(".")[0] if first in WITHIN and _is_folder(module, 2) else "")


def _is_folder(module: str, depth: int) -> bool:
    parts = module.split(".")
    return ".".join(parts[:depth]) in modules() and (
        len(parts) > depth or modules()[module].name == "__init__.py"
    )


def test_a_folder_imports_lower_ones_alone():
    upward = []
    for importer, targets in graph().items():
        folder, within = _split(importer)
        for target in targets:
            other, inner = _split(target)
            if folder == other:
                levels = WITHIN.get(folder)
                if levels and within != inner and _level(inner, levels) >= _level(within, levels):
                    upward.append(f"{importer} imports {target}")
            elif _level(other, LEVELS) >= _level(folder, LEVELS):
                upward.append(f"{importer} imports {target}")
    assert upward == []


def test_every_folder_has_its_level():
    assert {name.partition(".")[0] for name in modules()} == {name for level in LEVELS for name in level}


def _longest(edges: dict[str, set[str]]) -> list[str]:
    """The longest chain of imports, from the top down."""
    best: dict[str, list[str]] = {}
    for name in TopologicalSorter(edges).static_order():
        below = max((best[other] for other in edges.get(name, ())), key=len, default=[])
        best[name] = [name, *below]
    return max(best.values(), key=len)


def test_there_are_few_levels_and_no_circles(capsys):
    folders: dict[str, set[str]] = {}
    for importer, targets in graph().items():
        mine = ".".join(filter(None, _split(importer)))
        folders.setdefault(mine, set()).update(".".join(filter(None, _split(t))) for t in targets)
        folders[mine].discard(mine)
    chain = _longest(folders)
    try:
        longest = _longest(_without_packages())
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' > '.join(error.args[1])}")
    with capsys.disabled():
        for what, found in (("folders", chain), ("modules", longest)):
            sys.stdout.write(
                f"\n{what}: {len(found)} levels: {' > '.join(name or PACKAGE for name in found)}"
            )
    assert len(chain) <= 10


def _without_packages() -> dict[str, set[str]]:
    """Modules alone: an ``__init__`` that hands names on is no level of its own, and its folder's door."""
    pages = {name for name, path in modules().items() if path.name == "__init__.py"}
    return {
        name: {other for other in targets if not (other in pages and name.startswith(f"{other}."))}
        for name, targets in graph().items()
    }


@pytest.mark.parametrize("name", modules())
def test_no_module_imports_a_framework_when_it_is_imported(name):
    tree = parse(modules()[name])
    assert not top_level(tree, types=False, functions=False) & FRAMEWORKS
    if not name.startswith("adapters"):
        assert not top_level(tree) & FRAMEWORKS


@pytest.mark.parametrize("name", modules())
def test_modules_are_imported_by_their_one_name(name):
    """In a checkout the folders could be imported by their own names too, and would be there twice."""
    assert not top_level(parse(modules()[name])) & {"adapters", "conformance", "reference_impl", "reports"}
    assert "tests" not in top_level(parse(modules()[name]))


WORKER_FILES = [path for name, path in modules().items() if name.split(".")[0] == "adapters"]


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
    foreign = top_level(parse(path)) - set(sys.stdlib_module_names) - {PACKAGE, "numpy"} - FRAMEWORKS
    assert foreign == set()


def test_the_hosts_modules_import_no_framework_and_start_no_process():
    script = (
        "import subprocess, sys\n"
        "subprocess.Popen = None\n"
        f"import {PACKAGE}.adapters.torch_adapter, {PACKAGE}.adapters.paddle_adapter\n"
        f"import {PACKAGE}.adapters.mindspore_adapter\n"
        f"import {PACKAGE}.cli, {PACKAGE}.pytest_plugin.items, {PACKAGE}.reports\n"
        f"import {PACKAGE}.commands.run, {PACKAGE}.commands.replay\n"
        f"print(*({FRAMEWORKS!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == ""
