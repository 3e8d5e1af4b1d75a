"""``conformance env``: list, create, doctor and remove the suite's environments.

Some frameworks have none: the user installs them, and the commands only say whether they are present.
"""

from __future__ import annotations

import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Any

import click

from conv_transpose_conformance.commands.releases import available
from conv_transpose_conformance.errors import ConformanceError
from conv_transpose_conformance.frameworks.environments import (
    DISK_NEEDED,
    Environment,
    cache_folder,
    ensure,
    environment_for,
)
from conv_transpose_conformance.frameworks.environments import (
    remove as remove_environment,
)
from conv_transpose_conformance.frameworks.registry import framework, registry
from conv_transpose_conformance.frameworks.starting import worker_command
from conv_transpose_conformance.reference_impl import has_kernels
from conv_transpose_conformance.text import one_line
from conv_transpose_conformance.workers.process import Worker


def list(frameworks: tuple[str, ...]) -> int:  # noqa: A001  # the name of the subcommand
    """Prints each environment's state and path."""
    for name in frameworks or registry().frameworks:
        environment = environment_for(name)
        if environment is None:
            there, said = _own(name)
            click.echo(f"{name:<10} {'your own' if there else 'absent':<10} {said}")
            continue
        click.echo(f"{name:<10} {environment.state:<10} {' '.join(environment.requirements)}")
        if environment.state != "absent":
            click.echo(f"{'':<10} {environment.folder}")
    for broken in registry().broken:
        click.echo(f"{broken.name:<10} {'broken':<10} {one_line(broken.reason)}")
    return 0


def create(frameworks: tuple[str, ...]) -> int:
    """Makes the missing environments; returns 3 if one could not be made."""
    failed = False
    for name in frameworks or _installed():
        environment = environment_for(name)
        if environment is None:
            there, said = _own(name)
            click.echo(f"{name}: {said}", err=not there)
            failed = failed or not there
            continue
        try:
            ensure(environment, lambda message, name=name: click.echo(f"{name}: {message}"))  # type: ignore[misc]
            click.echo(f"{name}: ready, {environment.folder}")
        except ConformanceError as error:
            failed = True
            click.echo(f"error: {error}", err=True)
    return 3 if failed else 0


def remove(frameworks: tuple[str, ...]) -> int:
    """Removes the existing environments."""
    for name in frameworks or _installed():
        environment = environment_for(name)
        gone = environment is not None and remove_environment(environment)
        click.echo(f"{name}: {'removed' if gone else 'nothing to remove'}")
    return 0


def _installed() -> tuple[str, ...]:
    """Returns the frameworks that the suite installs."""
    return tuple(one.name for one in registry().frameworks.values() if one.release is not None)


def doctor(frameworks: tuple[str, ...]) -> int:
    """Prints each framework's state and how to install missing ones; returns 3 if a framework cannot run.

    An absent framework that the suite does not install is no failure unless the user named it.
    """
    click.echo(f"suite       Python {sys.version.split()[0]}, {sys.executable}")
    if has_kernels():
        click.echo("reference   compiled kernels")
    else:
        compiler = (sysconfig.get_config_var("CC") or "cc").split()[0]
        hint = (
            "reinstall the suite to build its kernels"
            if shutil.which(compiler)
            else f"no C compiler ({compiler}); install one and reinstall the suite to get the faster kernels"
        )
        click.echo(f"reference   NumPy path (complete, but slower): {hint}")
    existing = next(path for path in (cache_folder(), *cache_folder().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    room = (
        ""
        if free >= DISK_NEEDED
        else f": too little for a new environment, which needs up to {DISK_NEEDED >> 20} MiB"
    )
    click.echo(f"cache       {cache_folder()}, {free >> 20} MiB free{room}")
    wrong = [name for name in frameworks or registry().frameworks if not _examine(name, name in frameworks)]
    for broken in registry().broken:
        click.echo(f"{broken.name:<10}  broken: {one_line(broken.reason)}")
    return 3 if wrong else 0


def _own(name: str) -> tuple[Path | None, str]:
    """Returns the place of a framework that the user installs, and a note about it."""
    found = framework(name)
    try:
        place = found.runtime.find(found.name, found.module)
        return place, f"{found.module} {found.runtime.version(found.name, found.module, place)}, {place}"
    except ConformanceError as error:
        return None, one_line(error).removeprefix(f"{name}: ")


def _can_be_had(environment: Environment) -> bool:
    """Asks pip whether such a release exists for this Python, and reports any obstacle."""
    distribution, _, version = environment.requirements[0].partition("==")
    python = ".".join(map(str, sys.version_info[:2]))
    try:
        offered = available(distribution)
    except ConformanceError as error:
        click.echo(
            f"{'':<10}  {one_line(error)}: check the network and pip's configuration, or use a build of "
            f"your own with --python {environment.framework}=PATH"
        )
        return False
    if version not in offered:
        click.echo(
            f"{'':<10}  pip offers no {distribution} {version} for Python {python}; it has "
            f"{', '.join(offered[-3:])}: run the suite with another Python, or use --python "
            f"{environment.framework}=PATH"
        )
        return False
    return True


def _examine(name: str, named: bool) -> bool:
    environment = environment_for(name)
    if environment is not None:
        return _examine_environment(environment)
    place, said = _own(name)
    if place is None:
        click.echo(f"{name:<10}  {said}")
        return not named
    try:
        with Worker(worker_command(name, place)) as worker:
            _describe(name, worker.hello)
    except ConformanceError as error:
        click.echo(f"{name:<10}  broken: {one_line(error)}")
        return False
    return True


def _describe(name: str, hello: dict[str, Any]) -> None:
    runtime = framework(name).runtime
    click.echo(f"{name:<10}  {hello['version']} on {hello['device']}, {runtime.described(hello)}")


def _examine_environment(environment: Environment) -> bool:
    name = f"{environment.framework:<10}"
    state = environment.state
    if state != "ready":
        click.echo(
            f"{name}  {state}: 'conformance env create {environment.framework}' makes it; so does a run"
        )
        return _can_be_had(environment)
    try:
        with Worker(worker_command(environment.framework, environment.python)) as worker:
            hello = worker.hello
    except ConformanceError as error:
        numpy = " (its NumPy does not fit it)" if "numpy" in str(error).lower() else ""
        click.echo(
            f"{name}  broken{numpy}: {one_line(error)}; "
            f"'conformance env remove {environment.framework}' removes it, and the next run remakes it"
        )
        return False
    if "numpy<2" in environment.requirements and not hello["numpy"].startswith("1."):
        click.echo(
            f"{name}  NumPy {one_line(hello['numpy'])} is installed, but {environment.requirements[0]} needs "
            f"numpy<2: run {environment.python} -m pip install 'numpy<2', or remove the environment with "
            f"'conformance env remove {environment.framework}'"
        )
        return False
    _describe(environment.framework, hello)
    return True
