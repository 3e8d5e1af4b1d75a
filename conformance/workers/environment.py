"""Which variables a child process sees: what is listed here by name, and folders of its own.

A framework under test has no business with the user's tokens, proxies or configuration, and the same build
should answer the same whoever runs it.  What installs packages needs the user's proxies and their pip's
settings, and an R that is asked for its libraries the user's home; neither needs anything else.
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

PASS: Final = "CONFORMANCE_PASS_ENV"

_NAMES: Final = frozenset({"PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", DEVICE})
# Where accelerators' tool kits lie and which devices may be used.
_PREFIXES: Final = ("LC_", "CUDA_", "NVIDIA_", "ASCEND_", "ROCM_", "HIP_", "HSA_", "ROCR_")

_USER: Final = frozenset({"HOME", "USER", "LOGNAME"})
_PROXIES: Final = frozenset({"http_proxy", "https_proxy", "all_proxy", "no_proxy"})
_INSTALLER: Final = frozenset(
    {
        # certificates and credentials that pip finds by itself, also those of a keyring
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "NETRC",
        "DBUS_SESSION_BUS_ADDRESS",
        # compilers, for what has no wheel
        "CC",
        "CXX",
        "CFLAGS",
        "CXXFLAGS",
        "LDFLAGS",
        "PKG_CONFIG_PATH",
    }
)

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
    """The variables of a process that runs a framework in ``folder``; makes the folders that they name."""
    # A build in the user's own site-packages is found although HOME is another.
    own = {"PYTHONUSERBASE": site.getuserbase()}
    return {**_SETTINGS, **_passed(host), **_made(folder, _HOMES), **own}


def installer_environment(folder: Path, host: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of a venv or pip process: the user's pip is configured as ever; ``folder`` as above."""
    names = _USER | _INSTALLER | _PROXIES | {name.upper() for name in _PROXIES}
    return {**_passed(host, names, ("PIP_", "XDG_")), **_made(folder, _TEMPORARY)}


def r_session_environment(folder: Path, host: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables of an R that finds what the user's own sessions find; ``folder`` as above."""
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
