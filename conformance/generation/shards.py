"""Parts of a run's cases, assigned by case id alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator

from attrs import frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import ConformanceError


class BadShard(ConformanceError):
    """A ``--shard`` value that names no shard."""


@frozen
class Shard:
    """The ``index``-th of ``count`` parts, counted from 1."""

    index: int
    count: int

    @property
    def numbers(self) -> list[int]:
        """The shard as run.json has it."""
        return [self.index, self.count]

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Returns the shard of a text like ``2/5``.

        Raises:
            BadShard: if the text is not of that form, or if the number is out of range.
        """
        match = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text, re.ASCII)
        if match is None:
            raise BadShard(f"--shard {text!r} is not of the form I/N, as in 2/5")
        index, count = int(match[1]), int(match[2])
        if not 1 <= index <= count:
            raise BadShard(f"--shard {text!r} is out of range: I must be from 1 to N, and N at least 1")
        return cls(index, count)

    def holds(self, case: Case) -> bool:
        """Returns whether a case belongs to the shard; the same for every framework, seed and order."""
        return self.holds_id(case.id)

    def holds_id(self, identifier: str) -> bool:
        """Returns whether the thing with this id belongs to the shard."""
        digest = hashlib.sha256(identifier.encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index - 1


def of_shard(cases: Iterable[Case], shard: Shard | None) -> Iterator[Case]:
    """Yields the cases of a shard, all cases without one."""
    return (case for case in cases if shard is None or shard.holds(case))
