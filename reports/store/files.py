"""The names of a run's files, and writing them so that a reader never sees half of one."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

RUN: Final = "run.json"
RECORDS: Final = "records.parquet"
DIVERGENCES: Final = "divergences.json"
JUNIT: Final = "junit.xml"
INDEX: Final = "index.html"
JOURNAL: Final = "journal.jsonl"  # of a run that has not ended
REPRO: Final = "repro"  # a folder of scripts
FILES: Final = frozenset({RUN, RECORDS, DIVERGENCES, JUNIT, INDEX, JOURNAL, REPRO})

_ASIDE: Final = re.compile(r"journal-[0-9]+\.jsonl", re.ASCII)  # of runs never gone on with
_PARTIAL: Final = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.partial", re.ASCII)


def partial(path: Path) -> Path:
    """Where this process builds the file that will be ``path``."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def is_own(name: str) -> bool:
    """Whether a file of this name in a run folder is the suite's."""
    match = _PARTIAL.fullmatch(name)
    return (match["name"] if match else name) in FILES or _ASIDE.fullmatch(name) is not None


def set_aside(journal: Path) -> Path:
    """Give a journal the first free name beside its own, which a new run takes.

    Raises:
        OSError: where that cannot be done.
    """
    number = 1
    while (kept := journal.with_name(f"journal-{number}.jsonl")).exists():
        number += 1
    journal.rename(kept)
    return kept


def sweep(folder: Path) -> None:
    """Remove what processes that have died left half written."""
    for path in folder.glob(".*.partial"):
        match = _PARTIAL.fullmatch(path.name)
        if match and match["name"] in FILES and not _alive(int(match["pid"])):
            with suppress(OSError):
                path.unlink()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def write_atomically(path: Path, text: str) -> None:
    """Replace ``path`` by ``text`` in one step."""
    temporary = partial(path)
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def reason(error: OSError) -> str:
    """An operating system's error in its few words, without number and path."""
    return error.strerror or str(error)
