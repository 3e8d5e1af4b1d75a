"""What commands share beyond options: errors as one line, a run of the suite, the summary of a run.

Each function imports the heavy modules that it needs, so that ``--help`` stays fast.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, ParamSpec

import click

from conv_transpose_conformance.adapters import DEVICE
from conv_transpose_conformance.errors import ConformanceError

P = ParamSpec("P")


def plainly(function: Callable[P, int | None]) -> Callable[P, NoReturn]:
    """Returns ``function`` wrapped so that an error becomes one line on stderr and an exit code."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> NoReturn:
        try:
            sys.exit(function(*args, **kwargs) or 0)
        except ConformanceError as error:
            click.echo(f"error: {' '.join(str(error).split())}", err=True)
            sys.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            sys.exit(130)
        except BrokenPipeError:
            sys.stdout = None  # the reader is gone; nothing is left to flush
            sys.exit(0)

    return wrapped


def run_suite(
    out: Path,
    style: str | None,
    asked: dict[str, Any] | None,
    *,
    patterns: tuple[str, ...],
    pythons: tuple[str, ...],
    requirements: tuple[str, ...],
    profile: str,
    budget: float | None,
    seed: int,
    examples: int | None = None,
    expected: Path | None = None,
    annotations: bool = False,
    explain: bool = True,
    required: tuple[str, ...] = (),
    shard: str | None = None,
    device: str = "cpu",
    fail_on: str | None = None,
) -> int:
    """Runs the suite, writes the report to ``out``, prints its summary, and returns the exit code.

    ``style`` is one of ``FORMATS``, None for the default or "quiet"; ``asked`` is the command for run.json.
    The other arguments are the options of the command of this name.
    """
    os.environ[DEVICE] = device  # workers read it from their environment
    from conv_transpose_conformance.frameworks.registry import broken_among, not_asked_for, select

    implementations = select(patterns, variants=profile == "full")
    from conv_transpose_conformance.expectations import find
    from conv_transpose_conformance.generation.shards import Shard, of_shard
    from conv_transpose_conformance.judging.severity import FAIL_ON
    from conv_transpose_conformance.requirements.catalogue import chosen, concerned, decided_by, load, share

    expectations = find(expected)
    part = None if shard is None else Shard.parse(shard)
    examined = chosen(required, profile)
    if required:
        implementations = concerned(examined, implementations)

    from rich.console import Console

    from conv_transpose_conformance.commands.run import execute
    from conv_transpose_conformance.execution.session import make_engine
    from conv_transpose_conformance.frameworks.targets import choose
    from conv_transpose_conformance.generation.generate import run_cases

    engine = make_engine(
        implementations,
        choose(pythons, requirements),
        profile=profile,
        budget=budget,
        spread=not required,
        optional=not_asked_for(patterns),
        broken=(*broken_among(patterns), *load().broken),
    )
    facts = {
        "profile": profile,
        "seed": seed,
        "budget": budget,
        "shard": part and part.numbers,
        "fail_on": fail_on or FAIL_ON.value,
    }
    run_data, divergences = execute(
        engine,
        of_shard(decided_by(required, run_cases(profile, seed, examples=examples, budget=budget)), part),
        out=out,
        facts=facts,
        console=Console(stderr=True),
        expectations=expectations,
        asked=asked,
        explaining=explain,
        requirements=share(examined, part),
    )
    print_summary(run_data, divergences, out, style)
    if annotations:
        from conv_transpose_conformance.reports.pages.annotations import workflow_commands as lines

        for line in lines(run_data, divergences):
            click.echo(line, err=True)
    code: int = run_data["exit_code"]
    if code == 3:
        from conv_transpose_conformance.reports.pages.words import absences

        click.echo(f"error: {absences(run_data)}; see the reasons above", err=True)
    return code


def print_summary(
    run_data: dict[str, Any], divergences: list[dict[str, Any]], out: Path, style: str | None
) -> None:
    """Prints the summary of the run in ``out`` in a format; nothing for "quiet"."""
    if style == "quiet":
        return
    chosen = style or ("pretty" if sys.stdout.isatty() else "markdown")
    if chosen == "json":
        from conv_transpose_conformance.reports.store.strict_json import as_json

        click.echo(as_json(run_data, divergences))
    elif chosen == "markdown":
        from conv_transpose_conformance.reports.pages.markdown import markdown

        click.echo(markdown(run_data, divergences))
    else:
        from rich.console import Console

        from conv_transpose_conformance.reports.pages import terminal

        terminal.print_summary(Console(), run_data, divergences, out)
