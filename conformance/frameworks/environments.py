"""One virtual environment per framework, made by the suite in a cache folder and reused.

An environment is named by what was asked for and by the Python that made it.  It counts as made once
``environment.json`` lies in it, the last thing written; a folder without it is a half-made one and is made
anew.  A lock keeps concurrent runs from making the same one twice.

The cache folder is ``$CONFORMANCE_CACHE``, or the user's own cache folder for the suite.  Packages come from
wherever the user's pip is configured to find them.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import platformdirs
from attrs import frozen
from filelock import FileLock, Timeout

from conv_transpose_conformance.errors import EnvironmentFailed
from conv_transpose_conformance.frameworks import registry
from conv_transpose_conformance.workers import watchdog
from conv_transpose_conformance.workers.environment import installer_environment
from conv_transpose_conformance.workers.stop import Stop

DISK_NEEDED: Final = 4 << 30  # bytes; the largest environment takes three quarters of it
_MANIFEST: Final = "environment.json"

Say = Callable[[str], None]


@frozen
class Environment:
    """One environment: ``folder`` holds a virtual environment made for ``requirements``."""

    framework: str
    requirements: tuple[str, ...]
    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def manifest(self) -> dict[str, Any] | None:
        """What was written when it was complete, or None for a half-made or absent one."""
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
    """Where environments are kept."""
    chosen = os.environ.get("CONFORMANCE_CACHE")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("conv-transpose-conformance")


def environment_for(framework: str, version: str = "") -> Environment | None:
    """The environment of a framework's pinned release, or of another version; None: the suite makes none."""
    release = registry.framework(framework).release
    return None if release is None else environment_of(framework, release.requirements(version))


def environment_of(framework: str, wanted: tuple[str, ...]) -> Environment:
    """The environment of some requirements, the framework's own first; made or not."""
    asked = json.dumps([sys.implementation.cache_tag, sys.base_prefix, *wanted])
    digest = hashlib.sha256(asked.encode()).hexdigest()[:8]
    name = wanted[0].replace("==", "-").replace("/", "_")
    return Environment(framework, wanted, cache_folder() / "environments" / f"{name}-{digest}")


def ensure(environment: Environment, say: Say, stop: Stop | None = None) -> Path:
    """The interpreter of an environment, which is made first where it is not there.

    Raises:
        EnvironmentFailed: with the reason and the place of the log.
    """
    if environment.manifest is not None:
        return environment.python
    stop = stop or threading.Event()
    folder = environment.folder

    said: list[str] = []

    def wait() -> None:
        if not said:
            said.append("waiting for another process that is making its environment")
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
    """Keeps other processes from making or removing it; ``wait`` is called while one does, and may raise."""
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
            f"{environment.framework}: {free >> 20} MiB free in {folder.parent}, an environment needs up to "
            f"{DISK_NEEDED >> 20}; set CONFORMANCE_CACHE to a folder with room"
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
                raise EnvironmentFailed(f"{environment.framework}: {reason} (the whole log: {log})")
    packages = subprocess.run(
        [str(environment.python), "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        versions = {entry["name"]: entry["version"] for entry in json.loads(packages.stdout)}
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
    watchdog.begin()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=installer_environment(),
        start_new_session=True,
    )
    try:
        watchdog.watch(process.pid, Path(os.devnull))  # no folder: what a killed host leaves is remade later
        while True:
            try:
                return process.wait(timeout=0.2)
            except subprocess.TimeoutExpired:
                if stop.is_set():
                    return -1
    finally:
        with suppress(ProcessLookupError, PermissionError):  # pip's own children too
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        watchdog.release(process.pid)


_KNOWN: Final = (
    # what pip prints -> what it means, and what to do
    (
        r"No matching distribution found for (\S+)",
        r"\1: there is no such release, or none with a wheel for Python {python}; "
        r"'pip index versions' names those there are",
    ),
    (
        r"No space left on device",
        "no space left on the device; set CONFORMANCE_CACHE to a folder with room, or remove environments",
    ),
    (
        r"NewConnectionError|Name or service not known|Temporary failure in name resolution|Network is unr",
        "no network, or pip is not configured for yours; or give an interpreter that has it with --python",
    ),
    (
        r"ensurepip is not available|No module named '?ensurepip",
        "Python {python} here makes no virtual environments; install its venv package (python3-venv)",
    ),
)


def _reason(log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace")
    # "No matching distribution" is also what pip ends with where it could not ask anybody.
    for pattern, meaning in (_KNOWN[1], _KNOWN[2], _KNOWN[3], _KNOWN[0]):
        match = re.search(pattern, text)
        if match:
            return match.expand(meaning).format(python=platform.python_version())
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or ["its installation failed without a word"])[-1][:500]


def remove(environment: Environment) -> bool:
    """Removes an environment; says whether there was one.

    Raises:
        EnvironmentFailed: where another process is making it, or it cannot be removed.
    """
    if not environment.folder.exists():
        return False

    def refuse() -> None:
        raise EnvironmentFailed(
            f"{environment.framework}: another process is making this environment: remove it once that ended"
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
