"""The folder of a run: creates, locks, writes and reads it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen

from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.reports.store.files import (
    DIVERGENCES,
    RECORDS,
    REPRO,
    RUN,
    is_own,
    partial,
    reason,
    sweep,
    write_atomically,
)
from conv_transpose_conformance.reports.store.findings import members
from conv_transpose_conformance.reports.store.json_node import Node
from conv_transpose_conformance.reports.store.schema import (
    SCHEMA_VERSION,
    check_divergences,
    check_run,
    read_divergences,
    read_run,
)
from conv_transpose_conformance.reports.store.strict_json import dumps, jsonable
from conv_transpose_conformance.reports.store.summary import Summary

Run = dict[str, Any]
Divergences = list[dict[str, Any]]


@frozen
class RunFolder:
    """A folder that a run may write to; :meth:`create` makes one."""

    path: Path

    @property
    def records(self) -> Path:
        """The path of the dataset."""
        return self.path / RECORDS

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Locks the folder within the block; the system releases the lock however this process ends.

        Raises:
            BadRunFolder: if another run holds the lock.
        """
        try:
            folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise BadRunFolder(f"{self.path}: cannot be opened: {reason(error)}") from None
        try:
            if not _lock(folder):
                raise BadRunFolder(
                    f"{self.path}: another run is writing to it; choose another folder, or wait for its end"
                )
            yield
        finally:
            os.close(folder)

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Creates the folder, or takes that of an earlier run, whose files stay until new ones replace them.

        Raises:
            BadRunFolder: if it cannot be written to, or if it contains other files.
        """
        folder = Path(path)
        try:
            str(folder).encode()
        except UnicodeEncodeError:  # pyarrow takes no other names
            raise BadRunFolder(f"{str(folder)!r}: its name is not UTF-8") from None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            names = sorted(entry.name for entry in folder.iterdir())
            if RUN not in names:
                foreign = [name for name in names if not is_own(name)]
                if foreign:
                    raise BadRunFolder(
                        f"{folder}: contains {foreign[0]!r} but no {RUN}, so it is not a run folder; "
                        "choose a new or empty folder"
                    )
            sweep(folder)
            probe = partial(folder / RUN)
            probe.touch()
            probe.unlink()
        except FileExistsError:
            raise BadRunFolder(f"{folder}: is a file, not a folder") from None
        except OSError as error:
            raise BadRunFolder(f"{folder}: cannot be written to: {reason(error)}") from None
        return cls(folder)

    def write(
        self, info: Run, summary: Summary, divergences: Divergences | None = None
    ) -> tuple[Run, Divergences]:
        """Writes run.json and divergences.json, and returns their contents; ``render`` makes the pages.

        ``divergences`` are the causes; without them each check and verdict is a divergence of its own.

        Raises:
            BadRunFolder: if the folder cannot be written to.
            ValueError: if ``info`` is not valid content of run.json.
        """
        run = jsonable({"schema": SCHEMA_VERSION, **info, "implementations": summary.implementations()})
        if divergences is None:
            divergences = summary.divergences()
        try:
            check_run(Node(run, self.path / RUN))
            check_divergences(Node(divergences, self.path / DIVERGENCES), run)
        except BadRunFolder as error:
            raise ValueError(str(error)) from None
        self.write_files({DIVERGENCES: dumps(divergences), RUN: dumps(run)})
        self._write_scripts(divergences)
        return run, divergences

    def _write_scripts(self, divergences: Divergences) -> None:
        """Writes the reproduction scripts, replacing those of an earlier run."""
        scripts = {
            one["reproduction"]["file"]: one["reproduction"]["script"]
            for cause in divergences
            for one in members(cause)
            if one.get("reproduction")
        }
        folder = self.path / REPRO
        try:
            for old in (*folder.glob("D*.py"), *folder.glob("D*.R")):
                old.unlink()
            if scripts:
                folder.mkdir(exist_ok=True)
        except OSError as error:
            raise BadRunFolder(f"{folder}: cannot be written: {reason(error)}") from None
        self.write_files(scripts)

    def write_files(self, contents: dict[str, str]) -> None:
        """Writes files with these names and texts, each completely or not at all.

        Raises:
            BadRunFolder: if the folder cannot be written to.
        """
        for name, text in contents.items():
            try:
                write_atomically(self.path / name, text)
            except OSError as error:
                raise BadRunFolder(f"{self.path / name}: cannot be written: {reason(error)}") from None


def _lock(descriptor: int) -> bool:
    # the lock of a killed process outlives it by a moment
    for _ in range(10):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.1)
        except OSError:
            return True  # a file system without locks
        else:
            return True
    return False


def read(directory: str | os.PathLike[str]) -> tuple[Run, Divergences]:
    """Returns the checked contents of a run folder's run.json and divergences.json.

    Raises:
        BadRunFolder: if a file is missing or not JSON, or if a key is missing or of the wrong type.
    """
    folder = Path(directory)
    run = read_run(folder / RUN)
    return run, read_divergences(folder / DIVERGENCES, run)
