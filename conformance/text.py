"""Makes strings from frameworks harmless before a person sees them."""

from __future__ import annotations

import re
from typing import Final

_ESCAPES: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|\x1b[\]PX^_].*?(?:\x1b\\|\x07|\x9c|$)"  # OSC and other strings: titles, hyperlinks, clipboards
    r"|\x1b[ -/]*[0-~]?"  # shorter sequences, and a lone escape
    r"|\x9b[0-?]*[ -/]*[@-~]",  # CSI as one byte
    re.DOTALL,
)
# control characters, overrides of the text direction, and characters that XML forbids
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe\uffff]")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """Returns ``text`` with lone surrogates replaced, which no encoding can write."""
    return _SURROGATES.sub("\ufffd", text)


def plain(text: object) -> str:
    """Returns ``text`` without terminal sequences and control characters; keeps new lines and tabs."""
    lines = _ESCAPES.sub("", str(text)).replace("\r\n", "\n").replace("\r", "\n")
    return encodable(_CONTROLS.sub("", lines))


def one_line(text: object, limit: int = 300) -> str:
    """Returns :func:`plain` text on one line of at most ``limit`` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
