"""``conformance env``: list, create, doctor and remove the suite's environments."""

from __future__ import annotations

import shutil
import sys
import sysconfig

import click

from conformance.environments import (
    DISK_NEEDED,
    Environment,
    cache_folder,
    ensure,
    environment_for,
)
from conformance.environments import (
    remove as remove_environment,
)
from conformance.errors import ConformanceError
from conformance.releases import available
from conformance.worker import Worker
from reference_impl import has_kernels
from reports.text import one_line


def list(frameworks: tuple[str, ...]) -> int:  # noqa: A001  # named as the user types it
    """Prints each environment's state and place."""
    for environment in map(environment_for, frameworks):
        click.echo(
            f"{environment.framework:<10} {environment.state:<10} {' '.join(environment.requirements)}"
        )
        if environment.state != "absent":
            click.echo(f"{'':<10} {environment.folder}")
    return 0


def create(frameworks: tuple[str, ...]) -> int:
    """Makes what is not there; 3 where one could not be made."""
    failed = False
    for environment in map(environment_for, frameworks):
        try:
            ensure(environment, lambda message, name=environment.framework: click.echo(f"{name}: {message}"))  # type: ignore[misc]
            click.echo(f"{environment.framework}: ready, {environment.folder}")
        except ConformanceError as error:
            failed = True
            click.echo(f"error: {error}", err=True)
    return 3 if failed else 0


def remove(frameworks: tuple[str, ...]) -> int:
    """Removes what is there."""
    for environment in map(environment_for, frameworks):
        gone = remove_environment(environment)
        click.echo(f"{environment.framework}: {'removed' if gone else 'there was none'}")
    return 0


def doctor(frameworks: tuple[str, ...]) -> int:
    """Says what is there, what is missing and how to get it; 3 where a framework cannot run."""
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
    return 3 if [name for name in frameworks if not _examine(environment_for(name))] else 0


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


def _examine(environment: Environment) -> bool:
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
    click.echo(
        f"{name}  {hello['version']} on {hello['device']}, Python {hello['python']}, NumPy {hello['numpy']}"
    )
    return True
