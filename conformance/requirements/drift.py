"""Document drift: whether an installed docstring is still the one that statements were written for.

``docstrings.json`` has for each API the hashes of the sentences that its docstring had then, never the text.
``tools/docstrings.py`` writes it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any, Final

from attrs import frozen

FILE: Final = "docstrings.json"
_EXCERPTS: Final = 5  # of the new sentences, in run.json
_LONGEST: Final = 300  # characters of an excerpt
_CODE: Final = (">>>", "...")
_DIRECTIVE: Final = re.compile(r"\.\. +(?:code-block|math)::")
_ITEM: Final = re.compile(r"(?:[-*]|\d+\.)\s")
_END: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z(`\"'\[:])")
_ROLE: Final = re.compile(r":[\w:]+:(?=`)")
_WORD: Final = re.compile(r"\w")


@frozen
class Drift:
    """How the docstring of ``implementation`` in a run's release differs from the recorded one.

    Attributes:
        implementation: its column in reports.
        target: the framework, or one release of it.
        version: the installed version.
        recorded: the release that the statements were written for.
        new: the number of sentences that were not there.
        gone: the number of sentences that are no longer there.
        sentences: the beginnings of the first new ones, from the installed docstring.
    """

    implementation: str
    target: str
    version: str
    recorded: str
    new: int
    gone: int
    sentences: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Returns the drift in the form of run.json."""
        return {
            "implementation": self.implementation,
            "framework": self.target,
            "version": self.version,
            "recorded": self.recorded,
            "new": self.new,
            "gone": self.gone,
            "sentences": list(self.sentences),
        }


def sentences(docstring: str) -> list[str]:
    """Returns a docstring's sentences, items of lists and lines of code, each on one line."""
    return [
        sentence
        for block in _blocks(docstring)
        for sentence in ([block] if block.startswith(_CODE) else _END.split(block))
        if _WORD.search(sentence)
    ]


def _blocks(docstring: str) -> Iterator[str]:
    """Yields paragraphs, items and lines of code, without breaks of lines and without markup of blocks."""
    waiting: list[str] = []
    for line in [*docstring.splitlines(), ""]:
        text = " ".join(line.split())
        text = "" if _DIRECTIVE.match(text) else text
        if waiting and (not text or text.startswith(_CODE) or _ITEM.match(text)):
            yield " ".join(waiting)
            waiting = []
        if text.startswith(_CODE):
            yield text
        elif text:
            waiting.append(text)


def fingerprint(sentence: str) -> str:
    """Returns the hash of a sentence without markup, breaks of lines and the size of letters."""
    bare = _ROLE.sub("", sentence).replace("`", "").replace("*", "")
    normal = " ".join(bare.split()).casefold().rstrip(".")
    return hashlib.sha256(normal.encode()).hexdigest()[:12]


def fingerprints(docstring: str) -> list[str]:
    """Returns the hashes of a docstring's sentences, each once, in order."""
    return list(dict.fromkeys(map(fingerprint, sentences(docstring))))


@cache
def recorded() -> dict[str, tuple[str, frozenset[str]]]:
    """Returns for each API the release of its statements and the hashes of its docstring then."""
    content = json.loads(files(__package__).joinpath(FILE).read_text(encoding="utf-8"))
    return {
        api: (entry["release"], frozenset(hashes))
        for entry in content.values()
        for api, hashes in entry["docstrings"].items()
    }


def drift_of(api: str, docstring: str, *, column: str, target: str, version: str) -> Drift | None:
    """Returns how an installed docstring differs from the recorded one.

    The result is None where it does not, where none was recorded, and where the release ships none ("").
    """
    if not docstring or api not in recorded():
        return None
    release, before = recorded()[api]
    now = {fingerprint(sentence): sentence for sentence in reversed(sentences(docstring))}
    new = [now[one] for one in fingerprints(docstring) if one not in before]
    gone = len(before - set(now))
    if not new and not gone:
        return None
    shown = tuple(one if len(one) <= _LONGEST else f"{one[: _LONGEST - 1]}…" for one in new[:_EXCERPTS])
    return Drift(column, target, version, release, len(new), gone, shown)
