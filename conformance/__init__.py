"""Cross-framework conformance tests for transposed convolution.

==================  ================================================================================
``case``            a configuration with its data recipe, and the id that carries both
``data``            the numbers that a recipe makes
``generate``        cases drawn by Hypothesis from a seed
``semantics``       per framework: what the documents demand of a case
``plan``            which cases go to which implementations; the reference of each, computed once
``worker``          a worker process as the host holds it
``driver``          one framework's worker through its jobs: deadlines, deaths, blame
``answers``         what a worker said, checked before it is believed
``judge``           records from an answer, the reference and the meaning
``engine``          the run: planning, driving and judging side by side; yields ``events``
``environments``    the virtual environments that the suite makes
``implementations`` names and globs
``run``             ``replay``, ``env_commands``, ``progress``: the commands; ``cli``: their options
``pytest_plugin``   ``pytest --conformance NAME``; ``pytest_items`` does its work
==================  ================================================================================

:func:`load_run` reads a run's records back as a pandas DataFrame; ``__version__`` is that of the suite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conv_transpose_conformance.cases.case import Case
    from conv_transpose_conformance.reports.store.dataset import load_run

    __version__: str

__all__ = ["Case", "__version__", "load_run"]


def __getattr__(name: str) -> Any:
    # These are reached through heavy modules, and 'conformance --help' is to be quick.
    if name == "__version__":
        from importlib.metadata import version

        return version("conv-transpose-conformance")
    if name == "Case":
        from conv_transpose_conformance.cases.case import Case

        return Case
    if name == "load_run":
        from conv_transpose_conformance.reports.store.dataset import load_run

        return load_run
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
