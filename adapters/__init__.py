"""Adapters: the half of the suite that runs in a framework's own interpreter.

=====================  ==============================================================================
``protocol``           frames between host and worker: a JSON header, then arrays as raw bytes
``bootstrap.py``       the program of a worker's interpreter; loads this package by path
``worker``             the worker's loop: reads requests, runs the adapter stage by stage, answers
``probe``              operations of a worker beyond plain calls
``forkserver``         a process that has imported a framework and forks workers
``base``               the classes of adapters and calls, and helpers for arguments
``torch_adapter``      PyTorch; ``torch_call`` has its calls, ``torch_variants`` the variants of layers
``paddle_adapter``     PaddlePaddle
``mindspore_adapter``  MindSpore
``r_torch_worker.R``   R torch, with ``r_torch_calls.R``: a whole worker in R
=====================  ==============================================================================

The package runs on Python 3.9 with the standard library, NumPy and one framework.  It imports nothing else of
the suite, because interpreters without the suite load it.  The host's knowledge of a framework is in its
``frameworks`` package.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conv_transpose_conformance.adapters.base import Adapter

DEVICE = "CONFORMANCE_DEVICE"  # environment variable with the device to run on
KEPT = "CONFORMANCE_KEPT"  # environment variable with a folder for compiled code that some workers share


def load_adapter(file: str) -> type[Adapter]:
    """Returns the class that an adapter's file names ``ADAPTER``; only an instance imports the framework.

    Raises:
        ImportError: if the file names none.  An exception of the file itself passes through.
    """
    name = f"conformance_adapter_{os.path.splitext(os.path.basename(file))[0]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file}: not the file of a Python module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    if not hasattr(module, "ADAPTER"):
        raise ImportError(f"{file}: defines no class ADAPTER")
    return module.ADAPTER  # type: ignore[no-any-return]  # as the protocol of adapters' files has it
