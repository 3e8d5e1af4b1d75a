"""Starts the worker of a framework on the device that the user chose."""

from __future__ import annotations

import os
from pathlib import Path

from conv_transpose_conformance.adapters import DEVICE
from conv_transpose_conformance.frameworks.registry import framework
from conv_transpose_conformance.workers.command import WorkerCommand
from conv_transpose_conformance.workers.process import WorkerFailed


def check_device(name: str) -> None:
    """Checks that the suite can run a framework on the device that the environment names.

    Raises:
        WorkerFailed: if it cannot.
    """
    wanted, devices = os.environ.get(DEVICE, ""), framework(name).devices
    if wanted and wanted not in devices:
        raise WorkerFailed(
            f"{name}: the suite runs it on {' or '.join(devices)}, not on {wanted!r}; "
            "choose another with --device"
        )


def worker_command(name: str, interpreter: Path) -> WorkerCommand:
    """Returns the command that starts a framework's worker in an interpreter.

    Raises:
        WorkerFailed: as :func:`check_device`.
        BadInterpreter: if the interpreter does not tell what its worker needs.
    """
    check_device(name)
    found = framework(name)
    return WorkerCommand(
        framework=name,
        interpreter=interpreter,
        command=tuple(found.runtime.command(found.adapter, interpreter)),
        language=found.runtime.language,
        variables=found.runtime.variables(interpreter),
        whose=found.distribution,
    )
