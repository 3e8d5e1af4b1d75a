"""What a run, a replay and the pytest plugin share: interpreters, engine, facts about the host."""

from __future__ import annotations

import os
import platform
import shlex
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from adapters import FRAMEWORKS, adapter_class
from conformance.engine import Engine
from conformance.environments import check_interpreter, ensure, environment_for
from conformance.errors import BadInterpreter
from conformance.plan import ALLOWANCE
from reference_impl import has_kernels


def parse_interpreters(options: Iterable[str]) -> dict[str, Path]:
    """The interpreters given as ``FRAMEWORK=PATH``, each probed.

    Raises:
        BadInterpreter: where an option is not of that form or its interpreter cannot serve.
    """
    found: dict[str, Path] = {}
    for option in options:
        framework, equals, path = option.partition("=")
        if not equals or not path:
            raise BadInterpreter(
                f"--python {option!r} is not of the form FRAMEWORK=PATH, as in torch=/opt/py/bin/python"
            )
        if framework not in FRAMEWORKS:
            raise BadInterpreter(f"--python {option!r}: {framework!r} is none of {', '.join(FRAMEWORKS)}")
        if framework in found:
            raise BadInterpreter(f"--python names {framework} twice")
        found[framework] = check_interpreter(framework, adapter_class(framework).module, path)
    return found


def make_engine(
    implementations: tuple[str, ...],
    interpreters: Mapping[str, Path],
    *,
    profile: str = "quick",
    budget: float | None = None,
) -> Engine:
    """An engine that uses the user's interpreters where given and the suite's environments elsewhere."""

    def locate(framework: str, say: Callable[[str], None], stop: threading.Event) -> Path:
        return interpreters.get(framework) or ensure(environment_for(framework), say, stop)

    return Engine(
        implementations=implementations,
        locate=locate,
        allowance=ALLOWANCE[profile],
        budget=budget,
    )


def host_facts() -> dict[str, Any]:
    """What the host's half of a run was made with."""
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
