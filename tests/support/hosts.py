"""The suite in processes of their own: the command line, and pytest with the plugin.

Their workers have a slow clock, see ``slow_clock``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support import ROOT

_COMMAND_LINE = (
    "import tests.support.slow_clock\n"
    "from conv_transpose_conformance.__main__ import main\n"
    "main()"
)  # fmt: skip


def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """``conformance ARGUMENTS``, begun; its output is piped."""
    return subprocess.Popen(
        [sys.executable, "-c", _COMMAND_LINE, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=_variables(),
    )


def conformance(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """``conformance ARGUMENTS``, ended without a traceback."""
    process = start(*arguments, cwd=cwd)
    out, err = process.communicate()
    assert "Traceback" not in out + err, err
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)


def pytest_in(folder: Path, *arguments: str, plugins: tuple[str, ...] | None = None) -> tuple[int, str]:
    """The exit status and the output of ``pytest ARGUMENTS``.

    The installed plugins take part, or, which is quicker, the suite's and ``plugins`` alone.
    """
    variables = _variables()
    loaded = ["no:cacheprovider", "tests.support.slow_clock"]
    if plugins is not None:
        variables["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        loaded += ["conv_transpose_conformance.pytest_plugin.plugin", *plugins]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *(f"-p{name}" for name in loaded), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=variables,
    )
    return done.returncode, done.stdout + done.stderr


def _variables() -> dict[str, Any]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}
