"""Names of a run's files, and atomic writes."""

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
JOURNAL: Final = "journal.jsonl"  # of an unfinished run
REPRO: Final = "repro"  # a folder of scripts
FILES: Final = frozenset({RUN, RECORDS, DIVERGENCES, JUNIT, INDEX, JOURNAL, REPRO})

_ASIDE: Final = re.compile(r"journal-[0-9]+\.jsonl", re.ASCII)  # of unfinished runs that were not resumed
_PARTIAL: Final = re.compile(r"\.(?P<name>.+)\.(?P<pid>\d+)\.partial", re.ASCII)


def partial(path: Path) -> Path:
    """Returns the temporary file in which this process writes the later ``path``."""
    return path.with_name(f".{path.name}.{os.getpid()}.partial")


def is_own(name: str) -> bool:
    """Returns whether a file of this name in a run folder belongs to the suite."""
    match = _PARTIAL.fullmatch(name)
    return (match["name"] if match else name) in FILES or _ASIDE.fullmatch(name) is not None


def set_aside(journal: Path) -> Path:
    """Renames a journal to the first free name, so that a new run can use its name.

    Raises:
        OSError: if that fails.
    """
    number = 1
    while (kept := journal.with_name(f"journal-{number}.jsonl")).exists():
        number += 1
    journal.rename(kept)
    return kept


def sweep(folder: Path) -> None:
    """Removes the half-written files of dead processes."""
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
    """Replaces the content of ``path`` by ``text`` in one step."""
    temporary = partial(path)
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def reason(error: OSError) -> str:
    """Returns the text of an operating system error, without number and path."""
    return error.strerror or str(error)
