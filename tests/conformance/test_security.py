"""What the suite never does, whoever it talks to."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support import PACKAGE, sources

SOURCES = sources()
# They run what they read, or listen to whoever calls.
FORBIDDEN = {"pickle", "cPickle", "dill", "marshal", "shelve", "multiprocessing", "socketserver", "http"}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
    return found


def test_there_are_sources():
    assert len(SOURCES) > 50


# A fork server passes descriptors to its children over a pair of sockets without a name.
PAIRED = {"forkserver.py", "fork_server.py"}
WITHOUT_NAME = {"AF_UNIX", "SOCK_SEQPACKET", "recv_fds", "send_fds", "socket", "socketpair"}


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name in PAIRED], ids=lambda path: path.parent.name)
def test_a_pair_of_sockets_reaches_no_network(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    assert not {node.attr for node in attributes} & {
        "bind",
        "connect",
        "listen",
        "accept",
        "create_connection",
    }
    used = {node.attr for node in attributes if ast.unparse(node.value) == "socket"}
    assert used
    assert used <= WITHOUT_NAME


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_is_unpickled_and_nothing_listens(path):
    sockets = set() if path.name in PAIRED else {"socket"}
    assert not imports(path) & (FORBIDDEN | sockets | {"xmlrpc", "asyncio"})
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in {"eval", "exec", "os.system"}, f"{path}:{node.lineno}"
            named = {keyword.arg: keyword.value for keyword in node.keywords}
            for switch in ("allow_pickle", "shell"):
                value = named.get(switch)
                assert not (isinstance(value, ast.Constant) and value.value is True), f"{path}:{node.lineno}"


# What may start processes: the launcher, the watchdog itself alone, and in a fork server, which the launcher
# starts, the fork.
STARTERS = {
    "workers/launch.py": {"subprocess"},
    "workers/watchdog.py": {"subprocess"},
    "adapters/forkserver.py": {"os.fork"},
}
MODULES = {"subprocess", "multiprocessing", "pty", "asyncio", "_posixsubprocess"}
STARTS = re.compile(
    r"os\.(fork|forkpty|popen|system|startfile|(posix_)?spawn\w*|exec\w+)|ProcessPoolExecutor"
)


def starters(path: Path) -> set[str]:
    """What a module uses that starts processes."""
    found = imports(path) & MODULES
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Attribute):
            names = [f"{ast.unparse(node.value)}.{node.attr}", node.attr]
        elif isinstance(node, ast.ImportFrom):
            names = [name for alias in node.names for name in (f"{node.module}.{alias.name}", alias.name)]
        found |= {name for name in names if STARTS.fullmatch(name)}
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_launcher_alone_starts_processes(path):
    assert starters(path) == STARTERS.get(str(path.relative_to(PACKAGE)), set())


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import subprocess as s; s.run([])", {"subprocess"}),
        ("from subprocess import Popen", {"subprocess"}),
        ("import os; os.posix_spawnp('a', [], {})", {"os.posix_spawnp"}),
        ("from os import execvp", {"os.execvp"}),
        ("def f():\n    import concurrent.futures as c; c.ProcessPoolExecutor()", {"ProcessPoolExecutor"}),
        ("import os; os.environ; os.execution", set()),
    ],
)
def test_whatever_starts_one_is_seen(tmp_path, source, found):
    (tmp_path / "module.py").write_text(source)
    assert starters(tmp_path / "module.py") - {"os.execution"} == found
