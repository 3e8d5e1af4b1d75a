"""The environment variables of child processes: those listed here by name, and folders of their own.

A framework under test must not see the user's tokens, proxies or configuration, and the same build should
give the same answers for every user.  A process that installs packages needs the user's proxies and pip
settings; an R that reports its libraries needs the user's home.  ``CONFORMANCE_DEVICE`` is the device of a
framework.  ``CONFORMANCE_PASS_ENV=NAME,NAME`` passes more variables, for a build that needs them.
"""

from __future__ import annotations

import os
import site
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from conv_transpose_conformance.adapters import DEVICE

PASS: Final = "CONFORMANCE_PASS_ENV"

_NAMES: Final = frozenset({"PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", DEVICE})
# places of accelerator tool kits, and the devices that may be used
_PREFIXES: Final = ("LC_", "CUDA_", "NVIDIA_", "ASCEND_", "ROCM_", "HIP_", "HSA_", "ROCR_")

_USER: Final = frozenset({"HOME", "USER", "LOGNAME"})
_PROXIES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})
_INSTALLER: Final = frozenset(
    {
        # certificates and credentials that pip finds by itself, including a keyring
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "NETRC",
        "DBUS_SESSION_BUS_ADDRESS",
        # compilers, for packages without a wheel
        "CC",
        "CXX",
        "CFLAGS",
        "CXXFLAGS",
        "LDFLAGS",
        "PKG_CONFIG_PATH",
    }
)

# one thread each: the reference uses the other core, and sums keep one order
_SETTINGS: Final = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "FLAGS_call_stack_level": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",  # messages print sets in one order
    "PYTHONUNBUFFERED": "1",
    "PYTHONUTF8": "1",
    "NO_COLOR": "1",
}
_TEMPORARY: Final = {"TMPDIR": "tmp", "TMP": "tmp", "TEMP": "tmp"}
_HOMES: Final = {
    **_TEMPORARY,
    "HOME": "home",
    "XDG_CACHE_HOME": "home/cache",
    "XDG_CONFIG_HOME": "home/config",
    "XDG_DATA_HOME": "home/data",
    "XDG_STATE_HOME": "home/state",
    "XDG_RUNTIME_DIR": "home/run",
}


def worker_environment(folder: Path, host: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Returns the variables of a framework's process in ``folder``; creates the folders that they name."""
    # finds a build in the user's own site-packages although HOME differs
    own = {"PYTHONUSERBASE": site.getuserbase()}
    return {**_SETTINGS, **_passed(host), **_made(folder, _HOMES), **own}


def installer_environment(folder: Path, host: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Returns the variables of venv or pip, with the user's pip configuration; ``folder`` as above."""
    names = _USER | _INSTALLER | _PROXIES | {name.upper() for name in _PROXIES}
    return {**_passed(host, names, ("PIP_", "XDG_")), **_made(folder, _TEMPORARY)}


def r_session_environment(folder: Path, host: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Returns the variables of an R that finds the libraries of the user's sessions; ``folder`` as above."""
    return {**_passed(host, _USER, ("R_", "RENV_", "TORCH_", "XDG_")), **_made(folder, _TEMPORARY)}


def _passed(
    host: Mapping[str, str], names: frozenset[str] = frozenset(), prefixes: tuple[str, ...] = ()
) -> dict[str, str]:
    names = names | _NAMES | {name.strip() for name in host.get(PASS, "").split(",")}
    prefixes = (*prefixes, *_PREFIXES)
    return {name: value for name, value in host.items() if name in names or name.startswith(prefixes)}


def _made(folder: Path, places: Mapping[str, str]) -> dict[str, str]:
    homes = {name: str(folder / place) for name, place in places.items()}
    for place in homes.values():
        Path(place).mkdir(parents=True, exist_ok=True, mode=0o700)
    return homes
