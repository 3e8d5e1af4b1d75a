"""The words of an HTML page, one line for each block, as a snapshot shows them."""

from __future__ import annotations

from html.parser import HTMLParser

_INLINE = {"b", "code", "em", "mark", "option", "strong", "time", "wbr"}  # no space around them
_APART = {"a", "span"}
_SPOKEN = ("aria-label", "title")  # attributes that are read out or shown
_SILENT = {"script", "style"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in _SILENT
        self._part(tag)
        if tag in ("td", "th", "option"):
            self.parts.append("| ")
        self.parts += [f"({name}: {value}) " for name, value in attrs if name in _SPOKEN]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in _SILENT
        self._part(tag)

    def _part(self, tag: str) -> None:
        self.parts.append("" if tag in _INLINE else " " if tag in _APART else "\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(data)


def page_text(html: str) -> str:
    """Returns the text of a page without its markup, styles and scripts."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    return "\n".join(line for line in lines if line and line != "|") + "\n"
