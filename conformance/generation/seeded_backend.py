"""A Hypothesis backend whose draws depend only on a seed.

Hypothesis' own backend mixes constants from the imported modules into its draws, so the same seed gives other
cases in another program.  This backend draws uniformly from a generator that each :func:`seeded` block seeds.
It uses the interface that Hypothesis documents for alternative backends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, ClassVar, Final

from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, PrimitiveProvider

NAME: Final = "conformance-seeded"


class SeededProvider(PrimitiveProvider):
    """Draws uniform integers and booleans; rejects other types, which the suite's strategies do not draw."""

    random: ClassVar[Random] = Random(0)

    def draw_boolean(self, p: float = 0.5) -> bool:
        """Returns True with probability ``p``."""
        return self.random.random() < p

    def draw_integer(
        self,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        weights: dict[int, float] | None = None,
        shrink_towards: int = 0,
    ) -> int:
        """Returns a uniform integer between the bounds, which must both be given; ignores preferences."""
        if min_value is None or max_value is None:
            raise NotImplementedError("the suite's strategies draw integers between two bounds")
        return self.random.randint(min_value, max_value)

    def draw_float(self, **_constraints: Any) -> float:
        """Raises NotImplementedError."""
        raise NotImplementedError("the suite's strategies draw no floats: a case holds a recipe")

    def draw_string(self, *_arguments: Any, **_constraints: Any) -> str:
        """Raises NotImplementedError."""
        raise NotImplementedError("the suite's strategies draw no strings")

    def draw_bytes(self, *_arguments: Any, **_constraints: Any) -> bytes:
        """Raises NotImplementedError."""
        raise NotImplementedError("the suite's strategies draw no bytes")


@contextmanager
def seeded(seed: int) -> Iterator[str]:
    """Yields the backend's name for ``settings(backend=...)``; draws within the block come from ``seed``."""
    AVAILABLE_PROVIDERS.setdefault(NAME, f"{__name__}.{SeededProvider.__name__}")
    SeededProvider.random = Random(seed)
    yield NAME
