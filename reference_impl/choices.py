"""Checks the options of a call and the available backends."""

from __future__ import annotations

import operator
from typing import Literal, NamedTuple

from conv_transpose_conformance.reference_impl import compensated
from conv_transpose_conformance.reference_impl.arguments import PRECISIONS
from conv_transpose_conformance.reference_impl.geometry import Geometry

try:
    from conv_transpose_conformance.reference_impl import compiled as kernels
except ImportError:  # built without a compiler
    kernels = None  # type: ignore[assignment]

__all__ = ["Backend", "How", "Layout", "Precision", "choose", "has_kernels", "kernels"]

MOST_THREADS = 4096

Backend = Literal["numpy", "cython"]
Layout = Literal["channels_first", "channels_last"]
Precision = Literal["working", "compensated"]


class How(NamedTuple):
    """The checked options of a call."""

    compiled: bool
    compensated: bool
    threads: int | None

    def plain(self, geometry: Geometry) -> How:
        """The same options without compensation, for sums that are exact anyway."""
        return self._replace(compiled=self.compiled and kernels.fits(geometry), compensated=False)


def has_kernels() -> bool:
    """Returns whether the compiled kernels exist; without them every call takes the NumPy path."""
    return kernels is not None and compensated.has_kernels()


def _count(threads: object) -> int:
    try:
        number = operator.index(threads)  # type: ignore[arg-type]
    except TypeError:
        number = 0
    if not 1 <= number <= MOST_THREADS:
        raise ValueError(
            f"threads must be None or an integer of at least 1 and at most {MOST_THREADS}, got {threads!r}"
        )
    return number


def choose(backend: str | None, precision: str, threads: int | None, geometry: object) -> How:
    """Checks the options and returns them.

    Raises:
        ValueError: if an option is unknown, or if threads is not between 1 and 4096.
        RuntimeError: if the compiled kernels are requested and do not exist.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if threads is not None:
        threads = _count(threads)
    precise = precision == "compensated"
    if backend == "numpy":
        return How(False, precise, threads)
    if backend not in (None, "cython"):
        raise ValueError(f"backend must be None, 'numpy' or 'cython', got {backend!r}")
    there = has_kernels()
    if backend == "cython" and not there:
        raise RuntimeError(
            "backend 'cython' asks for the extensions reference_impl._kernels and ._compensated, which are "
            "not built here; install a C compiler and reinstall the package, or leave backend at None"
        )
    known = precise or not isinstance(geometry, Geometry) or (there and kernels.fits(geometry))
    return How(there and known, precise, threads)
