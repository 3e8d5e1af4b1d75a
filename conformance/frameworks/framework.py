"""A framework: one object with everything that the host knows of it.

The other half is its adapter, one file that runs in the framework's own interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import field, frozen
from attrs.validators import (
    and_,
    deep_iterable,
    deep_mapping,
    instance_of,
    is_callable,
    matches_re,
    min_len,
    optional,
)

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Meaning
from conv_transpose_conformance.frameworks.idiom import Idiom
from conv_transpose_conformance.frameworks.implementation import Implementation
from conv_transpose_conformance.frameworks.python_runtime import PYTHON
from conv_transpose_conformance.frameworks.runtime import Runtime

Interpret = Callable[[Case, Implementation], Meaning]
CannotExpress = Callable[[Case, Implementation], "str | None"]
WriteIdiom = Callable[[Implementation, Case, str], Idiom]

PYTHON_SCRIPTS = "conv_transpose_conformance.reports.scripts.python_script"


def no_companions(_version: str) -> tuple[str, ...]:
    """Returns no requirements, for a release whose metadata is complete."""
    return ()


@frozen(kw_only=True)
class Release:
    """The release that the suite installs in an environment of its own.

    ``companions`` returns for a version the requirements that the release has and does not declare.
    """

    distribution: str = field(validator=matches_re(r"[A-Za-z0-9][A-Za-z0-9._-]*"))
    version: str = field(validator=matches_re(r"[0-9][A-Za-z0-9.!+-]*"))
    companions: Callable[[str], tuple[str, ...]] = field(default=no_companions, validator=is_callable())

    def requirements(self, version: str = "") -> tuple[str, ...]:
        """Returns the requirements for pip: this release, or another ``version``, comes first."""
        chosen = version or self.version
        return (f"{self.distribution}=={chosen}", *self.companions(chosen))


def _is_file(_framework: object, _attribute: object, value: Path) -> None:
    if not value.is_file():
        raise ValueError(f"adapter {str(value)!r}: there is no such file")


@frozen(kw_only=True)
class Framework:
    """One framework.

    Attributes:
        name: its name, with which the names of its implementations begin.
        adapter: the file of its adapter (see ``adapters.base``).
        module: the module to import; interpreters are checked for it.
        implementations: its APIs and their variants.
        interpret: returns what its documents demand of a case that an implementation can express.
        cannot_express: returns why an API cannot express a case, or None.
        runtime: the language of its interpreter.
        release: the release that the suite installs; None if users install it themselves.
        devices: the devices that users can choose, the default first.
        idiom: returns the lines of a call for reproduction scripts, on "cpu" or another device; if None,
            reports have only the replay command.
        scripts: the module that writes reproduction scripts from these lines.
        script_variables: additional environment variables of scripts.
        requirements: modules with ``DOCUMENTS`` and ``REQUIREMENTS``, the statements of its documents.
        distribution: the distribution of a plug-in, for messages; set when it is loaded.
    """

    name: str = field(validator=matches_re(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*"))
    adapter: Path = field(validator=and_(instance_of(Path), _is_file))
    module: str = field(validator=matches_re(r"[A-Za-z_][\w.]*"))
    implementations: tuple[Implementation, ...] = field(
        validator=[deep_iterable(instance_of(Implementation), instance_of(tuple)), min_len(1)]
    )
    interpret: Interpret = field(validator=is_callable())
    cannot_express: CannotExpress = field(validator=is_callable())
    runtime: Runtime = PYTHON
    release: Release | None = field(default=None, validator=optional(instance_of(Release)))
    devices: tuple[str, ...] = field(
        default=("cpu",), validator=[deep_iterable(instance_of(str)), min_len(1)]
    )
    idiom: WriteIdiom | None = field(default=None, validator=optional(is_callable()))
    scripts: str = field(default=PYTHON_SCRIPTS, validator=instance_of(str))
    script_variables: Mapping[str, str] = field(
        factory=dict, validator=deep_mapping(instance_of(str), instance_of(str))
    )
    requirements: tuple[str, ...] = field(
        default=(), validator=deep_iterable(instance_of(str), instance_of(tuple))
    )
    distribution: str = field(default="", validator=instance_of(str))

    @implementations.validator
    def _check_names(self, _attribute: object, value: tuple[Implementation, ...]) -> None:
        names = [implementation.name for implementation in value]
        for name in names:
            if not name.startswith(f"{self.name}."):
                raise ValueError(f"implementation {name!r} must begin with {self.name + '.'!r}")
            if names.count(name) > 1:
                raise ValueError(f"implementation {name!r} is declared twice")
