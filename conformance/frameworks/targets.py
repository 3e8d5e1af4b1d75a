"""What a run's frameworks are run in: the user's interpreters, the releases asked for, or the defaults.

Where one framework is given several times, each is a *version* of its own in the run, told apart by a label:
``paddle.nn.Conv2DTranspose@2.6.2``.  The same name with its label is what a replay takes.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from attrs import field, frozen

from conv_transpose_conformance.adapters import FRAMEWORKS, adapter_class, framework_of
from conv_transpose_conformance.errors import BadInterpreter, BadRequirement
from conv_transpose_conformance.frameworks.environments import Environment, ensure, environment_for
from conv_transpose_conformance.frameworks.interpreters import (
    check_interpreter,
    default_interpreter,
    framework_version,
)

DISTRIBUTIONS: Final[Mapping[str, str]] = {
    "torch": "torch",
    "paddlepaddle": "paddle",
    "mindspore": "mindspore",
}
_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9._-]+)==([0-9][A-Za-z0-9.!+-]*)")


@frozen
class Targets:
    """Where each target runs; ``versions`` holds the labels of the frameworks that are there repeatedly."""

    versions: Mapping[str, tuple[str, ...]] = field(factory=dict)
    places: Mapping[str, Path | Environment] = field(factory=dict)

    def locate(self, target: str, say: Callable[[str], None], stop: threading.Event) -> Path:
        """A target's interpreter; its environment is made where need be.

        Raises:
            EnvironmentFailed: where it cannot be made.
            NotInstalled: where the suite makes none for the framework and the user has none.
        """
        place = self.places.get(target)
        if place is None:
            return default_interpreter(target, say, stop)
        return place if isinstance(place, Path) else ensure(place, say, stop)


def choose(pythons: Iterable[str], requirements: Iterable[str]) -> Targets:
    """The targets of ``FRAMEWORK=PATH`` options and ``DISTRIBUTION==VERSION`` ones.

    Raises:
        BadInterpreter: where an option of the first kind cannot be used.
        BadRequirement: where one of the second kind cannot, or two of a framework are the same.
    """
    found: dict[str, list[tuple[str, Path | Environment]]] = {}
    given = [(*parse_python(option), option) for option in pythons]
    for option in dict.fromkeys(requirements):
        framework, version, environment = parse_requirement(option)
        found.setdefault(framework, []).append((version, environment))
    for framework, path, _ in given:
        several = framework in found or sum(other == framework for other, _, _ in given) > 1
        version = framework_version(framework, adapter_class(framework).module, path) if several else ""
        found.setdefault(framework, []).append((version, path))
    versions: dict[str, tuple[str, ...]] = {}
    places: dict[str, Path | Environment] = {}
    for framework, entries in found.items():
        labels = [label for label, _ in entries]
        if len(entries) == 1:
            places[framework] = entries[0][1]
            continue
        twice = next((label for label in labels if labels.count(label) > 1), None)
        if twice is not None:
            raise BadRequirement(
                f"{framework} {twice} is named twice, and a run tells builds apart by their version: "
                "run them one after the other, each with an --out of its own"
            )
        versions[framework] = tuple(labels)
        places.update((f"{framework}@{label}", place) for label, place in entries)
    return Targets(versions, places)


def parse_python(option: str) -> tuple[str, Path]:
    """The framework and the probed interpreter of a ``FRAMEWORK=PATH`` option.

    Raises:
        BadInterpreter: where it is not of that form or its interpreter cannot serve.
    """
    framework, equals, path = option.partition("=")
    if not equals or not path:
        raise BadInterpreter(
            f"--python {option!r} is not of the form FRAMEWORK=PATH, as in torch=/opt/py/bin/python"
        )
    if framework not in FRAMEWORKS:
        raise BadInterpreter(f"--python {option!r}: {framework!r} is none of {', '.join(FRAMEWORKS)}")
    return framework, check_interpreter(framework, adapter_class(framework).module, path)


def parse_requirement(option: str) -> tuple[str, str, Environment]:
    """The framework, the version and the environment, made or not, of a ``DISTRIBUTION==VERSION`` option.

    Raises:
        BadRequirement: where it is not of that form or of none of the frameworks.
    """
    match = _REQUIREMENT.fullmatch(option)
    if match is None:
        raise BadRequirement(
            f"{option!r} is not of the form DISTRIBUTION==VERSION, as in paddlepaddle==2.6.2"
        )
    distribution, version = match[1], match[2]
    framework = DISTRIBUTIONS.get(distribution)
    if framework is None:
        hint = next((name for name, of in DISTRIBUTIONS.items() if of == distribution), None)
        known = f"did you mean {hint}=={version}?" if hint else f"known are {', '.join(DISTRIBUTIONS)}"
        raise BadRequirement(f"{option!r}: no framework is distributed as {distribution!r}; {known}")
    return framework, version, release(framework, distribution, version)


def release_of(implementation: str, version: str) -> str:
    """``paddlepaddle==2.6.2`` for one of paddle's implementations and ``2.6.2``.

    Raises:
        BadRequirement: where the suite makes no environment for the framework.
    """
    framework = framework_of(implementation)
    name = next((name for name, of in DISTRIBUTIONS.items() if of == framework), None)
    if name is None:
        raise BadRequirement(
            f"{implementation}@{version}: the suite makes no environment for {framework}; leave @{version} "
            f"out and give --python {framework}=PATH"
        )
    return f"{name}=={version}"


def release(framework: str, distribution: str, version: str) -> Environment:
    """The environment of one release, with what its own metadata fails to ask for."""
    return environment_for(framework, (f"{distribution}=={version}", *companions(framework, version)))


def companions(framework: str, version: str) -> tuple[str, ...]:
    """What a release needs beside it and does not say, or says too generously."""
    order = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if framework == "mindspore":  # built against NumPy 1, whatever its metadata allows
        return ("numpy<2",) if order >= (2, 10) else ("numpy<2", "setuptools<81")
    if framework == "paddle":
        return ("numpy<2", "setuptools") if order < (3, 0) else ()
    return ("numpy<2",) if order < (2, 3) else ("numpy",)
