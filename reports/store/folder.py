"""A run's folder: what is in it, how it is written, and how its pages are made again."""

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
    """A folder that a run may write to; make one with :meth:`create`."""

    path: Path

    @property
    def records(self) -> Path:
        """Where the dataset goes."""
        return self.path / RECORDS

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other runs out of the folder; the system lets them in however this process ends.

        Raises:
            BadRunFolder: where another run is writing to it.
        """
        try:
            folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise BadRunFolder(f"{self.path}: cannot be opened: {reason(error)}") from None
        try:
            if not _lock(folder):
                raise BadRunFolder(
                    f"{self.path}: another run is writing to it: give another folder, or wait for it to end"
                )
            yield
        finally:
            os.close(folder)

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> RunFolder:
        """Make the folder, or take that of an earlier run, whose files stay until new ones replace them.

        Raises:
            BadRunFolder: where it cannot be written to, or holds files of somebody else.
        """
        folder = Path(path)
        try:
            str(folder).encode()
        except UnicodeEncodeError:  # the dataset's library takes no other names
            raise BadRunFolder(f"{str(folder)!r}: its name is not UTF-8") from None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            names = sorted(entry.name for entry in folder.iterdir())
            if RUN not in names:
                foreign = [name for name in names if not is_own(name)]
                if foreign:
                    raise BadRunFolder(
                        f"{folder}: holds {foreign[0]!r} and no {RUN}, so it is no run folder: "
                        "give a new or an empty one"
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
        """Write run.json and divergences.json, and return what they hold; ``render`` makes the pages.

        ``divergences`` are the causes found; without them each check and verdict stands for itself.

        Raises:
            BadRunFolder: where the folder cannot be written to.
            ValueError: where ``info`` is not what run.json must hold.
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
        """The reproduction scripts, in place of those of an earlier run."""
        scripts = {
            d["reproduction"]["file"]: d["reproduction"]["script"]
            for d in divergences
            if d.get("reproduction")
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
        """Write files of these names and texts, each as a whole or not at all.

        Raises:
            BadRunFolder: where the folder cannot be written to.
        """
        for name, text in contents.items():
            try:
                write_atomically(self.path / name, text)
            except OSError as error:
                raise BadRunFolder(f"{self.path / name}: cannot be written: {reason(error)}") from None


def _lock(descriptor: int) -> bool:
    # The lock of a process that was killed outlives it by a moment.
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
    """The checked contents of a run folder's run.json and divergences.json.

    Raises:
        BadRunFolder: where one of them is missing, is no JSON, or has a key missing or of the wrong type.
    """
    folder = Path(directory)
    run = read_run(folder / RUN)
    return run, read_divergences(folder / DIVERGENCES, run)
