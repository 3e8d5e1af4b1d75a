"""Keeps a run's options as arguments, and reads them back with the command's own parser."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click
from click.core import ParameterSource

from conv_transpose_conformance.commands.run_document import suite_version
from conv_transpose_conformance.errors import BadRunFolder, ConformanceError
from conv_transpose_conformance.reports.store.journal import read_asked
from conv_transpose_conformance.text import one_line

_ANEW: Final = ("resume", "out", "style")  # not kept for a resumed run
_BESIDE: Final = ("resume", "pythons", "style")


def asked(context: click.Context) -> dict[str, Any]:
    """Returns the options of a ``run`` as arguments that reproduce them."""
    arguments: list[str] = []
    for parameter in context.command.params:
        value = context.params.get(parameter.name or "")
        if parameter.name in _ANEW or value is None:
            continue
        if value is False:
            arguments += parameter.secondary_opts  # of a flag that is on by default
            continue
        values = value if isinstance(value, tuple) else (value,)
        for one in values:
            arguments += [parameter.opts[-1]] if one is True else [parameter.opts[-1], str(one)]
    return {"arguments": arguments}


def resumed(context: click.Context, folder: Path) -> dict[str, Any]:
    """Returns the options of the run in ``folder``, for the ``run`` of ``context`` to resume.

    Interpreters are programs, and a folder may come from anywhere: the user must name them again.

    Raises:
        ConformanceError: if another option accompanies ``--resume``, or the interpreters differ.
        BadRunFolder: if the folder holds no run to resume.
    """
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in _BESIDE and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise ConformanceError(
                f"{parameter.opts[-1]} cannot be combined with --resume, because a resumed run keeps its "
                f"settings: leave {parameter.opts[-1]} out, or start a new run"
            )
    arguments = read_asked(folder, suite_version()).get("arguments")
    if not isinstance(arguments, list) or not all(isinstance(argument, str) for argument in arguments):
        raise BadRunFolder(f"{folder}: its journal does not contain the options of the run; start a new run")
    try:
        options = context.command.make_context("run", list(arguments), help_option_names=[]).params
    except click.ClickException as error:
        said = error.format_message()
        raise BadRunFolder(one_line(f"{folder}: its journal contains unusable options: {said}")) from None
    if sorted(options["pythons"]) != sorted(context.params["pythons"]):
        again = " ".join(f"--python {python}" for python in options["pythons"]) or "no --python"
        raise ConformanceError(
            one_line(f"the run in {folder} was started with {again}; give the same with --resume")
        )
    return {name: value for name, value in options.items() if name not in _ANEW}
