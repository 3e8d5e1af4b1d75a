"""The catalogue of all requirements by id, and the choice among them."""

from __future__ import annotations

import difflib
import importlib
import json
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final

from attrs import evolve, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import UnknownRequirement
from conv_transpose_conformance.frameworks.registry import Broken, registry
from conv_transpose_conformance.generation.shards import Shard
from conv_transpose_conformance.requirements.base.requirement import (
    EVERY,
    Document,
    Judged,
    Probed,
    Requirement,
    Ruled,
)

# The suite's own requirements, in the order of reports; the documents' claims precede them.
SUBJECTS: Final = tuple(
    f"conv_transpose_conformance.requirements.{subject}"
    for subject in (
        "refusals.numbers",
        "refusals.options",
        "refusals.tensors",
        "refusals.messages",
        "properties.acceptance",
        "properties.parameters",
        "properties.signatures",
        "properties.relations",
        "properties.invariances",
        "properties.derivatives",
        "properties.dtypes",
        "properties.special",
        "properties.words",
    )
)
SUITE: Final = Document("General requirements", "docs/requirements.md")


@frozen
class Catalogue:
    """The ``requirements`` by their ids, and their ``documents``.

    ``broken`` has a line for each plug-in with unusable requirements.
    """

    requirements: dict[str, Requirement]
    documents: dict[str, Document]
    broken: tuple[Broken, ...] = ()


@cache
def load() -> Catalogue:
    """Returns the catalogue of all requirements, loaded once."""
    found = Catalogue({}, {"suite": SUITE})
    broken = []
    for framework in registry().frameworks.values():
        for module in framework.requirements:
            try:
                _take(module, found)
            except Exception as error:
                if not framework.distribution:
                    raise
                said = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
                whose = f"plug-in of {framework.distribution}: its requirements in {module} cannot be used"
                broken.append(Broken(framework.name, f"{whose}: {said}; mend or uninstall it"))
    for module in SUBJECTS:
        _take(module, found)
    return evolve(found, broken=tuple(broken))


def _take(name: str, catalogue: Catalogue) -> None:
    module = importlib.import_module(name)
    documents: dict[str, Document] = dict(getattr(module, "DOCUMENTS", {}))
    requirements: dict[str, Requirement] = {}
    for requirement in module.REQUIREMENTS:
        if requirement.id in requirements or requirement.id in catalogue.requirements:
            raise ValueError(f"two requirements are called {requirement.id}")
        if requirement.source not in documents and requirement.source not in catalogue.documents:
            raise ValueError(f"the source {requirement.source!r} of {requirement.id} is no document")
        requirements[requirement.id] = requirement
    catalogue.documents.update(documents)
    catalogue.requirements.update(requirements)


def catalogue() -> dict[str, Requirement]:
    """Returns every requirement by its id, in the order of reports."""
    return load().requirements


def choose(patterns: Iterable[str]) -> tuple[Requirement, ...]:
    """Returns the requirements whose id matches any of the globs; all requirements without a glob.

    Raises:
        UnknownRequirement: where a glob matches nothing; names the nearest.
    """
    known, globs = catalogue(), tuple(patterns)
    for pattern in globs:
        if not any(fnmatchcase(name, pattern) for name in known):
            near = difflib.get_close_matches(pattern, known, n=1, cutoff=0.4)
            hint = f"did you mean {near[0]}?" if near else "see 'conformance list requirements'"
            raise UnknownRequirement(f"no requirement matches {pattern!r}; {hint}")
    return tuple(r for name, r in known.items() if not globs or any(fnmatchcase(name, g) for g in globs))


def chosen(patterns: Iterable[str], profile: str) -> tuple[Requirement, ...]:
    """Returns the requirements of the globs, or the profile's without a glob; "quick" omits slow ones.

    Raises:
        UnknownRequirement: as :func:`choose`.
    """
    globs = tuple(patterns)
    if globs:
        return choose(globs)
    return tuple(r for r in choose(()) if profile == "full" or not isinstance(r, Probed) or r.quick)


def concerned(requirements: Sequence[Requirement], implementations: Iterable[str]) -> tuple[str, ...]:
    """Returns the implementations that any of the requirements applies to.

    Raises:
        UnknownRequirement: without such an implementation.
    """
    found = tuple(name for name in implementations if any(r.concerns(name) for r in requirements))
    if not found:
        spoken = ", ".join(dict.fromkeys(glob for r in requirements for glob in r.applies))
        raise UnknownRequirement(
            f"{requirements[0].id} applies to none of the selected implementations, but to {spoken}"
        )
    return found


def decided_by(patterns: Iterable[str], cases: Iterable[Case]) -> Iterator[Case]:
    """Yields the cases that decide requirements of these globs; all cases without a glob."""
    globs = tuple(patterns)
    judged = [r for r in choose(globs) if isinstance(r, Judged | Ruled)] if globs else None
    if judged is None:
        yield from cases
    elif judged:
        yield from (case for case in cases if any(r.of(case) for r in judged))


def share(requirements: Iterable[Requirement], shard: Shard | None) -> tuple[Requirement, ...]:
    """Returns a shard's requirements: those that cases decide, and its part of the others."""
    return tuple(
        r for r in requirements if shard is None or isinstance(r, Judged | Ruled) or shard.holds_id(r.id)
    )


def listing(*, as_json: bool) -> str:
    """Returns the catalogue as text: id, implementations, source and statement of each requirement."""
    if as_json:
        return json.dumps([described(r) for r in choose(())], indent=1)
    lines = []
    for r in choose(()):
        lines.append(f"{r.id:<28} {', '.join(r.applies) if r.applies != EVERY else 'every implementation'}")
        lines.append(f"    {r.statement}")
        lines.append(
            f"    source: {load().documents[r.source].title}" + (f"; needs {r.needs}" if r.needs else "")
        )
        if r.note:
            lines.append(f"    note: {r.note}")
    return "\n".join(lines)


def described(requirement: Requirement) -> dict[str, Any]:
    """Returns a requirement in the form of run.json."""
    return {
        "id": requirement.id,
        "statement": requirement.statement,
        "source": requirement.source,
        "document": load().documents[requirement.source].title,
        "page": load().documents[requirement.source].page,
        "official": load().documents[requirement.source].official,
        "applies": list(requirement.applies),
        "needs": requirement.needs,
        "note": requirement.note,
        "contradicts": list(requirement.contradicts),
        "kind": "probed" if isinstance(requirement, Probed) else "judged",
    }
