"""The command group, its shared options, and the commands run, replay, env and report.

Each command imports the heavy modules that it needs, so that ``--help`` stays fast.
"""

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


def main() -> NoReturn:
    """Runs the ``conformance`` command and exits."""
    try:
        sys.exit(group.main(prog_name="conformance", standalone_mode=False))
    except click.ClickException as error:
        message = " ".join(error.format_message().split())
        if isinstance(error, click.UsageError) and error.ctx is not None:
            message = f"{message.rstrip('.')}; see '{error.ctx.command_path} --help'"
        click.echo(f"error: {message}", err=True)
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)


@click.group(no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="conv-transpose-conformance")
def group() -> None:
    """Test transposed convolutions of PyTorch, PaddlePaddle, MindSpore and R torch against their documents.

    Exit codes: 0 every divergence is expected, 1 some are not, 2 wrong usage, 3 a framework could not run,
    130 interrupted.
    """


class _Seconds(click.FloatRange):
    """A float range that rejects NaN and infinity."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        seconds = super().convert(value, param, ctx)
        if not math.isfinite(seconds):
            self.fail(f"{value!r} is not a finite number of seconds.", param, ctx)
        return seconds


_python = click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="FRAMEWORK=PATH",
    help="Interpreter that has the framework installed, instead of the suite's own environment. "
    "For r.torch: an Rscript.",
)

_env = click.option(
    "--env",
    "requirements",
    multiple=True,
    metavar="DISTRIBUTION==VERSION",
    help="Release to run, in an environment that the suite makes. Repeat it to run several side by side.",
)


def _known_device(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """Refuses a device that no framework declares."""
    if value != "cpu":
        from conv_transpose_conformance.frameworks.registry import registry

        known = dict.fromkeys(name for one in registry().frameworks.values() for name in one.devices)
        if value not in known:
            raise click.BadParameter(f"{value!r} is not one of {', '.join(map(repr, known))}.")
    return value


_device = click.option(
    "--device",
    metavar="NAME",
    default="cpu",
    show_default=True,
    envvar=DEVICE,
    callback=_known_device,
    help="Device to run on, such as cuda; a framework without it is unavailable.",
)


@group.command()
@click.option(
    "--implementation",
    "patterns",
    multiple=True,
    metavar="GLOB",
    help="Run only matching implementations. May be repeated. Default: all; variants ('*+compile') only in "
    "the full profile.",
)
@click.option(
    "--requirement",
    "required",
    multiple=True,
    metavar="GLOB",
    help="Examine only matching requirements, and run only the cases that decide them. May be repeated. "
    "Default: those of the profile.",
)
@_python
@_env
@_device
@click.option(
    "--profile",
    type=click.Choice(["quick", "full"]),
    default="quick",
    show_default=True,
    help="quick: the fixed corpus. full: also drawn cases, variants and all requirements.",
)
@click.option(
    "--budget",
    type=_Seconds(min=0, min_open=True),
    metavar="SECONDS",
    help="Stop starting new calls after SECONDS.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="Random seed for the cases that the full profile adds.",
)
@click.option(
    "--examples",
    type=click.IntRange(0),
    metavar="N",
    help="Number of parameter sets that the full profile draws. Default: 1500; with --budget, what fits.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("conformance-report"),
    show_default=True,
    metavar="DIR",
    help="Folder for the report.",
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Resume the interrupted run in DIR. Only --python and --format may be combined with it.",
)
@click.option(
    "--expected",
    "expected",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="File of known divergences. Default: conformance-expected.toml, if it exists.",
)
@click.option("--annotations", is_flag=True, help="Also print divergences to stderr as CI annotations.")
@click.option(
    "--explain/--no-explain",
    default=True,
    help="Make further calls to explain divergences: sharper conditions, smallest cases, scripts.",
    show_default=True,
)
@click.option("--shard", metavar="I/N", help="Run only part I of N of the cases; merge joins the parts.")
@click.option(
    "--format",
    "style",
    type=click.Choice(FORMATS),
    help="Output format. Default: pretty on a terminal, else markdown.",
)
@_plainly
def run(out: Path, resume: Path | None, style: str | None, **options: Any) -> int:
    """Run the suite and write a report to a folder."""
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
    os.environ[DEVICE] = device  # workers read it from their environment
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
@click.option("--implementation", "name", metavar="NAME", help="Implementation to run the case on.")
@click.option(
    "--all",
    "run_dir",
    type=click.Path(path_type=Path),
    metavar="RUN_DIR",
    help="Replay every divergence of a run, and every probed requirement that failed, instead of one case.",
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
    """Run one case again: show expected, actual and difference, and whether it is fixed.

    NAME may end in a release, as in a report on several releases: paddle.nn.Conv2DTranspose@2.6.2.

    Exits 0 if every check passes (fixed), 1 if one fails (still diverges).
    """
    from conv_transpose_conformance.cases.case import Case
    from conv_transpose_conformance.cases.names import Name
    from conv_transpose_conformance.errors import UnknownImplementation
    from conv_transpose_conformance.frameworks.registry import select

    os.environ[DEVICE] = device
    if run_dir is not None:
        if case_id is not None or name is not None:
            raise click.UsageError("give either CASE_ID and --implementation NAME, or --all RUN_DIR")
        from rich.console import Console

        from conv_transpose_conformance.commands.replay_all import replay_all
        from conv_transpose_conformance.frameworks.targets import choose

        return replay_all(run_dir, choose(pythons, requirements), Console())
    if case_id is None or name is None:
        raise click.UsageError("replay needs CASE_ID and --implementation NAME, or --all RUN_DIR")
    case = Case.parse(case_id)
    asked = Name.parse(name)
    names = select([asked.implementation])
    if len(names) != 1:
        raise UnknownImplementation(
            f"--implementation {asked.implementation!r} matches {len(names)} implementations; "
            "replay needs exactly one"
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
    """Manage the environments that the suite makes: those of FRAMEWORKS, or all of them.

    The suite does not install R torch (r.torch); list and doctor say whether R has it.
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
    "--format",
    "style",
    type=click.Choice(FORMATS),
    help="Output format. Default: pretty on a terminal, else markdown.",
)
@_plainly
def report(run_dir: Path, style: str | None) -> None:
    """Rewrite the pages of a run and print its summary."""
    from conv_transpose_conformance.reports.render import render

    run_data, divergences = render(run_dir)
    _print(run_data, divergences, run_dir, style)
