"""The targets of a run: the user's interpreters, requested releases, or the defaults.

If one framework is given several times, each is a *release* of its own in the run:
``paddle.nn.Conv2DTranspose@2.6.2``.  A replay takes that name too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.errors import BadInterpreter, BadRelease
from conv_transpose_conformance.frameworks.environments import (
    Environment,
    Say,
    ensure,
    environment_for,
    environment_of,
)
from conv_transpose_conformance.frameworks.registry import framework, framework_of, registry
from conv_transpose_conformance.workers.stop import Stop

_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.!+-]*)")
Place = Path | Environment


@frozen
class Targets:
    """The place of each target; ``releases`` lists the releases of frameworks that take part repeatedly."""

    releases: Mapping[str, tuple[str, ...]] = field(factory=dict)
    places: Mapping[str, Place] = field(factory=dict)  # by name of the target

    def of(self, framework: str) -> tuple[Target, ...]:
        """Returns a framework's targets: itself, or its releases that take part."""
        return tuple(Target(framework, release) for release in self.releases.get(framework, ("",)))

    def locate(self, target: str, say: Callable[[str], None], stop: Stop) -> Path:
        """Returns a target's interpreter; makes its environment if necessary.

        Raises:
            EnvironmentFailed: if it cannot be made.
            NotInstalled: if the suite makes none for the framework and the user has none.
        """
        place = self.places.get(target)
        if place is None:
            return default_interpreter(target, say, stop)
        return place if isinstance(place, Path) else ensure(place, say, stop)


def choose(pythons: Iterable[str], releases: Iterable[str]) -> Targets:
    """Returns the targets of ``FRAMEWORK=PATH`` options and ``DISTRIBUTION==VERSION`` ones.

    Raises:
        BadInterpreter: if an option of the first kind cannot be used.
        BadRelease: if one of the second kind cannot be used, or if two of a framework are the same.
    """
    found: dict[str, list[tuple[str, Place]]] = {}
    given = [parse_python(option) for option in pythons]
    for option in dict.fromkeys(releases):
        name, version, environment = parse_release(option)
        found.setdefault(name, []).append((version, environment))
    for name, path in given:
        several = name in found or sum(other == name for other, _ in given) > 1
        whose = framework(name)
        found.setdefault(name, []).append(
            (whose.runtime.version(whose.name, whose.module, path) if several else "", path)
        )
    labels: dict[str, tuple[str, ...]] = {}
    places: dict[str, Place] = {}
    for name, entries in found.items():
        if len(entries) == 1:
            places[name] = entries[0][1]
            continue
        labels[name] = tuple(version for version, _ in entries)
        twice = next((version for version in labels[name] if labels[name].count(version) > 1), None)
        if twice is not None:
            raise BadRelease(
                f"{name} {twice} is given twice, but a run distinguishes builds by their version; "
                "run them one after the other, each with its own --out"
            )
        places.update((str(Target(name, version)), place) for version, place in entries)
    return Targets(labels, places)


def parse_python(option: str) -> tuple[str, Path]:
    """Returns the framework and the probed interpreter of a ``FRAMEWORK=PATH`` option.

    Raises:
        BadInterpreter: if it is not of that form, or if its interpreter cannot be used.
    """
    name, equals, path = option.partition("=")
    if not equals or not path:
        raise BadInterpreter(
            f"--python {option!r} is not of the form FRAMEWORK=PATH, as in torch=/opt/py/bin/python"
        )
    known = registry().frameworks
    if name not in known:
        raise BadInterpreter(f"--python {option!r}: {name!r} is none of {', '.join(known)}")
    return name, known[name].runtime.check(known[name].name, known[name].module, path)


def parse_release(option: str) -> tuple[str, str, Environment]:
    """Returns framework, version and environment, existing or not, of a ``DISTRIBUTION==VERSION`` option.

    Raises:
        BadRelease: if it is not of that form, or if it belongs to no framework.
    """
    match = _REQUIREMENT.fullmatch(option)
    if match is None:
        raise BadRelease(f"{option!r} is not of the form DISTRIBUTION==VERSION, as in paddlepaddle==2.6.2")
    distribution, version = match[1], match[2]
    known = distributions()
    name = known.get(distribution)
    if name is None:
        hint = next((one for one, of in known.items() if of == distribution), None)
        others = f"did you mean {hint}=={version}?" if hint else f"known are {', '.join(known)}"
        raise BadRelease(f"{option!r}: no framework is distributed as {distribution!r}; {others}")
    found = framework(name).release
    assert found is not None
    return name, version, environment_of(name, found.requirements(version))


def distributions() -> dict[str, str]:
    """Returns the distributions that the suite installs, each with its framework."""
    known = registry().frameworks.values()
    return {one.release.distribution: one.name for one in known if one.release is not None}


def release_of(implementation: str, version: str) -> str:
    """Returns ``paddlepaddle==2.6.2`` for one of paddle's implementations and ``2.6.2``.

    Raises:
        BadRelease: if the suite makes no environment for the framework.
    """
    whose = framework(framework_of(implementation))
    if whose.release is None:
        raise BadRelease(
            f"{implementation}@{version}: the suite makes no environment for {whose.name}; omit @{version} "
            f"and use --python {whose.name}=PATH"
        )
    return f"{whose.release.distribution}=={version}"


def default_place(name: str) -> Place:
    """Returns the default place of a framework: an environment of the suite, or the user's own interpreter.

    Raises:
        NotInstalled: if the suite makes none and the user has none.
    """
    whose = framework(name)
    return environment_for(name) or whose.runtime.find(whose.name, whose.module)


def default_interpreter(name: str, say: Say, stop: Stop | None = None) -> Path:
    """Returns the default interpreter of a framework; makes its environment if necessary.

    Raises:
        EnvironmentFailed: if it cannot be made.
        NotInstalled: as above.
    """
    place = default_place(name)
    return place if isinstance(place, Path) else ensure(place, say, stop)
