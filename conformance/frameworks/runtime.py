"""The interface of a language that adapters run in: finds, checks and starts its interpreters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Runtime(Protocol):
    """``framework`` is a framework's name, for messages, and ``module`` the module to import."""

    language: str

    def find(self, framework: str, module: str) -> Path:
        """Returns the user's own interpreter that has the framework.

        Raises:
            NotInstalled: if there is none; says how to get it.
        """

    def check(self, framework: str, module: str, path: str) -> Path:
        """Checks an interpreter of ``--python`` and returns it.

        Raises:
            BadInterpreter: if it cannot run the framework; says why.
        """

    def version(self, framework: str, module: str, interpreter: Path) -> str:
        """Returns the framework's version in an interpreter.

        Raises:
            BadInterpreter: if the framework cannot be imported there.
        """

    def command(self, adapter: Path, interpreter: Path) -> list[str]:
        """Returns the command of a worker on an adapter's file, without the descriptors that follow."""

    def variables(self, interpreter: Path) -> dict[str, str]:
        """Returns additional environment variables of a worker.

        Raises:
            BadInterpreter: if the interpreter does not tell them.
        """

    def described(self, hello: Mapping[str, str]) -> str:
        """Returns ``Python 3.11.2, NumPy 2.2.1`` for a worker's greeting."""
