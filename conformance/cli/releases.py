"""Commands that compare releases of a framework: matrix, bisect."""

from __future__ import annotations

from pathlib import Path

import click

from conv_transpose_conformance.cli import options
from conv_transpose_conformance.cli.app import group
from conv_transpose_conformance.cli.running import plainly, run_suite


@group.command()
@click.argument("releases", nargs=-1, required=True, metavar="DISTRIBUTION==VERSION[,VERSION]...")
@options.implementations()
@options.profile("Profile of each release.")
@options.budget
@options.seed()
@options.fail_on("refused, everything but errors of documents")
@options.out("conformance-matrix")
@plainly
def matrix(
    releases: tuple[str, ...],
    patterns: tuple[str, ...],
    profile: str,
    budget: float | None,
    seed: int,
    fail_on: str | None,
    out: Path,
) -> int:
    """Run several releases side by side and list what changed between them.

    Example: conformance matrix paddlepaddle==2.6.2,3.0.0 mindspore==2.7.1,2.10.0

    The exit codes are those of run.
    """
    from conv_transpose_conformance.commands.releases import expand
    from conv_transpose_conformance.frameworks.registry import framework_of, select
    from conv_transpose_conformance.frameworks.targets import parse_release

    requirements = expand(releases)
    frameworks = {parse_release(requirement)[0] for requirement in requirements}
    names = tuple(name for name in select(patterns) if framework_of(name) in frameworks)
    if not names:
        raise click.UsageError("--implementation matches no implementation of the requested frameworks")
    arguments = ["--profile", profile, "--seed", str(seed)] + (["--budget", str(budget)] if budget else [])
    arguments += ["--fail-on", fail_on] if fail_on else []
    for option, values in (("--implementation", names), ("--env", requirements)):
        arguments += [word for value in values for word in (option, value)]
    code = run_suite(
        out,
        "quiet",
        {"arguments": arguments},
        patterns=names,
        pythons=(),
        requirements=requirements,
        profile=profile,
        budget=budget,
        seed=seed,
        fail_on=fail_on,
    )
    from conv_transpose_conformance.reports.pages.versions import by_version
    from conv_transpose_conformance.reports.pages.words import headline
    from conv_transpose_conformance.reports.store.folder import read

    made, found = read(out)
    if any(entry["status"] == "ran" for entry in made["frameworks"].values()):
        click.echo(f"{by_version(made)}\n\n{headline(made, found)}\nReport: {out / 'index.html'}")
    return code


@group.command()
@click.argument("case_id")
@click.option(
    "--implementation", "name", required=True, metavar="NAME", help="Implementation to run the case on."
)
@click.option(
    "--framework",
    required=True,
    metavar="DISTRIBUTION",
    help="Distribution whose releases to search, such as paddlepaddle.",
)
@click.option(
    "--versions",
    metavar="VERSION,VERSION...",
    help="Releases to search, the oldest first. Default: all that pip offers for this Python.",
)
@plainly
def bisect(case_id: str, name: str, framework: str, versions: str | None) -> int:
    """Find the first release that changed the verdict of a case, making environments as needed.

    Exits 0 if there is one, 1 if the oldest and the newest release agree.
    """
    from conv_transpose_conformance.cases.case import Case
    from conv_transpose_conformance.commands.releases import available, distribution_of
    from conv_transpose_conformance.commands.releases import bisect as search
    from conv_transpose_conformance.errors import UnknownImplementation
    from conv_transpose_conformance.frameworks.registry import select
    from conv_transpose_conformance.text import one_line

    case = Case.parse(case_id)
    names = select([name])
    if len(names) != 1:
        raise UnknownImplementation(
            f"--implementation {name!r} matches {len(names)} implementations; bisect needs exactly one"
        )
    distribution = distribution_of(framework, names[0])
    named = [version.strip() for version in versions.split(",")] if versions else available(distribution)
    change = search(case, names[0], distribution, named, lambda line: click.echo(one_line(line), err=True))
    if change is None:
        click.echo(f"{distribution}: the oldest and the newest of {len(named)} releases agree on {case.id}")
        return 1
    click.echo(f"{distribution} {change.version} changed the verdict; the release before is {change.before}")
    for check, verdict in dict(change.new).items():
        before = dict(change.old).get(check, "not judged")
        if before != verdict:
            click.echo(f"  {check}: {before} -> {verdict}")
    for check, verdict in change.old:
        if check not in dict(change.new):
            click.echo(f"  {check}: {verdict} -> not judged")
    return 0
