"""What a worker sees of the host's environment: what is listed here, and folders of its own.

A framework under test has no business with the user's tokens, proxies or configuration, and the same build
should answer the same whoever runs it.  So variables are let through by name; the rest stays outside.
``CONFORMANCE_DEVICE`` says where a framework runs; ``CONFORMANCE_PASS_ENV=NAME,NAME`` lets more through, for
a build that needs its own.
"""

from __future__ import annotations

import os
import site
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from conv_transpose_conformance.adapters import DEVICE
from conv_transpose_conformance.workers.watchdog import MARK

PASS: Final = "CONFORMANCE_PASS_ENV"

_NAMES: Final = frozenset({"PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", DEVICE})
# Where accelerators' tool kits lie and which devices may be used.
_PREFIXES: Final = ("LC_", "CUDA_", "NVIDIA_", "ASCEND_", "ROCM_", "HIP_", "HSA_", "ROCR_")

# One thread each: the other core is the reference's, and sums keep one order.
_SETTINGS: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "FLAGS_call_stack_level": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",  # sets in messages are printed in one order
    "PYTHONUNBUFFERED": "1",
    "PYTHONUTF8": "1",
    "NO_COLOR": "1",
}
_HOMES: Final = {
    "HOME": "home",
    "TMPDIR": "tmp",
    "TMP": "tmp",
    "TEMP": "tmp",
    "XDG_CACHE_HOME": "home/cache",
    "XDG_CONFIG_HOME": "home/config",
    "XDG_DATA_HOME": "home/data",
    "XDG_STATE_HOME": "home/state",
    "XDG_RUNTIME_DIR": "home/run",
}


def worker_environment(folder: Path, host: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of a worker whose own folder is ``folder``; makes the folders that they name."""
    passed = {name.strip() for name in host.get(PASS, "").split(",")}
    kept = {
        name: value
        for name, value in host.items()
        if name in _NAMES or name.startswith(_PREFIXES) or name in passed
    }
    homes = {name: str(folder / place) for name, place in _HOMES.items()}
    for place in homes.values():
        Path(place).mkdir(parents=True, exist_ok=True, mode=0o700)
    # A build in the user's own site-packages is found although HOME is another.
    own = {"PYTHONUSERBASE": site.getuserbase(), MARK: str(folder)}
    return {**_SETTINGS, **kept, **homes, **own}


def installer_environment(host: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of a venv or pip process: the user's own, so that their pip is configured as ever."""
    # A path of the host's packages must not leak into the environment being made.
    return {name: value for name, value in host.items() if not name.startswith("PYTHON")}
