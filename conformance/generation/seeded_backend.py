"""A Hypothesis backend whose draws depend on a seed and on nothing else.

Hypothesis' own backend mixes into its draws the constants it finds in the modules that happen to be
imported, so that one seed gives other cases in another program.  This one draws uniformly from a
generator seeded per :func:`seeded` block, through the interface that Hypothesis documents for
alternative backends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, ClassVar, Final

from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, PrimitiveProvider

NAME: Final = "conformance-seeded"


class SeededProvider(PrimitiveProvider):
    """Uniform integers and booleans; what the suite's strategies do not draw is refused."""

    random: ClassVar[Random] = Random(0)

    def draw_boolean(self, p: float = 0.5) -> bool:
        """True with probability ``p``."""
        return self.random.random() < p

    def draw_integer(
        self,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        weights: dict[int, float] | None = None,
        shrink_towards: int = 0,
    ) -> int:
        """Uniform between the bounds, both of which must be given; preferences are not followed."""
        if min_value is None or max_value is None:
            raise NotImplementedError("the suite's strategies draw integers between two bounds")
        return self.random.randint(min_value, max_value)

    def draw_float(self, **_constraints: Any) -> float:
        """Refused."""
        raise NotImplementedError("the suite's strategies draw no floats: a case holds a recipe")

    def draw_string(self, *_arguments: Any, **_constraints: Any) -> str:
        """Refused."""
        raise NotImplementedError("the suite's strategies draw no strings")

    def draw_bytes(self, *_arguments: Any, **_constraints: Any) -> bytes:
        """Refused."""
        raise NotImplementedError("the suite's strategies draw no bytes")


@contextmanager
def seeded(seed: int) -> Iterator[str]:
    """The backend's name for ``settings(backend=...)``, drawing from ``seed`` within the block."""
    AVAILABLE_PROVIDERS.setdefault(NAME, f"{__name__}.{SeededProvider.__name__}")
    SeededProvider.random = Random(seed)
    yield NAME
