"""Makes one virtual environment per release in a cache folder, and reuses it.

The name of an environment contains its requirements and a digest of the Python that makes it.  An environment
is complete once it contains ``environment.json``, which is written last; a folder without it is half-made and
is made again.  A lock keeps concurrent runs from making the same environment twice.

The cache folder is ``$CONFORMANCE_CACHE``, or the suite's folder in the user's cache.  Packages come from the
index that the user's pip is configured for.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import platformdirs
from attrs import frozen
from filelock import FileLock, Timeout

from conv_transpose_conformance.errors import EnvironmentFailed
from conv_transpose_conformance.frameworks import registry
from conv_transpose_conformance.workers.environment import installer_environment
from conv_transpose_conformance.workers.launch import run
from conv_transpose_conformance.workers.stop import Stop

DISK_NEEDED: Final = 4 << 30  # bytes; the largest environment takes three quarters of this
_MANIFEST: Final = "environment.json"

Say = Callable[[str], None]


@frozen
class Environment:
    """An environment: a virtual environment in ``folder`` with ``requirements`` installed."""

    framework: str
    requirements: tuple[str, ...]
    folder: Path

    @property
    def python(self) -> Path:
        """The path of its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def manifest(self) -> dict[str, Any] | None:
        """The content of environment.json, None if the environment is half-made or absent."""
        try:
            read = json.loads((self.folder / _MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return read if isinstance(read, dict) and self.python.exists() else None

    @property
    def state(self) -> str:
        """``ready``, ``half-made`` or ``absent``."""
        if self.manifest is not None:
            return "ready"
        return "half-made" if self.folder.exists() else "absent"


def cache_folder() -> Path:
    """Returns the folder that holds the environments."""
    chosen = os.environ.get("CONFORMANCE_CACHE")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("conv-transpose-conformance")


def environment_for(framework: str, version: str = "") -> Environment | None:
    """Returns the environment of a framework's pinned release, or of ``version``; None if there is none."""
    release = registry.framework(framework).release
    return None if release is None else environment_of(framework, release.requirements(version))


def environment_of(framework: str, wanted: tuple[str, ...]) -> Environment:
    """Returns the environment of some requirements, the framework's own first, whether it exists or not."""
    asked = json.dumps([sys.implementation.cache_tag, sys.base_prefix, *wanted])
    digest = hashlib.sha256(asked.encode()).hexdigest()[:8]
    name = wanted[0].replace("==", "-").replace("/", "_")
    return Environment(framework, wanted, cache_folder() / "environments" / f"{name}-{digest}")


def ensure(environment: Environment, say: Say, stop: Stop | None = None) -> Path:
    """Returns the interpreter of an environment, and makes the environment first if it does not exist.

    Raises:
        EnvironmentFailed: if it cannot be made; gives the reason and the place of the log.
    """
    if environment.manifest is not None:
        return environment.python
    stop = stop or threading.Event()
    folder = environment.folder

    said: list[str] = []

    def wait() -> None:
        if not said:
            said.append("waiting for another process that makes its environment")
            say(said[0])
        if stop.is_set():
            raise EnvironmentFailed(f"{environment.framework}: stopped while waiting")

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(environment, wait):
            if environment.manifest is None:
                _make(environment, say, stop)
    except OSError as error:
        raise EnvironmentFailed(
            f"{environment.framework}: cannot make an environment in {folder}: {error.strerror or error}; "
            "set CONFORMANCE_CACHE to a folder with room"
        ) from None
    return environment.python


@contextmanager
def _locked(environment: Environment, wait: Callable[[], None]) -> Iterator[None]:
    """Locks an environment.  While another process holds the lock, calls ``wait``, which may raise."""
    lock = FileLock(environment.folder.with_name(environment.folder.name + ".lock"))
    while True:
        try:
            lock.acquire(timeout=1)
            break
        except Timeout:
            wait()
    try:
        yield
    finally:
        lock.release()


def _make(environment: Environment, say: Say, stop: Stop) -> None:
    folder = environment.folder
    _remove(environment)
    free = shutil.disk_usage(folder.parent).free
    if free < DISK_NEEDED:
        raise EnvironmentFailed(
            f"{environment.framework}: {free >> 20} MiB free in {folder.parent}, but an environment needs "
            f"up to {DISK_NEEDED >> 20}; set CONFORMANCE_CACHE to a folder with room"
        )
    log = folder.with_name(folder.name + ".log")
    say(f"installing {' '.join(environment.requirements)} (once; then reused from {folder})")
    started = time.monotonic()
    install = [str(environment.python), "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
    with log.open("w", encoding="utf-8") as output:
        for command in (
            [sys.executable, "-m", "venv", str(folder)],
            [*install, *environment.requirements],
        ):
            if _execute(command, output, stop) != 0:
                reason = "stopped" if stop.is_set() else _reason(log)
                raise EnvironmentFailed(f"{environment.framework}: {reason} (full log: {log})")
    packages = run(
        [environment.python, "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"],
        installer_environment,
        name="pip",
        deadline=None,
        stop=stop.is_set,
    )
    try:
        versions = {entry["name"]: entry["version"] for entry in json.loads(packages.output)}
    except (ValueError, KeyError, TypeError):
        versions = {}
    manifest = {
        "framework": environment.framework,
        "requirements": list(environment.requirements),
        "packages": versions,
        "seconds": round(time.monotonic() - started, 1),
    }
    temporary = folder / (_MANIFEST + ".new")
    temporary.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    temporary.replace(folder / _MANIFEST)


def _execute(command: list[str], output: Any, stop: Stop) -> int:
    done = run(
        command,
        installer_environment,
        name="installer",
        deadline=None,
        stop=stop.is_set,
        log=output.fileno(),
        together=True,
        cwd=Path(),  # pip's settings may name places relative to it
    )
    return -1 if done.code is None else done.code


_KNOWN: Final = (
    # (output of pip, meaning and remedy)
    (
        r"No matching distribution found for (\S+)",
        r"\1: there is no such release, or none with a wheel for Python {python}; "
        r"'pip index versions' lists the releases",
    ),
    (
        r"No space left on device",
        "no space left on the device; set CONFORMANCE_CACHE to a folder with room, or remove environments",
    ),
    (
        r"NewConnectionError|Name or service not known|Temporary failure in name resolution|Network is unr",
        "no network, or pip is not configured for it; an interpreter that has the framework needs neither "
        "(--python)",
    ),
    (
        r"ensurepip is not available|No module named '?ensurepip",
        "this Python {python} cannot make virtual environments; install its venv package (python3-venv)",
    ),
)


def _reason(log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace")
    # pip also ends with "No matching distribution" if it could not reach any index
    for pattern, meaning in (_KNOWN[1], _KNOWN[2], _KNOWN[3], _KNOWN[0]):
        match = re.search(pattern, text)
        if match:
            return match.expand(meaning).format(python=platform.python_version())
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["its installation failed without a message"])[-1][:500]


def remove(environment: Environment) -> bool:
    """Removes an environment; returns whether there was one.

    Raises:
        EnvironmentFailed: if another process is making it, or if it cannot be removed.
    """
    if not environment.folder.exists():
        return False

    def refuse() -> None:
        raise EnvironmentFailed(
            f"{environment.framework}: another process is making this environment; remove it once that "
            "process has ended"
        )

    try:
        with _locked(environment, refuse):
            _remove(environment)
    except OSError as error:
        raise EnvironmentFailed(
            f"{environment.framework}: cannot remove {environment.folder}: {error.strerror or error}"
        ) from None
    return True


def _remove(environment: Environment) -> None:
    if environment.folder.exists():
        (environment.folder / _MANIFEST).unlink(missing_ok=True)  # from here on it is half-made
        shutil.rmtree(environment.folder)
