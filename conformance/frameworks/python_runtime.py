"""Python interpreters: finds, checks and starts those that have a framework."""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from conv_transpose_conformance import adapters
from conv_transpose_conformance.errors import BadInterpreter, NotInstalled
from conv_transpose_conformance.frameworks.runtime import Runtime
from conv_transpose_conformance.workers.environment import worker_environment
from conv_transpose_conformance.workers.launch import Finished, run

_PATIENCE: Final = 180.0  # seconds for an interpreter's reply; it may import its framework
_BOOTSTRAP: Final = Path(adapters.__file__).with_name("bootstrap.py")


class _Python:
    """See :class:`~frameworks.framework.Runtime`."""

    language = "Python"

    def find(self, framework: str, module: str) -> Path:
        """Returns the interpreter that runs the suite, if the framework is installed there."""
        if importlib.util.find_spec(module.partition(".")[0]) is not None:
            return Path(sys.executable)
        raise NotInstalled(
            f"{framework}: {module} is not installed beside the suite, and the suite does not "
            f"install it; use --python {framework}=PATH with an interpreter that has it"
        )

    def check(self, framework: str, module: str, path: str) -> Path:
        option = f"--python {framework}={path}"
        found = executable(option, path, f"a Python in which {module} is installed")
        probe = (
            "import sys, importlib.util as u;"
            "print(*sys.version_info[:2], *(int(u.find_spec(m) is not None) for m in sys.argv[1:]))"
        )
        try:
            done = _ask(found, probe, "numpy", module)
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
        return Path(found).absolute()

    def version(self, framework: str, module: str, interpreter: Path) -> str:
        program = (
            "import sys\n"
            "try: print(__import__(sys.argv[1]).__version__)\n"
            "except Exception as e: sys.exit(f'{type(e).__name__}: ' + ' '.join(str(e).split()))"
        )
        done = _ask(interpreter, program, module)
        words = done.output.split()
        if done.code != 0 or not words:
            silence = (
                "without a message" if done.code is not None else f"no reply within {_PATIENCE:g} seconds"
            )
            said = (done.errors.strip().splitlines() or [silence])[-1]
            raise BadInterpreter(
                f"--python {framework}={interpreter}: {module} cannot be imported: "
                f"{said[:300]}; fix it, or omit this --python to use the suite's own environment"
            )
        return re.sub(r"[^A-Za-z0-9.+-]", "-", words[-1])[:60]

    def command(self, adapter: Path, interpreter: Path) -> list[str]:
        return [str(interpreter), str(_BOOTSTRAP), str(adapter)]

    def variables(self, interpreter: Path) -> dict[str, str]:
        del interpreter
        return {}

    def described(self, hello: Mapping[str, str]) -> str:
        return f"Python {hello['python']}, NumPy {hello['numpy']}"


PYTHON: Final[Runtime] = _Python()


def executable(option: str, path: str, wanted: str) -> str:
    """Returns the program of an option's path.

    Raises:
        BadInterpreter: if there is none; the message asks for ``wanted``.
    """
    given = Path(path).expanduser()
    found = shutil.which(given)
    if found is None:
        problem = "it cannot be executed" if given.exists() else "there is no such file"
        raise BadInterpreter(f"{option}: {problem}; give the path of {wanted}")
    return found


def _ask(python: str | Path, program: str, *arguments: str) -> Finished:
    """Returns the output of an interpreter that runs like a worker."""
    command = [str(Path(python).absolute()), "-c", program, *arguments]
    return run(command, worker_environment, name="probe", deadline=_PATIENCE)
