"""Values of JSON files that know their place, for error messages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.text import one_line

NUMBERS: Final = ("nan", "inf", "-inf")
NONE: Final = type(None)
NAMES: Final = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
    NONE: "null",
}


class Node:
    """A value of a JSON file and its place in it."""

    def __init__(self, value: Any, path: Path, key: str = "") -> None:
        """A value of the file at ``path`` under ``key``."""
        self.value, self.path, self.key = value, path, key

    def fail(self, problem: str) -> NoReturn:
        """Raises BadRunFolder with the place of this value."""
        where = f"{self.key} " if self.key else ""
        raise BadRunFolder(one_line(f"{self.path}: {where}{problem}", 400))

    def of(self, *kinds: type) -> Any:
        """Returns the value, which must be of one of the kinds; a whole number is also a number."""
        value = self.value
        fits = isinstance(value, kinds) or (float in kinds and isinstance(value, int))
        if not fits or (isinstance(value, bool) and bool not in kinds):
            self.fail(f"must be {' or '.join(NAMES[kind] for kind in kinds)}, not {short(value)}")
        return value

    def __getitem__(self, key: str) -> Node:
        """Returns the value of a required key."""
        if key not in self.of(dict):
            self.fail(f"lacks the key {key!r}")
        return Node(self.value[key], self.path, f"{self.key}.{key}" if self.key else key)

    def get(self, key: str) -> Node:
        """Returns the value of an optional key; an absent key counts as null."""
        return self[key] if key in self.of(dict) else Node(None, self.path, f"{self.key}.{key}")

    def items(self) -> Iterator[tuple[str, Node]]:
        """Yields the members of an object."""
        for key in self.of(dict):
            yield key, Node(self.value[key], self.path, f"{self.key}[{short(key)}]")

    def __iter__(self) -> Iterator[Node]:
        """Yields the items of a list."""
        for position, item in enumerate(self.of(list)):
            yield Node(item, self.path, f"{self.key}[{position}]")

    def count(self) -> int:
        """Returns the value as a count."""
        value: int = self.of(int)
        if value < 0:
            self.fail(f"must not be negative, but is {short(value)}")
        return value

    def number(self) -> None:
        """Checks a number, a string for a number that JSON cannot write, or null."""
        if self.value not in NUMBERS:
            self.of(float, NONE)


def short(value: object) -> str:
    """Returns a value for a message: its kind, or the start of its text."""
    if isinstance(value, dict | list):
        return NAMES[type(value)]
    return one_line(json.dumps(value), 60)
