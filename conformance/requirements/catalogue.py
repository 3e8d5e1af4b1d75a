"""All the requirements, by id, and how they are chosen."""

from __future__ import annotations

import difflib
import importlib
import json
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import Any, Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import UnknownRequirement
from conv_transpose_conformance.requirements.base.requirement import EVERY, Judged, Probed, Requirement
from conv_transpose_conformance.requirements.documents.sources import DOCUMENTS

# In the order of reports: the documents' claims, then the suite's own.
SUBJECTS: Final = (
    "documents.torch_1d",
    "documents.torch_2d",
    "documents.paddle_1d",
    "documents.mint_2d",
    "documents.r_1d",
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
)


@cache
def catalogue() -> dict[str, Requirement]:
    """Every requirement by its id, in the order of reports."""
    found: dict[str, Requirement] = {}
    for subject in SUBJECTS:
        module = importlib.import_module(f"conv_transpose_conformance.requirements.{subject}")
        for requirement in module.REQUIREMENTS:
            assert requirement.id not in found, f"two requirements are called {requirement.id}"
            found[requirement.id] = requirement
    return found


def choose(patterns: Iterable[str]) -> tuple[Requirement, ...]:
    """The requirements whose id matches any of the globs; all of them without a glob.

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
    """Those of the globs; without a glob the profile's: the quick profile leaves out what takes long.

    Raises:
        UnknownRequirement: as :func:`choose`.
    """
    globs = tuple(patterns)
    if globs:
        return choose(globs)
    return tuple(r for r in choose(()) if profile == "full" or not isinstance(r, Probed) or r.quick)


def concerned(requirements: Sequence[Requirement], implementations: Iterable[str]) -> tuple[str, ...]:
    """The implementations that any of the requirements speaks of.

    Raises:
        UnknownRequirement: where there is none.
    """
    found = tuple(name for name in implementations if any(r.concerns(name) for r in requirements))
    if not found:
        spoken = ", ".join(dict.fromkeys(glob for r in requirements for glob in r.applies))
        raise UnknownRequirement(
            f"none of the implementations asked for is held to {requirements[0].id}, which speaks of {spoken}"
        )
    return found


def decided_by(patterns: Iterable[str], cases: Iterable[Case]) -> Iterator[Case]:
    """The cases that decide requirements of these globs; without a glob all of them."""
    globs = tuple(patterns)
    judged = [r for r in choose(globs) if isinstance(r, Judged)] if globs else None
    if judged is None:
        yield from cases
    elif judged:
        yield from (case for case in cases if any(r.of(case) for r in judged))


def listing(*, as_json: bool) -> str:
    """The catalogue for a reader: id, what it applies to, source and statement of each."""
    if as_json:
        return json.dumps([described(r) for r in choose(())], indent=1)
    lines = []
    for r in choose(()):
        lines.append(f"{r.id:<28} {', '.join(r.applies) if r.applies != EVERY else 'every implementation'}")
        lines.append(f"    {r.statement}")
        lines.append(f"    source: {DOCUMENTS[r.source].title}" + (f"; needs {r.needs}" if r.needs else ""))
        if r.note:
            lines.append(f"    note: {r.note}")
    return "\n".join(lines)


def described(requirement: Requirement) -> dict[str, Any]:
    """A requirement as run.json has it."""
    return {
        "id": requirement.id,
        "statement": requirement.statement,
        "source": requirement.source,
        "document": DOCUMENTS[requirement.source].title,
        "page": DOCUMENTS[requirement.source].page,
        "applies": list(requirement.applies),
        "needs": requirement.needs,
        "note": requirement.note,
        "kind": "probed" if isinstance(requirement, Probed) else "judged",
    }
