"""Cross-framework conformance tests for transposed convolution.

==================  ================================================================================
``cases``           cases, their ids and tensors, the meaning of their parameters
``workers``         child processes: started, contained and ended
``generation``      sources of cases
``frameworks``      what the host knows of frameworks: declarations, interpreters, environments
``judging``         verdicts and records from answers
``execution``       runs cases on workers
``faults``          fault models, and the self-test with them
``expectations``    the file of known divergences
``causes``          groups failing calls into causes
``requirements``    the statements of documents, and the general requirements
``commands``        what each command does; ``cli`` parses their options
``pytest_plugin``   ``pytest --conformance NAME``
==================  ================================================================================

:func:`load_run` reads a run's records back as a pandas DataFrame; ``__version__`` is the version of the
suite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conv_transpose_conformance.cases.case import Case
    from conv_transpose_conformance.reports.store.dataset import load_run

    __version__: str

__all__ = ["Case", "__version__", "load_run"]


def __getattr__(name: str) -> Any:
    # these need heavy modules, and 'conformance --help' must stay fast
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
