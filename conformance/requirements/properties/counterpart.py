"""The function that matches a layer, and the layer that matches a function."""

from __future__ import annotations

from conv_transpose_conformance.frameworks.registry import framework, framework_of, implementation


def counterpart(name: str) -> str | None:
    """Returns the one function that matches a layer, or layer that matches a function, or None.

    The match has the same number of dimensions and is the same variant.
    """
    mine = implementation(name)
    others = [
        other.name
        for other in framework(framework_of(name)).implementations
        if (other.ndim, other.variant) == (mine.ndim, mine.variant) and other.is_layer is not mine.is_layer
    ]
    return others[0] if len(others) == 1 else None
