"""Adapters: everything that knows a framework, and the worker that runs in its interpreter.

=====================  ==============================================================================
``protocol``           frames between host and worker: a JSON header, then arrays as raw bytes
``bootstrap.py``       the file a worker's interpreter is started with; loads this package by path
``worker``             the worker's loop: reads requests, runs the adapter stage by stage, answers
``forkserver``         a process that has imported a framework and forks workers
``base``               what an adapter is, and the arithmetic of arguments that adapters share
``torch_adapter``      PyTorch; ``torch_call`` a call of it, ``torch_faces`` other faces of its layers
``paddle_adapter``     PaddlePaddle
``mindspore_adapter``  MindSpore
``r_torch_adapter``    R torch: what it declares; its worker is ``r_torch_worker.R``, ``r_torch_calls.R``
=====================  ==============================================================================

The whole package runs on Python 3.9 with the standard library, NumPy and one framework, and imports
nothing else of the suite: it is loaded into interpreters where the suite is not installed.  The host
imports it too, for what adapters declare without importing their framework.  R's worker needs R torch and
what that itself needs.

A new framework is one file here (see ``base.Adapter``) and its line in ``FRAMEWORKS``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conv_transpose_conformance.adapters.base import Adapter

DEVICE = "CONFORMANCE_DEVICE"  # the environment's variable that names the device to run on
KEPT = "CONFORMANCE_KEPT"  # the one that names a folder for what a framework compiles, shared by some workers

FRAMEWORKS = {
    "torch": "conv_transpose_conformance.adapters.torch_adapter",
    "paddle": "conv_transpose_conformance.adapters.paddle_adapter",
    "mindspore": "conv_transpose_conformance.adapters.mindspore_adapter",
    "r.torch": "conv_transpose_conformance.adapters.r_torch_adapter",
}


def framework_of(implementation: str) -> str:
    """The framework of an implementation's name: ``r.torch`` for ``r.torch.nn_conv_transpose1d``."""
    first = implementation.split(".")[0]
    return next((name for name in FRAMEWORKS if implementation.startswith(name + ".")), first)


def adapter_class(framework: str) -> type[Adapter]:
    """The adapter of a framework; its framework is not imported until it is instantiated."""
    module = importlib.import_module(FRAMEWORKS[framework])
    return module.ADAPTER  # type: ignore[no-any-return]  # each adapter file names its class so
