"""The commands ``conformance adapter check`` and ``conformance adapter new``."""

from __future__ import annotations

from pathlib import Path

import click

from conv_transpose_conformance.cli import options
from conv_transpose_conformance.cli.app import group
from conv_transpose_conformance.cli.running import plainly


@group.group()
def adapter() -> None:
    """Add a framework: create a package with an adapter, and check an adapter."""


@adapter.command("check")
@click.argument("name")
@options.python
@plainly
def check_adapter(name: str, pythons: tuple[str, ...]) -> int:
    """Check the adapter of framework NAME: greeting, stages, dtypes, layout, gradients, refusals, probes.

    Exits 0 if everything is right, else 1.
    """
    from conv_transpose_conformance.cases.names import Target
    from conv_transpose_conformance.commands.adapter import check
    from conv_transpose_conformance.execution.case_runner import CaseRunner
    from conv_transpose_conformance.frameworks.registry import framework
    from conv_transpose_conformance.frameworks.targets import choose
    from conv_transpose_conformance.text import one_line

    found = framework(name)
    wrong = right = 0
    with CaseRunner(
        Target(name), choose(pythons, ()), say=lambda line: click.echo(f"{name}: {line}", err=True)
    ) as runner:
        for finding in check(found, runner):
            wrong += bool(finding.problem)
            right += not finding.problem
            mark = "wrong" if finding.problem else "ok   "
            where = f"{finding.subject}: " if finding.subject else ""
            said = f": {one_line(finding.problem)}" if finding.problem else ""
            click.echo(f"{mark}  {where}{finding.checked}{said}")
    click.echo(f"{name}: {right} right, {wrong} wrong")
    return 1 if wrong else 0


@adapter.command("new")
@click.argument("name")
@click.option(
    "--out",
    type=options.FOLDER,
    metavar="DIR",
    help="Folder for the package. Default: conformance-NAME.",
)
@plainly
def new_adapter(name: str, out: Path | None) -> int:
    """Write a package that adds a framework called NAME; it passes the check unchanged."""
    from conv_transpose_conformance.commands.adapter import new

    folder = out or Path(f"conformance-{name.replace('.', '-').replace('_', '-')}")
    for path in new(name, folder):
        click.echo(str(path))
    click.echo(f"next: python -m pip install --editable {folder}, then conformance adapter check {name}")
    return 0
