"""Options that several commands share, and the checks of their values."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from conv_transpose_conformance.adapters import DEVICE
from conv_transpose_conformance.errors import UnknownSeverity

F = TypeVar("F", bound=Callable[..., Any])

FORMATS: Final = ("pretty", "json", "markdown")
FOLDER: Final = click.Path(path_type=Path)


class _Seconds(click.FloatRange):
    """A float range that rejects NaN and infinity."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is not a finite number of seconds.", param, ctx)
        return seconds


def _known_device(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """Refuses a device that no framework declares."""
    if value != "cpu":
        from conv_transpose_conformance.frameworks.registry import registry

        known = dict.fromkeys(name for one in registry().frameworks.values() for name in one.devices)
        if value not in known:
            raise click.BadParameter(f"{value!r} is not one of {', '.join(map(repr, known))}.")
    return value


def implementations(more: str = "") -> Callable[[F], F]:
    """Returns the option --implementation, any number of globs, as ``patterns``."""
    return click.option(
        "--implementation",
        "patterns",
        multiple=True,
        metavar="GLOB",
        help=f"Run only matching implementations.{more}",
    )


python = click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="FRAMEWORK=PATH",
    help="Interpreter that has the framework installed, instead of the suite's own environment. "
    "For r.torch: an Rscript.",
)

env = click.option(
    "--env",
    "requirements",
    multiple=True,
    metavar="DISTRIBUTION==VERSION",
    help="Release to run, in an environment that the suite makes. Repeat it to run several side by side.",
)

device = click.option(
    "--device",
    metavar="NAME",
    default="cpu",
    show_default=True,
    envvar=DEVICE,
    callback=_known_device,
    help="Device to run on, such as cuda; a framework without it is unavailable.",
)

budget = click.option(
    "--budget",
    type=_Seconds(min=0, min_open=True),
    metavar="SECONDS",
    help="Stop starting new calls after SECONDS.",
)

expected = click.option(
    "--expected",
    "expected",
    type=FOLDER,
    metavar="FILE",
    help="File of known divergences. Default: conformance-expected.toml, if it exists.",
)


def _severity(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Refuses a word that is no severity, and names the nearest."""
    if value is not None:
        from conv_transpose_conformance.judging.severity import parse

        try:
            parse(value)
        except UnknownSeverity as error:
            raise click.BadParameter(f"{error}.") from None
    return value


def fail_on(default: str) -> Callable[[F], F]:
    """Returns the option --fail-on, a severity; ``default`` says in words what goes without it."""
    return click.option(
        "--fail-on",
        "fail_on",
        metavar="SEVERITY",
        callback=_severity,
        help="Least severity that fails the run: values, gradients, crash, hang, shape, accepted, refused or "
        f"document, the gravest first. Default: {default}.",
    )


style = click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    help="Output format. Default: pretty on a terminal, else markdown.",
)


def profile(help_text: str) -> Callable[[F], F]:
    """Returns the option --profile, "quick" or "full"."""
    return click.option(
        "--profile",
        type=click.Choice(["quick", "full"]),
        default="quick",
        show_default=True,
        help=help_text,
    )


def seed(help_text: str = "Random seed for the cases that the full profile adds.") -> Callable[[F], F]:
    """Returns the option --seed, 32 bits."""
    return click.option(
        "--seed",
        type=click.IntRange(0, 2**32 - 1),
        default=0,
        show_default=True,
        help=help_text,
    )


def out(default: str = "conformance-report", help_text: str = "Folder for the report.") -> Callable[[F], F]:
    """Returns the option --out, a folder."""
    return click.option(
        "--out", type=FOLDER, default=Path(default), show_default=True, metavar="DIR", help=help_text
    )
