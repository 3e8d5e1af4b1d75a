"""The journal: writes a run's records to disk as it goes, so that a killed run can be resumed.

The first line holds the options of the run.  Every further line holds one call behind a checksum, in the
order of judging.  Lines are written in batches and synced to the disk every second.  A killed process loses
the current batch, a power cut also the last second.  A torn or damaged line ends the journal; the calls after
it are made again.

A journal may come from a stranger.  It is read as data: nothing in it is run, and it gives no interpreter's
path.
"""

from __future__ import annotations

import json
import os
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.errors import BadRunFolder, InvalidCase
from conv_transpose_conformance.judging.observation import at
from conv_transpose_conformance.judging.verdicts import Check, Evidence, Record, Verdict
from conv_transpose_conformance.reports.store.files import JOURNAL, reason, set_aside
from conv_transpose_conformance.text import one_line

FORMAT: Final = 1
_BATCH: Final = 64  # calls
_DELAY: Final = 0.25  # seconds after which a small batch is written
_SYNC: Final = 1.0  # seconds between two syncs
_IDENTITY: Final = ("version", "python", "numpy", "r", "device")


class Journal:
    """The journal of the run in ``folder``: new with the options ``asked``, or existing and continued.

    A new journal renames that of an unfinished run.

    Raises:
        BadRunFolder: if it cannot be written or read, or if another version of the suite wrote it.
    """

    def __init__(self, folder: Path, suite: str, asked: dict[str, Any] | None = None) -> None:
        self.path = folder / JOURNAL
        self.kept: Path | None = None  # the renamed journal of an unfinished run
        self.elapsed = 0.0  # seconds of the earlier parts of the run
        self.ready: dict[str, dict[str, Any]] = {}  # the description of each target's worker
        self._suite = suite
        self._done: set[int] = set()
        self._waiting: list[bytes] = []
        self._began = self._written = self._synced = time.monotonic()
        try:
            if asked is None:
                self.asked = read_asked(folder, suite)
                self._file = os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
            else:
                self.asked = asked
                self.kept = set_aside(self.path) if _holds_calls(self.path) else None
                flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
                self._file = os.open(self.path, flags, 0o666)
                self._add(["run", FORMAT, suite, asked])
                self._flush(sync=True)
        except OSError as error:
            raise self._cannot(error) from None

    def records(self) -> Iterator[list[Record]]:
        """Yields the records of each call in the journal; afterwards the journal can be continued."""
        good = 0
        with os.fdopen(os.dup(self._file), "rb") as lines:
            lines.seek(0)
            for number, line in enumerate(lines, 1):
                entry = _entry(line)
                if entry is None:
                    break
                good += len(line)
                try:
                    match entry[0]:
                        case "call":
                            yield self._call(entry)
                        case "ready":
                            self.ready[str(entry[1])] = dict(entry[2])
                        case "elapsed":
                            self.elapsed = max(0.0, float(entry[1]))
                except (ValueError, TypeError, IndexError, KeyError, InvalidCase) as error:
                    raise BadRunFolder(
                        one_line(f"{self.path}: line {number} is not of a journal: {error}")
                    ) from None
        try:
            os.ftruncate(self._file, good)
            os.lseek(self._file, 0, os.SEEK_END)
        except OSError as error:
            raise self._cannot(error) from None
        self._began = time.monotonic()

    def _call(self, entry: list[Any]) -> list[Record]:
        _, target, implementation, version, case_id, microseconds, rows, *more = entry
        parsed = Target.parse(target)
        case = Case.parse(case_id)
        observed = at(case, *map(tuple, more[0])) if more else None
        records = [
            Record(
                case=case,
                implementation=implementation,
                framework=parsed.framework,
                framework_version=version,
                release=parsed.release,
                check=Check(check),
                verdict=Verdict(verdict),
                level=str(level),
                met=str(met),
                error=None if error is None else float(error),
                escape=None if escape is None else float(escape),
                microseconds=None if microseconds is None else float(microseconds),
                message=str(message),
                evidence=None if evidence is None else _evidence(evidence),
                observed=observed,
            )
            for check, verdict, level, met, error, escape, message, evidence in rows
        ]
        self._done.add(hash((target, implementation, case_id)))
        return records

    def is_done(self, target: str, implementation: str, case: Case) -> bool:
        """Returns whether the journal contains this call."""
        return bool(self._done) and hash((target, implementation, case.id)) in self._done

    def add_ready(self, target: str, info: dict[str, Any]) -> None:
        """Adds the description of a target's worker.

        Raises:
            BadRunFolder: if the target differs from the one at the start of the run.
        """
        identity = {key: info.get(key) or None for key in _IDENTITY}
        before = self.ready.get(target)
        if before is None:
            self.ready[target] = identity
            self._add(["ready", target, identity])
        for key in _IDENTITY if before else ():
            if before and before.get(key) != identity[key]:
                raise BadRunFolder(
                    one_line(
                        f"{self.path.parent}: {target}'s {key} was {before.get(key)} when the run began "
                        f"and is {identity[key]} now; restore it, or start a new run"
                    )
                )

    def add(self, records: list[Record]) -> None:
        """Adds the records of one call."""
        first = records[0]
        rows = [
            [
                record.check,
                record.verdict,
                record.level,
                record.met,
                record.error,
                record.escape,
                record.message,
                None if record.evidence is None else _plain(record.evidence),
            ]
            for record in records
        ]
        call = [first.target, first.implementation, first.framework_version, first.case.id]
        seen = first.observed
        more = [] if seen is None else [[seen.crop_before, seen.output_size]]
        self._add(["call", *call, first.microseconds, rows, *more])
        now = time.monotonic()
        if len(self._waiting) >= _BATCH or now - self._written > _DELAY:
            self._flush(sync=now - self._synced > _SYNC)

    def _add(self, entry: list[Any]) -> None:
        text = json.dumps(entry, separators=(",", ":")).encode("ascii")
        self._waiting.append(b"%08x %s\n" % (zlib.crc32(text), text))

    def total(self) -> float:
        """Returns the seconds of the run, including its earlier parts."""
        return self.elapsed + time.monotonic() - self._began

    def _flush(self, *, sync: bool) -> None:
        if sync:
            self._add(["elapsed", round(self.total(), 3)])
        view = memoryview(b"".join(self._waiting))
        self._waiting.clear()
        try:
            while view:
                view = view[os.write(self._file, view) :]
            self._written = time.monotonic()
            if sync:
                os.fsync(self._file)
                self._synced = time.monotonic()
        except OSError as error:
            raise self._cannot(error) from None

    def _cannot(self, error: OSError) -> BadRunFolder:
        return BadRunFolder(
            f"{self.path}: cannot be written: {reason(error)}; the earlier records are kept. Fix this and "
            f"continue with 'conformance run --resume {self.path.parent}'"
        )

    def flush(self) -> None:
        """Forces what is gathered to the disk.

        Raises:
            BadRunFolder: where it cannot be written.
        """
        self._flush(sync=True)

    def close(self) -> None:
        """Writes the current batch."""
        if self._file >= 0:
            try:
                self._flush(sync=True)
            finally:
                os.close(self._file)
                self._file = -1

    def remove(self) -> None:
        """Removes the journal of a run that is complete."""
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_asked(folder: Path, suite: str) -> dict[str, Any]:
    """Returns the options in the journal in ``folder``.

    Raises:
        BadRunFolder: if there is none, if it cannot be read, or if another version of the suite wrote it.
    """
    path = folder / JOURNAL
    try:
        with path.open("rb") as lines:
            entry = _entry(lines.readline(1 << 20))
    except FileNotFoundError:
        raise BadRunFolder(
            f"{folder}: contains no unfinished run, so there is nothing to resume; a complete run removes "
            f"its {JOURNAL}"
        ) from None
    except OSError as error:
        raise BadRunFolder(f"{path}: {reason(error)}") from None
    if entry is None or entry[0] != "run" or len(entry) != 4 or not isinstance(entry[3], dict):
        raise BadRunFolder(f"{path}: not a journal, or damaged in its first line; start a new run")
    if entry[1:3] != [FORMAT, suite]:
        raise BadRunFolder(
            one_line(
                f"{path}: was written by version {entry[2]} of the suite, this is {suite}; start a new run"
            )
        )
    asked: dict[str, Any] = entry[3]
    return asked


def _holds_calls(path: Path) -> bool:
    """Returns whether a journal contains calls."""
    if not path.exists():
        return False
    with path.open("rb") as lines:
        return any(entry is not None and entry[0] == "call" for entry in map(_entry, lines))


def _entry(line: bytes) -> list[Any] | None:
    """Returns the content of a line, None if it is torn or damaged."""
    checksum, _, text = line.partition(b" ")
    if not text.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(text[:-1]):
        return None
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, list) and entry else None


def _plain(evidence: Evidence) -> list[Any]:
    return [getattr(evidence, name) for name in _EVIDENCE]


def _evidence(values: list[Any]) -> Evidence:
    named = dict(zip(_EVIDENCE, values, strict=True))
    for name in ("shape", "index"):
        if named[name] is not None:
            named[name] = tuple(map(int, named[name]))
    return Evidence(**named)


_EVIDENCE: Final = ("expected", "actual", "difference", "shape", "index", "wrong", "elements")
