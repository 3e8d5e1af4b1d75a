"""Strings that come from frameworks, made harmless before a person sees them."""

from __future__ import annotations

import re
from typing import Final

_ESCAPES: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|\x1b[\]PX^_].*?(?:\x1b\\|\x07|\x9c|$)"  # OSC and other strings: titles, hyperlinks, clipboards
    r"|\x1b[ -/]*[0-~]?"  # shorter ones, and a lone escape
    r"|\x9b[0-?]*[ -/]*[@-~]",  # CSI as one byte
    re.DOTALL,
)
# Controls, the overrides that let text be shown in another order than it is stored, and what XML forbids.
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe\uffff]")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """``text`` with lone surrogates, which no encoding can write, replaced."""
    return _SURROGATES.sub("\ufffd", text)


def plain(text: object) -> str:
    """``text`` without terminal sequences and control characters; new lines and tabs stay."""
    lines = _ESCAPES.sub("", str(text)).replace("\r\n", "\n").replace("\r", "\n")
    return encodable(_CONTROLS.sub("", lines))


def one_line(text: object, limit: int = 300) -> str:
    """:func:`plain` on one line of at most ``limit`` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
