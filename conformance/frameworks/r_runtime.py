"""The user's own R: the suite makes no environment for it and finds ``Rscript`` on the PATH.

An R describes itself with the user's own files and R's variables, so that it finds the libraries of the
user's sessions. A worker has neither, so it gets the libraries' places as variables.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from attrs import frozen

from conv_transpose_conformance.errors import BadInterpreter, NotInstalled
from conv_transpose_conformance.frameworks.python_runtime import executable
from conv_transpose_conformance.frameworks.runtime import Runtime
from conv_transpose_conformance.workers.environment import r_session_environment
from conv_transpose_conformance.workers.launch import run

_INSTALL: Final = "install.packages('torch') and then torch::install_torch()"
_MARK: Final = "conformance:"
_PROBE: Final = f"""
say <- function(key, values) cat(paste0("\\n{_MARK}", key, "=", values, "\\n"), sep = "")
say("version", as.character(getRversion()))
say("library", normalizePath(.libPaths()))
at <- find.package("torch", quiet = TRUE)
if (length(at)) {{
  say("torch", as.character(packageVersion("torch")))
  home <- Sys.getenv("TORCH_HOME", at[[1]])
  folders <- file.path(home, c("lib", "lib64", "bin"))
  if (length(list.files(folders, pattern = "^(lib)?lantern[.]"))) say("home", normalizePath(home))
}}
"""


@frozen
class R:
    """An R: its version, its libraries, the version of its torch package and the folder of libtorch.

    The last two are "" if they are missing.
    """

    path: Path
    version: str
    libraries: tuple[str, ...]
    torch: str
    home: str

    @property
    def missing(self) -> str:
        """What is missing to run R torch and how to install it, or ""."""
        if not self.torch:
            return f"R {self.version} has no torch package; install it there with {_INSTALL}"
        if not self.home:
            return (
                f"the torch package {self.torch} of R {self.version} has no libtorch; install it there with "
                "torch::install_torch()"
            )
        return ""

    @property
    def variables(self) -> dict[str, str]:
        """Returns the environment variables with which a worker finds the same packages."""
        return {
            "R_LIBS": os.pathsep.join(self.libraries),
            "TORCH_HOME": self.home,
            "TORCH_INSTALL": "0",  # loading the package installs nothing
            "TORCH_VERIFY_LOAD": "FALSE",  # would load it in a second process first
        }


@cache
def examine(rscript: Path) -> R:
    """Returns the description that an ``Rscript`` gives of its R.

    Raises:
        BadInterpreter: if it cannot run, or if its output is no description.
    """
    try:
        done = run(
            [rscript, "-e", _PROBE],
            r_session_environment,
            name="probe",
            deadline=60.0,
            cwd=Path(),  # R also reads a profile there
        )
    except OSError:
        done = None
    said: dict[str, list[str]] = {}
    for line in done.output.splitlines() if done else ():
        if line.startswith(_MARK):
            key, _, value = line.removeprefix(_MARK).partition("=")
            said.setdefault(key, []).append(value)
    if not said.get("version") or not said.get("library"):
        raise BadInterpreter(f"{rscript} does not behave like Rscript")
    return R(
        path=rscript,
        version=said["version"][0],
        libraries=tuple(said["library"]),
        torch=said.get("torch", [""])[0],
        home=said.get("home", [""])[0],
    )


class _RTorch:
    """R with its torch package; see :class:`~frameworks.framework.Runtime`."""

    language = "R"

    def find(self, framework: str, module: str) -> Path:
        del module
        return on_path(framework)

    def check(self, framework: str, module: str, path: str) -> Path:
        option = f"--python {framework}={path}"
        wanted = f"an Rscript in whose R {module} is installed"
        found = Path(executable(option, path, wanted)).absolute()
        try:
            missing = examine(found).missing
        except BadInterpreter:
            missing = f"it does not behave like Rscript; give the path of {wanted}"
        if missing:
            raise BadInterpreter(f"{option}: {missing}")
        return found

    def version(self, framework: str, module: str, interpreter: Path) -> str:
        del framework, module
        return examine(interpreter).torch

    def command(self, adapter: Path, interpreter: Path) -> list[str]:
        """Returns the command of a worker, without the startup files of user and site."""
        return [str(interpreter), "--vanilla", str(adapter)]

    def variables(self, interpreter: Path) -> dict[str, str]:
        return examine(interpreter).variables

    def described(self, hello: Mapping[str, str]) -> str:
        return f"R {hello['r']}"


R_TORCH: Final[Runtime] = _RTorch()


def on_path(framework: str) -> Path:
    """Returns the ``Rscript`` on the PATH, if its R has torch.

    Raises:
        NotInstalled: if there is none, or if something is missing; says what and how to get it.
    """
    found = shutil.which("Rscript")
    if found is None:
        raise NotInstalled(
            f"{framework}: no Rscript on the PATH; install R, and torch in it with {_INSTALL}; "
            f"or use --python {framework}=PATH/TO/Rscript"
        )
    rscript = Path(found).absolute()
    try:
        missing = examine(rscript).missing
    except BadInterpreter as error:
        missing = str(error)
    if missing:
        raise NotInstalled(f"{framework}: {rscript}: {missing}; or use --python {framework}=PATH/TO/Rscript")
    return rscript
