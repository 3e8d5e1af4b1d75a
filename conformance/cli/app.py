"""The command group, and the commands run, replay, env and report.

Each command imports the heavy modules that it needs, so that ``--help`` stays fast.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from conv_transpose_conformance.adapters import DEVICE
from conv_transpose_conformance.cli import options
from conv_transpose_conformance.cli.running import plainly, print_summary, run_suite


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

    Exit codes: 0 no finding fails the run, 1 some do, 2 wrong usage, 3 a framework could not run, 130
    interrupted.
    """


@group.command()
@options.implementations(" May be repeated. Default: all; variants ('*+compile') only in the full profile.")
@click.option(
    "--requirement",
    "required",
    multiple=True,
    metavar="GLOB",
    help="Examine only matching requirements, and run only the cases that decide them. May be repeated. "
    "Default: those of the profile.",
)
@options.python
@options.env
@options.device
@options.profile("quick: the fixed corpus. full: also drawn cases, variants and all requirements.")
@options.budget
@options.seed()
@click.option(
    "--examples",
    type=click.IntRange(0),
    metavar="N",
    help="Number of parameter sets that the full profile draws. Default: 1500; with --budget, what fits.",
)
@options.out()
@click.option(
    "--resume",
    type=options.FOLDER,
    metavar="DIR",
    help="Resume the interrupted run in DIR. Only --python and --format may be combined with it.",
)
@options.expected
@options.fail_on("refused, everything but errors of documents")
@click.option("--annotations", is_flag=True, help="Also print divergences to stderr as CI annotations.")
@click.option(
    "--explain/--no-explain",
    default=True,
    help="Make further calls to explain divergences: sharper conditions, smallest cases, scripts.",
    show_default=True,
)
@click.option("--shard", metavar="I/N", help="Run only part I of N of the cases; merge joins the parts.")
@options.style
@plainly
def run(out: Path, resume: Path | None, style: str | None, **chosen: Any) -> int:
    """Run the suite and write a report to a folder."""
    from conv_transpose_conformance.commands.resume import asked, resumed

    context = click.get_current_context()
    if resume is None:
        return run_suite(out, style, asked(context), **chosen)
    return run_suite(resume, style, None, **resumed(context, resume))


@group.command()
@click.argument("case_id", required=False)
@click.option("--implementation", "name", metavar="NAME", help="Implementation to run the case on.")
@click.option(
    "--all",
    "run_dir",
    type=options.FOLDER,
    metavar="RUN_DIR",
    help="Replay every divergence of a run, and every probed requirement that failed, instead of one case.",
)
@options.python
@options.env
@options.device
@plainly
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
@plainly
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
@click.argument("run_dir", type=options.FOLDER)
@options.style
@plainly
def report(run_dir: Path, style: str | None) -> None:
    """Rewrite the pages of a run and print its summary."""
    from conv_transpose_conformance.reports.render import render

    run_data, divergences = render(run_dir)
    print_summary(run_data, divergences, run_dir, style)
