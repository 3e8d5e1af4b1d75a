"""Cases that users keep in ``conformance-regressions.txt``, one id per line; every later run includes them.

The file is in the current folder, to be committed with the user's code.  Empty lines and lines that begin
with ``#`` are comments and remain unchanged.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import BadRegressions, InvalidCase

NAME: Final = "conformance-regressions.txt"
_HEADER: Final = (
    "# Cases that every run of conformance includes, one id per line; 'conformance keep' adds to them.\n"
)


def kept_cases(path: Path | None = None) -> list[Case]:
    """Returns the cases of the file in its order, each once; none if there is no file.

    Args:
        path: the file; by default the one in the current folder.

    Raises:
        BadRegressions: if the file cannot be read, or if a line is no id; gives line and character.
    """
    path = Path(NAME) if path is None else path
    found: dict[Case, None] = {}
    for number, line in enumerate(_read(path).splitlines(), 1):
        text = line.strip()
        if text and not text.startswith("#"):
            try:
                found[Case.parse(text)] = None
            except InvalidCase as error:
                raise BadRegressions(
                    f"{path}, line {number}: {error}; correct the line or put # before it"
                ) from None
    return list(found)


def keep(ids: Sequence[str], comment: str = "", path: Path | None = None) -> tuple[Path, int]:
    """Appends the cases that the file does not contain yet; returns the file and the number of added cases.

    Writes nothing if an id is malformed or the file cannot be read.

    Args:
        ids: case ids.
        comment: one line to write above them.
        path: as for :func:`kept_cases`.

    Raises:
        InvalidCase: if an id is malformed.
        BadRegressions: if the file cannot be read or written.
    """
    path = Path(NAME) if path is None else path
    wanted = dict.fromkeys(map(Case.parse, ids))
    known = set(kept_cases(path))
    new = [case.id for case in wanted if case not in known]
    if not new:
        return path, 0
    text = _read(path) or _HEADER
    if not text.endswith("\n"):
        text += "\n"
    if comment.strip():
        text += f"# {' '.join(comment.split())}\n"
    text += "".join(f"{identifier}\n" for identifier in new)
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise BadRegressions(f"cannot write {path}: {error.strerror}") from None
    return path, len(new)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise BadRegressions(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadRegressions(
            f"cannot read {path}: not UTF-8 at byte {error.start}; save it as UTF-8"
        ) from None
