"""The function of a layer, and the layer of a function."""

from __future__ import annotations

from conv_transpose_conformance.adapters import adapter_class, framework_of


def counterpart(implementation: str) -> str | None:
    """The one function that belongs to a layer, or layer to a function; None where there is not one.

    It has the same number of dimensions and the same face.
    """
    declared = adapter_class(framework_of(implementation)).implementations
    about, face = declared[implementation], implementation.partition("+")[2]
    others = [
        name
        for name, other in declared.items()
        if other["ndim"] == about["ndim"]
        and other["module"] != about["module"]
        and name.partition("+")[2] == face
    ]
    return others[0] if len(others) == 1 else None
