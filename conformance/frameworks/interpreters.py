"""The interpreters of frameworks: found, probed, and started as workers."""

from __future__ import annotations

import os
import re
import shutil
import threading
from pathlib import Path
from typing import Final

from conv_transpose_conformance.adapters import adapter_class
from conv_transpose_conformance.errors import BadInterpreter
from conv_transpose_conformance.frameworks import r_interpreter
from conv_transpose_conformance.frameworks.environments import (
    REQUIREMENTS,
    Environment,
    Say,
    ensure,
    environment_for,
)
from conv_transpose_conformance.workers.environment import worker_environment
from conv_transpose_conformance.workers.launch import Finished, run

_PATIENCE: Final = 180.0  # seconds that an interpreter may take to answer


def default_place(framework: str) -> Path | Environment:
    """Where a framework runs if nothing else is said: an environment of the suite's, or the user's own R.

    Raises:
        NotInstalled: where the suite makes none and the user has none.
    """
    return environment_for(framework) if framework in REQUIREMENTS else r_interpreter.on_path()


def default_interpreter(framework: str, say: Say, stop: threading.Event | None = None) -> Path:
    """The interpreter of that place; its environment is made where need be.

    Raises:
        EnvironmentFailed: where it cannot be made.
        NotInstalled: as above.
    """
    place = default_place(framework)
    return place if isinstance(place, Path) else ensure(place, say, stop)


def command(framework: str, interpreter: Path) -> list[str]:
    """How a worker is started; the descriptors of requests and answers follow."""
    return adapter_class(framework).command(str(interpreter))


def variables(framework: str, interpreter: Path) -> dict[str, str]:
    """What a worker's environment must hold beside what all have.

    Raises:
        BadInterpreter: where the interpreter cannot be asked.
    """
    return r_interpreter.examine(interpreter).variables if _is_r(framework) else {}


def runtime(described: dict[str, str]) -> str:
    """``Python 3.11.2, NumPy 2.2.1`` or ``R 4.2.2``, of a worker's greeting."""
    if described.get("r"):
        return f"R {described['r']}"
    return f"Python {described['python']}, NumPy {described['numpy']}"


def check_interpreter(framework: str, module: str, path: str) -> Path:
    """A user's own interpreter, probed.

    Raises:
        BadInterpreter: where it is missing, cannot be run, is no Python 3.9 or newer, or lacks NumPy or the
            framework; for R torch, where it is no Rscript or its R lacks torch.
    """
    found = shutil.which(os.path.expanduser(path))
    option = f"--python {framework}={path}"
    if found is None:
        problem = "there is no such file" if not Path(path).expanduser().exists() else "it cannot be executed"
        wanted = "an Rscript in whose R" if _is_r(framework) else "a Python in which"
        raise BadInterpreter(f"{option}: {problem}; give the path of {wanted} {module} is installed")
    (_check_r if _is_r(framework) else _check_python)(option, module, found)
    return Path(found).absolute()


def _is_r(framework: str) -> bool:
    return adapter_class(framework).language == "R"


def _check_r(option: str, module: str, found: str) -> None:
    try:
        missing = r_interpreter.examine(Path(found).absolute()).missing
    except BadInterpreter:
        missing = f"it does not behave like Rscript; give the path of one in whose R {module} is installed"
    if missing:
        raise BadInterpreter(f"{option}: {missing}")


def _check_python(option: str, module: str, found: str) -> None:
    probe = (
        "import sys, importlib.util as u;"
        "print(*sys.version_info[:2], *(int(u.find_spec(m) is not None) for m in sys.argv[1:]))"
    )
    try:
        done = _ask(found, probe, "numpy", module)
        if done.code is None:
            raise ValueError("it lives on")
        major, minor, has_numpy, has_module = map(int, done.output.split()[-4:])
    except (OSError, ValueError):
        raise BadInterpreter(
            f"{option}: it does not behave like a Python interpreter; give the path of one in which "
            f"{module} is installed"
        ) from None
    if (major, minor) < (3, 9):
        raise BadInterpreter(f"{option}: it is Python {major}.{minor}; a worker needs 3.9 or newer")
    for present, name in ((has_numpy, "numpy"), (has_module, module)):
        if not present:
            raise BadInterpreter(
                f"{option}: {name} is not installed there; install it with '{found} -m pip install'"
            )


def framework_version(framework: str, module: str, interpreter: Path) -> str:
    """The version that a framework in an interpreter states, as a label.

    Raises:
        BadInterpreter: where it cannot be imported.
    """
    if _is_r(framework):
        return r_interpreter.examine(interpreter).torch
    program = (
        "import sys\n"
        "try: print(__import__(sys.argv[1]).__version__)\n"
        "except Exception as e: sys.exit(f'{type(e).__name__}: ' + ' '.join(str(e).split()))"
    )
    done = _ask(str(interpreter), program, module)
    words = done.output.split()
    if done.code != 0 or not words:
        silence = "without a word" if done.code is not None else f"no end within {_PATIENCE:g} seconds"
        said = (done.errors.strip().splitlines() or [silence])[-1]
        raise BadInterpreter(
            f"--python {framework}={interpreter}: {module} cannot be imported: {said[:300]}; mend it, or "
            "leave this --python out for an environment of the suite's"
        )
    return re.sub(r"[^A-Za-z0-9.+-]", "-", words[-1])[:60]


def _ask(python: str, program: str, *arguments: str) -> Finished:
    """What an interpreter says where a worker of it would run."""
    command = [str(Path(python).absolute()), "-c", program, *arguments]
    return run(command, worker_environment, name="probe", deadline=_PATIENCE)
