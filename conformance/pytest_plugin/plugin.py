"""``pytest --conformance GLOB``: the quick cases of an implementation as pytest items.

This module is loaded by every pytest run where the suite is installed, so it imports nothing heavy; the
work is done by ``pytest_plugin.items`` once the option is given.  No framework is imported into
pytest's process: the items run in the suite's worker processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conv_transpose_conformance.pytest_plugin.items import Items

_ITEMS: pytest.StashKey[Items] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The plugin's options, in one group."""
    group = parser.getgroup("conformance", "conformance of transposed convolutions")
    group.addoption(
        "--conformance",
        action="append",
        default=[],
        metavar="GLOB",
        help="run the quick conformance cases of these implementations ('torch.nn.*', say); "
        "without paths, only them; may be repeated",
    )
    group.addoption(
        "--conformance-python",
        action="append",
        default=[],
        metavar="FRAMEWORK=PATH",
        help="use this interpreter for a framework instead of an environment of the suite's",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Reads the options; a mistake in one ends pytest with one line."""
    patterns = config.getoption("--conformance")
    if not patterns:
        if config.getoption("--conformance-python"):
            raise pytest.UsageError(
                "--conformance-python says where implementations run, and none is asked for: "
                "give --conformance GLOB beside it ('torch.nn.*', say)"
            )
        return
    from conv_transpose_conformance.errors import ConformanceError
    from conv_transpose_conformance.pytest_plugin.items import Items

    try:
        config.stash[_ITEMS] = Items.create(patterns, config.getoption("--conformance-python"))
    except ConformanceError as error:
        raise pytest.UsageError(str(error)) from None
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []  # nothing was asked for but the conformance items


def pytest_report_header(config: pytest.Config) -> list[str]:
    """One line per framework: its version and where it runs."""
    items = config.stash.get(_ITEMS, None)
    return [] if items is None else items.header()


@pytest.hookimpl(tryfirst=True)  # so that -k and --deselect apply to them
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Adds the conformance items."""
    made = config.stash.get(_ITEMS, None)
    if made is not None:
        items.extend(made.collect(session))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends the workers."""
    made = config.stash.get(_ITEMS, None)
    if made is not None:
        made.close()
