"""A language that adapters run in: how its interpreters are found, asked and started."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Runtime(Protocol):
    """``framework`` is a framework's name, for messages, and ``module`` what is imported for it."""

    language: str

    def find(self, framework: str, module: str) -> Path:
        """The user's own interpreter that has the framework.

        Raises:
            NotInstalled: where there is none; says how to get it.
        """

    def check(self, framework: str, module: str, path: str) -> Path:
        """An interpreter that a user names with ``--python``, probed.

        Raises:
            BadInterpreter: where it cannot run the framework; says why.
        """

    def version(self, framework: str, module: str, interpreter: Path) -> str:
        """The framework's version in an interpreter, as a label.

        Raises:
            BadInterpreter: where the framework cannot be imported there.
        """

    def command(self, adapter: Path, interpreter: Path) -> list[str]:
        """How a worker is started on an adapter's file; the descriptors of requests and answers follow."""

    def variables(self, interpreter: Path) -> dict[str, str]:
        """What a worker's environment must hold beside what all have.

        Raises:
            BadInterpreter: where the interpreter cannot be asked.
        """

    def described(self, hello: Mapping[str, str]) -> str:
        """``Python 3.11.2, NumPy 2.2.1``, of a worker's greeting."""
