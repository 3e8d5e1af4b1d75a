"""Parts of a run: which cases belong to which, by their ids alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

from attrs import frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import ConformanceError


class BadShard(ConformanceError):
    """A shard that is none."""


@frozen
class Shard:
    """The ``index``-th of ``count`` parts, from 1."""

    index: int
    count: int

    @property
    def numbers(self) -> list[int]:
        """As run.json has it."""
        return [self.index, self.count]

    @classmethod
    def parse(cls, text: str) -> Shard:
        """The shard in ``2/5``.

        Raises:
            BadShard: where the text is not of that form or the number out of range.
        """
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
        if match is None:
            raise BadShard(f"--shard {text!r} is not of the form I/N, as in 2/5")
        index, count = int(match[1]), int(match[2])
        if not 1 <= index <= count:
            raise BadShard(f"--shard {text!r} is out of range: I must be from 1 to N, and N at least 1")
        return cls(index, count)

    def holds(self, case: Case) -> bool:
        """Whether a case belongs to it; the same for every framework, seed and order."""
        return self.holds_id(case.id)

    def holds_id(self, identifier: str) -> bool:
        """Whether what has this id belongs to it."""
        digest = hashlib.sha256(identifier.encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index - 1


def of_shard(cases: Iterable[Case], shard: Shard | None) -> Iterator[Case]:
    """The cases of a shard; all of them without one."""
    return (case for case in cases if shard is None or shard.holds(case))
