"""``conformance env``: list, create, doctor and remove the suite's environments.

R torch has none: R is the user's own, and what is said of it is whether it is there.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from typing import Any

import click

from conv_transpose_conformance.adapters import FRAMEWORKS
from conv_transpose_conformance.commands.releases import available
from conv_transpose_conformance.errors import ConformanceError, NotInstalled
from conv_transpose_conformance.frameworks import r_interpreter
from conv_transpose_conformance.frameworks.environments import (
    DISK_NEEDED,
    REQUIREMENTS,
    Environment,
    cache_folder,
    ensure,
    environment_for,
)
from conv_transpose_conformance.frameworks.environments import remove as remove_environment
from conv_transpose_conformance.frameworks.interpreters import runtime
from conv_transpose_conformance.reference_impl import has_kernels
from conv_transpose_conformance.text import one_line
from conv_transpose_conformance.workers.process import Worker


def list(frameworks: tuple[str, ...]) -> int:  # noqa: A001  # named as the user types it
    """Prints each environment's state and place."""
    for framework in frameworks or FRAMEWORKS:
        if framework not in REQUIREMENTS:
            there, said = _own_r()
            click.echo(f"{framework:<10} {'your own' if there else 'absent':<10} {said}")
            continue
        environment = environment_for(framework)
        click.echo(f"{framework:<10} {environment.state:<10} {' '.join(environment.requirements)}")
        if environment.state != "absent":
            click.echo(f"{'':<10} {environment.folder}")
    return 0


def create(frameworks: tuple[str, ...]) -> int:
    """Makes what is not there; 3 where one could not be made."""
    failed = False
    for framework in frameworks or REQUIREMENTS:
        if framework not in REQUIREMENTS:
            there, said = _own_r()
            click.echo(f"{framework}: {said}", err=not there)
            failed = failed or not there
            continue
        environment = environment_for(framework)
        try:
            ensure(environment, lambda message, name=environment.framework: click.echo(f"{name}: {message}"))  # type: ignore[misc]
            click.echo(f"{environment.framework}: ready, {environment.folder}")
        except ConformanceError as error:
            failed = True
            click.echo(f"error: {error}", err=True)
    return 3 if failed else 0


def remove(frameworks: tuple[str, ...]) -> int:
    """Removes what is there."""
    for framework in frameworks or REQUIREMENTS:
        gone = framework in REQUIREMENTS and remove_environment(environment_for(framework))
        click.echo(f"{framework}: {'removed' if gone else 'there was none'}")
    return 0


def doctor(frameworks: tuple[str, ...]) -> int:
    """Says what is there, what is missing and how to get it; 3 where a framework cannot run.

    What the suite does not install is no failure where it is absent and was not asked for by name.
    """
    click.echo(f"suite       Python {sys.version.split()[0]}, {sys.executable}")
    if has_kernels():
        click.echo("reference   compiled kernels")
    else:
        compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
        hint = (
            "reinstall the suite to build its kernels"
            if shutil.which(compiler)
            else f"no C compiler ({compiler}); install one and reinstall the suite for the faster path"
        )
        click.echo(f"reference   NumPy path, complete but slower: {hint}")
    existing = next(path for path in (cache_folder(), *cache_folder().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    room = (
        ""
        if free >= DISK_NEEDED
        else f": too little for a new environment, which needs up to {DISK_NEEDED >> 20} MiB"
    )
    click.echo(f"cache       {cache_folder()}, {free >> 20} MiB free{room}")
    wrong = [name for name in frameworks or FRAMEWORKS if not _examine(name, name in frameworks)]
    return 3 if wrong else 0


def _own_r() -> tuple[bool, str]:
    """Whether there is an R with torch, and what there is to say about it."""
    try:
        found = r_interpreter.examine(r_interpreter.on_path())
    except NotInstalled as error:
        return False, one_line(error).removeprefix("r.torch: ")
    return True, f"torch {found.torch} of R {found.version}, {found.path}"


def _can_be_had(environment: Environment) -> bool:
    """Asks pip whether there is such a release for this Python, and says what is in the way."""
    distribution, _, version = environment.requirements[0].partition("==")
    python = ".".join(map(str, sys.version_info[:2]))
    try:
        offered = available(distribution)
    except ConformanceError as error:
        click.echo(
            f"{'':<10}  {one_line(error)}: is there a network, and is pip configured for it? A build of "
            f"your own needs neither: --python {environment.framework}=PATH"
        )
        return False
    if version not in offered:
        click.echo(
            f"{'':<10}  pip offers no {distribution} {version} for Python {python}; it has "
            f"{', '.join(offered[-3:])}: run the suite with another Python, or give --python "
            f"{environment.framework}=PATH"
        )
        return False
    return True


def _examine(framework: str, named: bool) -> bool:
    if framework in REQUIREMENTS:
        return _examine_environment(environment_for(framework))
    there, said = _own_r()
    if not there:
        click.echo(f"{framework:<10}  {said}")
        return not named
    try:
        with Worker(framework, r_interpreter.on_path()) as worker:
            _describe(framework, worker.hello)
    except ConformanceError as error:
        click.echo(f"{framework:<10}  broken: {one_line(error)}")
        return False
    return True


def _describe(framework: str, hello: dict[str, Any]) -> None:
    click.echo(f"{framework:<10}  {hello['version']} on {hello['device']}, {runtime(hello)}")


def _examine_environment(environment: Environment) -> bool:
    name = f"{environment.framework:<10}"
    state = environment.state
    if state != "ready":
        click.echo(
            f"{name}  {state}: 'conformance env create {environment.framework}' makes it; so does a run"
        )
        return _can_be_had(environment)
    try:
        with Worker(environment.framework, environment.python) as worker:
            hello = worker.hello
    except ConformanceError as error:
        numpy = " (its NumPy does not fit it)" if "numpy" in str(error).lower() else ""
        click.echo(
            f"{name}  broken{numpy}: {one_line(error)}; "
            f"'conformance env remove {environment.framework}', then run again to remake it"
        )
        return False
    if "numpy<2" in environment.requirements and not hello["numpy"].startswith("1."):
        click.echo(
            f"{name}  NumPy {one_line(hello['numpy'])} is there and {environment.requirements[0]} needs "
            f"numpy<2: '{environment.python} -m pip install numpy<2' in quotes, or remake it with "
            f"'conformance env remove {environment.framework}'"
        )
        return False
    _describe(environment.framework, hello)
    return True
