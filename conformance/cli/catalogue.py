"""Commands that need no framework: list, keep, selftest."""

from __future__ import annotations

import sys

import click

from conv_transpose_conformance.cli import options
from conv_transpose_conformance.cli.app import group
from conv_transpose_conformance.cli.running import plainly


@group.command("list")
@click.argument("what", type=click.Choice(["implementations", "requirements", "cases"]))
@options.profile("Profile of the listed cases.")
@options.seed("Random seed of the listed cases.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["pretty", "json"]),
    default="pretty",
    show_default=True,
    help="Output format.",
)
@plainly
def list_(what: str, profile: str, seed: int, style: str) -> None:
    """List the implementations, the requirements, or the cases of a profile."""
    import json

    if what == "requirements":
        from conv_transpose_conformance.requirements.catalogue import listing

        click.echo(listing(as_json=style == "json"))
        return
    if what == "cases":
        from conv_transpose_conformance.generation.generate import run_cases

        for_json = style == "json"
        drawn = run_cases(profile, seed)
        if for_json:
            click.echo(json.dumps([case.to_dict() for case in drawn]))
        else:
            for case in drawn:
                click.echo(case.id)
        return
    from conv_transpose_conformance.frameworks.registry import (
        all_implementations,
        framework_of,
        implementation,
    )

    entries = []
    for name in all_implementations():
        ndim = implementation(name).ndim
        entries.append({"name": name, "framework": framework_of(name), "ndim": ndim})
    if style == "json":
        click.echo(json.dumps(entries))
    else:
        for entry in entries:
            click.echo(f"{entry['name']:<43} {entry['ndim']}-D")


@group.command()
@click.argument("case_ids", nargs=-1, required=True, metavar="ID...")
@click.option("--comment", default="", metavar="TEXT", help="Comment to write above the cases.")
@plainly
def keep(case_ids: tuple[str, ...], comment: str) -> None:
    """Add cases to conformance-regressions.txt, which every later run in this folder includes."""
    from conv_transpose_conformance.generation.kept_cases import keep as keep_cases

    path, added = keep_cases(case_ids, comment)
    known = len(dict.fromkeys(case_ids)) - added
    click.echo(f"{added} added to {path}" + (f"; {known} already there" if known else ""))


@group.command()
@options.style
@plainly
def selftest(style: str | None) -> int:
    """Check the suite itself: run buggy implementations and verify that each is detected.

    Needs no framework. Exits 0 if all are detected and the correct reference passes, else 1.
    """
    from conv_transpose_conformance.faults.selftest import selftest as run_selftest

    outcome = run_selftest()
    chosen = style or ("pretty" if sys.stdout.isatty() else "markdown")
    click.echo(outcome.as_json() if chosen == "json" else outcome.table(markdown=chosen == "markdown"))
    return 0 if outcome.passed else 1
