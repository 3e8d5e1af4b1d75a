"""The command line.  Heavy modules are imported by the command that needs them."""

from __future__ import annotations

import functools
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, ParamSpec

import click

from conv_transpose_conformance.adapters import DEVICE
from conv_transpose_conformance.errors import ConformanceError

P = ParamSpec("P")

FORMATS = ("pretty", "json", "markdown")


def _plainly(function: Callable[P, int | None]) -> Callable[P, NoReturn]:
    """Turns errors into one line and an exit code."""

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


def main() -> NoReturn:
    """The ``conformance`` command."""
    try:
        sys.exit(group.main(prog_name="conformance", standalone_mode=False))
    except click.ClickException as error:
        click.echo(f"error: {' '.join(error.format_message().split())}", err=True)
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)


@click.group(no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="conv-transpose-conformance")
def group() -> None:
    """Hold the transposed convolutions of PyTorch, PaddlePaddle, MindSpore and R torch to their documents.

    Exit codes: 0 as expected, 1 divergences, 2 usage, 3 a framework could not run, 130 interrupted.
    """


class _Seconds(click.FloatRange):
    """A range without NaN and infinity."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return seconds


_python = click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="FRAMEWORK=PATH",
    help="Use this interpreter for torch, paddle or mindspore instead of an environment of the suite's, "
    "or this Rscript for r.torch.",
)

_env = click.option(
    "--env",
    "requirements",
    multiple=True,
    metavar="DISTRIBUTION==VERSION",
    help="Run this release in an environment that the suite makes; several of one framework, side by side.",
)

_device = click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    envvar=DEVICE,
    help="Where PyTorch and PaddlePaddle run.",
)


@group.command()
@click.option(
    "--implementation",
    "patterns",
    multiple=True,
    metavar="GLOB",
    help="Only these; may be repeated. Default: all; other faces ('*+compile') in the full profile only.",
)
@click.option(
    "--requirement",
    "required",
    multiple=True,
    metavar="GLOB",
    help="Only these requirements, and the cases that decide them; may be repeated. Default: the profile's.",
)
@_python
@_env
@_device
@click.option("--profile", type=click.Choice(["quick", "full"]), default="quick", show_default=True)
@click.option(
    "--budget",
    type=_Seconds(min=0, min_open=True),
    metavar="SECONDS",
    help="Begin no call after so long.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="The full profile draws other cases with another.",
)
@click.option(
    "--examples",
    type=click.IntRange(0),
    metavar="N",
    help="Parameter sets that the full profile draws. Default: 1500; with --budget, as many as it allows.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("conformance-report"),
    show_default=True,
    metavar="DIR",
    help="The run's folder.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Go on with the run in DIR that was killed or interrupted; only --python and --format beside it.",
)
@click.option(
    "--expected",
    "expected",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What is known to diverge. Default: conformance-expected.toml, where there is one.",
)
@click.option(
    "--annotations", is_flag=True, help="Tell divergences to a CI service as annotations, on stderr."
)
@click.option(
    "--explain/--no-explain",
    default=True,
    help="Ask the frameworks further about what diverges: sharper conditions, smallest cases, scripts.",
    show_default=True,
)
@click.option("--shard", metavar="I/N", help="Only the I-th of N parts of the cases; see merge.")
@click.option(
    "--format", "style", type=click.Choice(FORMATS), help="Default: pretty on a terminal, else markdown."
)
@_plainly
def run(out: Path, resume: Path | None, style: str | None, **options: Any) -> int:
    """Run the suite and leave a report in a folder."""
    from conv_transpose_conformance.commands.resume import asked, resumed

    context = click.get_current_context()
    if resume is None:
        return _run(out, style, asked(context), **options)
    return _run(resume, style, None, **resumed(context, resume))


def _run(
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
) -> int:
    os.environ[DEVICE] = device  # workers are told by their environment
    from conv_transpose_conformance.frameworks.registry import broken_among, not_asked_for, select

    implementations = select(patterns, variants=profile == "full")
    from conv_transpose_conformance.expectations import find
    from conv_transpose_conformance.generation.shards import Shard, of_shard
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
    facts = {"profile": profile, "seed": seed, "budget": budget, "shard": part and part.numbers}
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
    _print(run_data, divergences, out, style)
    if annotations:
        from conv_transpose_conformance.reports.pages.annotations import workflow_commands as lines

        for line in lines(run_data, divergences):
            click.echo(line, err=True)
    code: int = run_data["exit_code"]
    if code == 3:
        from conv_transpose_conformance.reports.pages.words import absences

        click.echo(f"error: {absences(run_data)}; see the reasons above", err=True)
    return code


def _print(run_data: dict[str, Any], divergences: list[dict[str, Any]], out: Path, style: str | None) -> None:
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

        from conv_transpose_conformance.reports.pages.terminal import print_summary

        print_summary(Console(), run_data, divergences, out)


@group.command()
@click.argument("case_id", required=False)
@click.option("--implementation", "name", metavar="NAME")
@click.option(
    "--all",
    "run_dir",
    type=click.Path(path_type=Path),
    metavar="RUN_DIR",
    help="Instead of one case: every divergence of an earlier run and every probed requirement that failed.",
)
@_python
@_env
@_device
@_plainly
def replay(
    case_id: str | None,
    name: str | None,
    run_dir: Path | None,
    pythons: tuple[str, ...],
    requirements: tuple[str, ...],
    device: str,
) -> int:
    """Run one case again, show expected, actual and difference, and say whether it is fixed.

    NAME may name a release, as reports of several do: paddle.nn.Conv2DTranspose@2.6.2.

    Exits 0 where every check passes (fixed), 1 where one fails (still diverges).
    """
    from conv_transpose_conformance.cases.case import Case
    from conv_transpose_conformance.cases.names import Name
    from conv_transpose_conformance.errors import UnknownImplementation
    from conv_transpose_conformance.frameworks.registry import select

    os.environ[DEVICE] = device
    if run_dir is not None:
        if case_id is not None or name is not None:
            raise click.UsageError("give a case and --implementation, or --all RUN_DIR, not both")
        from rich.console import Console

        from conv_transpose_conformance.commands.replay_all import replay_all
        from conv_transpose_conformance.frameworks.targets import choose

        return replay_all(run_dir, choose(pythons, requirements), Console())
    if case_id is None or name is None:
        raise click.UsageError("a replay takes a CASE_ID and --implementation NAME, or --all RUN_DIR")
    case = Case.parse(case_id)
    asked = Name.parse(name)
    names = select([asked.implementation])
    if len(names) != 1:
        raise UnknownImplementation(
            f"--implementation {asked.implementation!r} matches {len(names)}; a replay takes exactly one"
        )

    from rich.console import Console

    from conv_transpose_conformance.commands.replay import replay as replay_case
    from conv_transpose_conformance.frameworks.targets import choose, release_of

    if asked.release and not pythons:
        requirements = (*requirements, release_of(names[0], asked.release))
    return replay_case(case, names[0], choose(pythons, requirements), Console())


@group.command()
@click.argument("action", type=click.Choice(["list", "create", "doctor", "remove"]))
@click.argument("frameworks", nargs=-1)
@_plainly
def env(action: str, frameworks: tuple[str, ...]) -> int:
    """Manage the environments that the suite makes; without FRAMEWORKS, all of them.

    R torch (r.torch) is not installed by the suite; list and doctor say whether R has it.
    """

    from conv_transpose_conformance.frameworks.registry import framework

    for name in frameworks:
        framework(name)
    from conv_transpose_conformance.commands import environments

    code: int = getattr(environments, action)(frameworks)
    return code


@group.command()
@click.argument("run_dir", type=click.Path(path_type=Path))
@click.option(
    "--format", "style", type=click.Choice(FORMATS), help="Default: pretty on a terminal, else markdown."
)
@_plainly
def report(run_dir: Path, style: str | None) -> None:
    """Make the pages of a run's folder again, and print its summary."""
    from conv_transpose_conformance.reports.render import render

    run_data, divergences = render(run_dir)
    _print(run_data, divergences, run_dir, style)
