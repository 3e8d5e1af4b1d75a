"""Adapters: the half of the suite that runs in a framework's own interpreter.

=====================  ==============================================================================
``protocol``           frames between host and worker: a JSON header, then arrays as raw bytes
``bootstrap.py``       the file a worker's interpreter is started with; loads this package by path
``worker``             the worker's loop: reads requests, runs the adapter stage by stage, answers
``probe``              what a worker is asked beyond plain calls
``forkserver``         a process that has imported a framework and forks workers
``base``               what an adapter is, and the arithmetic of arguments that adapters share
``torch_adapter``      PyTorch; ``torch_call`` a call of it, ``torch_variants`` variants of its layers
``paddle_adapter``     PaddlePaddle
``mindspore_adapter``  MindSpore
``r_torch_worker.R``   R torch, with ``r_torch_calls.R``: the whole worker, as it is no Python
=====================  ==============================================================================

The package runs on Python 3.9 with the standard library, NumPy and one framework, and imports nothing
else of the suite: it is loaded into interpreters where the suite is not installed.  What the host knows of
a framework is in its ``frameworks`` package.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conv_transpose_conformance.adapters.base import Adapter

DEVICE = "CONFORMANCE_DEVICE"  # the environment's variable that names the device to run on
KEPT = "CONFORMANCE_KEPT"  # the one that names a folder for what a framework compiles, shared by some workers


def load_adapter(file: str) -> type[Adapter]:
    """The class that an adapter's file names ``ADAPTER``; its framework is imported by an instance alone.

    Raises:
        ImportError: where the file names none; whatever it raises itself otherwise.
    """
    name = f"conformance_adapter_{os.path.splitext(os.path.basename(file))[0]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file}: not the file of a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    if not hasattr(module, "ADAPTER"):
        raise ImportError(f"{file}: it names no class ADAPTER")
    return module.ADAPTER  # type: ignore[no-any-return]  # as the protocol of adapters' files has it
