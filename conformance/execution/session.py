"""Makes an engine from a command's options, and collects facts about the host."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from conv_transpose_conformance.errors import BadInterpreter
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.execution.engine import Engine
from conv_transpose_conformance.execution.planner import ALLOWANCE
from conv_transpose_conformance.frameworks.registry import Broken
from conv_transpose_conformance.frameworks.targets import Targets, parse_python
from conv_transpose_conformance.reference_impl import has_kernels


def parse_interpreters(options: Iterable[str]) -> dict[str, Path]:
    """Returns the interpreters given as ``FRAMEWORK=PATH``, each probed, one for each framework.

    Raises:
        BadInterpreter: if an option does not have that form or its interpreter is unusable.
    """
    found: dict[str, Path] = {}
    for option in options:
        framework, path = parse_python(option)
        if framework in found:
            raise BadInterpreter(f"--python names {framework} twice")
        found[framework] = path
    return found


def make_engine(
    implementations: tuple[str, ...],
    targets: Targets,
    *,
    profile: str = "quick",
    budget: float | None = None,
    spread: bool = False,
    optional: frozenset[str] = frozenset(),
    broken: Sequence[Broken] = (),
) -> Engine:
    """Returns an engine for the targets; the ``broken`` plug-ins are unavailable from the start.

    :class:`Engine` describes the other parameters.
    """
    return Engine(
        implementations=implementations,
        locate=targets.locate,
        releases=targets.releases,
        allowance=ALLOWANCE[profile],
        spread=spread,
        budget=budget,
        optional=optional,
        absent=tuple(events.Unavailable(one.name, one.reason, optional=True) for one in broken),
    )


def host_facts() -> dict[str, Any]:
    """Returns the versions and facts of the host's half of a run."""
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": platform.platform(),
        "cpu": _cpu(),
        "cpu_count": os.cpu_count(),
        "reference": "compiled kernels" if has_kernels() else "NumPy",
        "command": shlex.join(["conformance", *sys.argv[1:]]),
    }


def _cpu() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
