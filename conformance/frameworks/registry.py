"""The registry of frameworks: built-in ones, and those of plug-ins.

Each framework is a :class:`~frameworks.framework.Framework` object.  A distribution registers its own in the
entry-point group :data:`GROUP`.  A plug-in that cannot be used becomes a :class:`Broken` and does not affect
the others.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from attrs import evolve, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Meaning
from conv_transpose_conformance.cases.names import Name, is_variant
from conv_transpose_conformance.errors import UnknownFramework, UnknownImplementation
from conv_transpose_conformance.frameworks.framework import Framework
from conv_transpose_conformance.frameworks.implementation import Implementation

GROUP: Final = "conv_transpose_conformance.frameworks"
BUILT_IN: Final = ("torch", "paddle", "mindspore", "r_torch")


@frozen
class Broken:
    """A plug-in that cannot be used: its ``name``, and a line that says why and what to do."""

    name: str
    reason: str


@frozen
class Registry:
    """The ``frameworks`` by name, in the order of reports, and the ``broken`` plug-ins."""

    frameworks: Mapping[str, Framework]
    broken: tuple[Broken, ...] = ()

    @property
    def implementations(self) -> dict[str, tuple[Framework, Implementation]]:
        """Every implementation by name, with its framework."""
        return {
            implementation.name: (framework, implementation)
            for framework in self.frameworks.values()
            for implementation in framework.implementations
        }


@cache
def registry() -> Registry:
    """Returns all frameworks, loaded once."""
    found: dict[str, Framework] = {}
    for name in BUILT_IN:
        module = importlib.import_module(f"conv_transpose_conformance.frameworks.{name}")
        found[module.FRAMEWORK.name] = module.FRAMEWORK
    broken = []
    for point in sorted(entry_points(group=GROUP), key=lambda one: (one.name, one.value)):
        loaded = load(point, found)
        if isinstance(loaded, Broken):
            broken.append(loaded)
        else:
            found[loaded.name] = loaded
    return Registry(found, tuple(broken))


def load(point: EntryPoint, known: Mapping[str, Framework]) -> Framework | Broken:
    """Returns the framework of a plug-in's entry point; ``known`` are those loaded before."""
    whose = f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.value
    advice = f"fix or uninstall {point.dist.name if point.dist is not None else 'it'}"
    try:
        loaded: Any = point.load()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        first = error.args[0] if error.args and isinstance(error.args[0], str) else error
        said = f"{type(error).__name__}: {' '.join(str(first).split())[:300]}"
        return Broken(point.name, f"plug-in of {whose}: {point.value} cannot be loaded: {said}; {advice}")
    if not isinstance(loaded, Framework):
        said = f"{point.value} is a {type(loaded).__name__} and not a Framework"
        return Broken(point.name, f"plug-in of {whose}: {said}; {advice}")
    clash = next((n for n in known if _within(n, loaded.name) or _within(loaded.name, n)), None)
    if clash is not None:
        by = known[clash].distribution or "the suite itself"
        said = f"the name {loaded.name!r} clashes with {clash!r} of {by}"
        return Broken(point.name, f"plug-in of {whose}: {said}; rename it, or uninstall it")
    return evolve(loaded, distribution=whose)


def _within(name: str, other: str) -> bool:
    """Returns whether implementations of one framework could be mistaken for another's."""
    return f"{name}.".startswith(f"{other}.")


def framework(name: str) -> Framework:
    """Returns a framework by name.

    Raises:
        UnknownFramework: if there is none; names all frameworks, and plug-ins that could not be loaded.
    """
    known = registry().frameworks
    if name not in known:
        raise UnknownFramework(f"{name!r} is none of {', '.join(known)}{_loading(name)}")
    return known[name]


def implementation(name: str) -> Implementation:
    """Returns the declaration of an implementation; a release in its name is ignored.

    Raises:
        UnknownImplementation: if there is none.
    """
    return _entry(name)[1]


def framework_of(name: str) -> str:
    """Returns the name of an implementation's framework; for an unknown one, the first part of its name."""
    known = _implementations().get(Name.parse(name).implementation)
    if known is not None:
        return known[0].name
    first = next((one for one in registry().frameworks if name.startswith(f"{one}.")), None)
    return first or name.split(".")[0]


def interpret(case: Case, name: str) -> Meaning:
    """Returns what an implementation's documents demand of a case that it can express."""
    whose, what = _entry(name)
    return whose.interpret(case, what)


def wrong_ndim(name: str, case: Case) -> str | None:
    """Returns why an implementation with other dimensions cannot run a case, or None."""
    ndim = implementation(name).ndim
    return None if ndim == case.ndim else f"it is {ndim}-D, the case {case.ndim}-D"


def cannot_run(name: str, case: Case) -> str | None:
    """Returns why an implementation cannot run a case, or None."""
    return wrong_ndim(name, case) or cannot_express(name, case)


def cannot_express(name: str, case: Case) -> str | None:
    """Returns why an API cannot express a case of its own dimensions, or None."""
    whose, what = _entry(name)
    return whose.cannot_express(case, what)


def all_implementations() -> tuple[str, ...]:
    """Returns the names of all implementations, grouped by framework."""
    return tuple(_implementations())


def not_asked_for(patterns: Iterable[str]) -> frozenset[str]:
    """Returns the frameworks that no glob selects on their own; they run only because the globs are wide."""
    alone = {frozenset(map(framework_of, select([pattern]))) for pattern in patterns}
    return frozenset(name for name in registry().frameworks if frozenset({name}) not in alone)


def broken_among(patterns: Iterable[str]) -> tuple[Broken, ...]:
    """Returns the broken plug-ins whose implementations the globs may mean; all of them without a glob."""
    firsts = [pattern.split(".")[0] for pattern in patterns]
    return tuple(
        one
        for one in registry().broken
        if not firsts or any(fnmatchcase(one.name.split(".")[0], first) for first in firsts)
    )


def select(patterns: Iterable[str], *, variants: bool = False) -> tuple[str, ...]:
    """Returns the implementations that match any of the globs; all of them without a glob.

    The result includes variants (``name+variant``) only with ``variants``, or if a glob has a ``+``.

    Raises:
        UnknownImplementation: if a glob matches nothing; names the most similar implementation.
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
            raise UnknownImplementation(f"no implementation matches {pattern!r}; {hint}{_loading(pattern)}")

    def named(name: str) -> bool:
        plain = variants or not is_variant(name)
        if not globs:
            return plain
        return any(fnmatchcase(name, pattern) and (plain or is_variant(pattern)) for pattern in globs)

    return tuple(name for name in names if named(name))


def _entry(name: str) -> tuple[Framework, Implementation]:
    found = _implementations().get(Name.parse(name).implementation)
    if found is None:
        raise UnknownImplementation(
            f"no implementation is called {name!r}; see 'conformance list implementations'"
        )
    return found


@cache
def _implementations() -> dict[str, tuple[Framework, Implementation]]:
    return registry().implementations


def _loading(asked: str) -> str:
    """Returns the errors of the plug-ins that a name may mean."""
    first = asked.split(".")[0]
    return "".join(f"; {one.reason}" for one in registry().broken if one.name.split(".")[0] == first)
