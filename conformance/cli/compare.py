"""Commands on finished runs: expect, diff, merge."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from conv_transpose_conformance.cli import options
from conv_transpose_conformance.cli.app import group
from conv_transpose_conformance.cli.running import plainly, print_summary


@group.command()
@click.argument("run_dir", type=options.FOLDER)
@click.option(
    "--expected",
    "path",
    type=options.FOLDER,
    default=Path("conformance-expected.toml"),
    show_default=True,
    metavar="FILE",
    help="File to write or update.",
)
@click.option("--prune", is_flag=True, help="Remove the entries that the run found stale.")
@plainly
def expect(run_dir: Path, path: Path, prune: bool) -> None:
    """Add the divergences of a run to the file of known divergences; comments are kept."""
    from conv_transpose_conformance.commands.expect import expect as write
    from conv_transpose_conformance.reports.store.folder import read

    run_data, divergences = read(run_dir)
    done = write(run_data, divergences, path, prune=prune)
    click.echo(f"{path}: {done.added} added, {done.removed} removed, {done.stale} stale")


@group.command()
@click.argument("run_a", type=options.FOLDER)
@click.argument("run_b", type=options.FOLDER)
@options.style
@plainly
def diff(run_a: Path, run_b: Path, style: str | None) -> int:
    """Compare two runs: new, resolved and changed divergences, speed, coverage.

    Use it for two versions of a framework, or two commits. Exits 1 if a divergence is new or a requirement
    no longer holds.
    """
    from conv_transpose_conformance.reports.diff import diff as compare
    from conv_transpose_conformance.reports.pages.diff_pages import markdown, pretty

    found = compare(run_a, run_b)
    chosen = style or ("pretty" if sys.stdout.isatty() else "markdown")
    if chosen == "json":
        from conv_transpose_conformance.reports.store.strict_json import dumps

        click.echo(dumps(found))
    elif chosen == "markdown":
        click.echo(markdown(found))
    else:
        from rich.console import Console

        pretty(Console(), found)
    return int(bool(found["new"]) or any(entry["broken"] for entry in found["requirements"]))


@group.command()
@click.argument("directories", type=options.FOLDER, nargs=-1, required=True, metavar="DIR...")
@options.out(help_text="Folder for the joined report.")
@options.expected
@options.fail_on("that of the runs")
@options.style
@plainly
def merge(
    directories: tuple[Path, ...], out: Path, expected: Path | None, fail_on: str | None, style: str | None
) -> int:
    """Join the shards of a run, or runs of different implementations, into one run."""
    from rich.console import Console

    from conv_transpose_conformance.commands.merge import merge as join
    from conv_transpose_conformance.expectations import find
    from conv_transpose_conformance.judging.severity import parse

    threshold = None if fail_on is None else parse(fail_on)
    run_data, divergences = join(directories, out, find(expected), Console(stderr=True), threshold=threshold)
    print_summary(run_data, divergences, out, style)
    code: int = run_data["exit_code"]
    return code
