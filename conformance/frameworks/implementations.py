"""The implementations the suite knows, by the names their users call them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from fnmatch import fnmatchcase

from conv_transpose_conformance.adapters import FRAMEWORKS, adapter_class, framework_of
from conv_transpose_conformance.errors import UnknownImplementation


def all_implementations() -> tuple[str, ...]:
    """Every name, grouped by framework."""
    return tuple(name for framework in FRAMEWORKS for name in adapter_class(framework).implementations)


def not_asked_for(patterns: Iterable[str]) -> frozenset[str]:
    """The frameworks that no glob selects alone: they take part because everything does, or much."""
    alone = {frozenset(map(framework_of, select([pattern]))) for pattern in patterns}
    return frozenset(name for name in FRAMEWORKS if frozenset({name}) not in alone)


def select(patterns: Iterable[str], *, faces: bool = False) -> tuple[str, ...]:
    """The implementations that match any of the globs; all of them without a glob.

    Other faces of an API (``name+face``) are among them only with ``faces``, or where a glob has a ``+``.

    Raises:
        UnknownImplementation: where a glob matches nothing; names the nearest.
    """
    names = all_implementations()
    globs = tuple(patterns)
    for pattern in globs:
        if not any(fnmatchcase(name, pattern) for name in names):
            near = difflib.get_close_matches(pattern, names, n=1, cutoff=0.5) or difflib.get_close_matches(
                pattern.lower(), [name.lower() for name in names], n=1, cutoff=0.4
            )
            nearest = next((name for name in names if near and name.lower() == near[0].lower()), None)
            hint = f"did you mean {nearest}?" if nearest else "see 'conformance list implementations'"
            raise UnknownImplementation(f"no implementation matches {pattern!r}; {hint}")

    def named(name: str) -> bool:
        plain = faces or "+" not in name
        if not globs:
            return plain
        return any(fnmatchcase(name, pattern) and (plain or "+" in pattern) for pattern in globs)

    return tuple(name for name in names if named(name))
