"""``pytest --conformance GLOB``: the quick cases of an implementation as pytest items.

Every pytest run loads this module where the suite is installed, so it imports nothing heavy.  Once the option
is given, ``pytest_plugin.items`` does the work.  pytest's process imports no framework: the items run in the
suite's worker processes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conv_transpose_conformance.pytest_plugin.items import Items

_ITEMS: pytest.StashKey[Items] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the plugin's options, in one group."""
    group = parser.getgroup("conformance", "conformance of transposed convolutions")
    group.addoption(
        "--conformance",
        action="append",
        default=[],
        metavar="GLOB",
        help="run the quick conformance cases of matching implementations (such as 'torch.nn.*'); "
        "without paths, run nothing else; may be repeated",
    )
    group.addoption(
        "--conformance-python",
        action="append",
        default=[],
        metavar="FRAMEWORK=PATH",
        help="interpreter that has the framework installed, instead of the suite's own environment",
    )
    group.addoption(
        "--conformance-fail-on",
        metavar="SEVERITY",
        help="least severity that fails an item: values, gradients, crash, hang, shape, accepted or refused, "
        "the gravest first; a case that fails less gravely is skipped. Default: the ini option "
        "conformance_fail_on, else refused",
    )
    parser.addini("conformance_fail_on", "least severity that fails an item of --conformance")


def pytest_configure(config: pytest.Config) -> None:
    """Reads the options.

    Raises:
        UsageError: where one is wrong; pytest then prints one line and ends.
    """
    patterns = config.getoption("--conformance")
    if not patterns:
        if config.getoption("--conformance-python"):
            raise pytest.UsageError(
                "--conformance-python needs --conformance GLOB, the implementations to run (such as "
                "'torch.nn.*')"
            )
        return
    from conv_transpose_conformance.errors import ConformanceError
    from conv_transpose_conformance.judging.severity import FAIL_ON, parse
    from conv_transpose_conformance.pytest_plugin.items import Items

    asked = config.getoption("--conformance-fail-on") or config.getini("conformance_fail_on")
    try:
        threshold = parse(asked) if asked else FAIL_ON
        config.stash[_ITEMS] = Items.create(patterns, config.getoption("--conformance-python"), threshold)
    except ConformanceError as error:
        raise pytest.UsageError(str(error)) from None
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []  # run the conformance items alone


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Returns one line per framework: its version and device."""
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
