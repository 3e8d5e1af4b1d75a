"""The implementations the suite knows, by the names their users call them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from fnmatch import fnmatchcase

from adapters import FRAMEWORKS, adapter_class, framework_of
from conformance.errors import UnknownImplementation


def all_implementations() -> tuple[str, ...]:
    """Every name, grouped by framework."""
    return tuple(name for framework in FRAMEWORKS for name in adapter_class(framework).implementations)


def not_asked_for(patterns: Iterable[str]) -> frozenset[str]:
    """The frameworks that no glob selects alone: they take part because everything does, or much."""
    alone = {frozenset(map(framework_of, select([pattern]))) for pattern in patterns}
    return frozenset(name for name in FRAMEWORKS if frozenset({name}) not in alone)


def select(patterns: Iterable[str]) -> tuple[str, ...]:
    """The implementations that match any of the globs; all of them without a glob.

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
    return tuple(name for name in names if not globs or any(fnmatchcase(name, pattern) for pattern in globs))
