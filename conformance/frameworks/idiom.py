"""Lines of Python that make a call in a framework's own words.

Every line consists of numbers, names that the suite chose and the ``repr`` of plain data: text from a
framework never gets into a script as code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import evolve, frozen


@frozen
class Idiom:
    """The lines and expressions of one call.

    Attributes:
        imports: lines.
        build: lines that make the layer or the arguments from ``x``, ``w``, ``b``.
        load: lines that give the layer its parameters.
        call: lines that leave the output's tensor in ``y``.
        values: an expression, the output as a NumPy array, channels first.
        shape: an expression, the output's shape, channels first; it does not read the values.
        gradients: lines that leave NumPy arrays ``grad_input``, ``grad_weight`` and, with a bias,
            ``grad_bias``, for ``g``, the gradient of the output.
        parameters: an expression, the layer's parameters as ``{name: (shape, dtype)}``, "" for a function.
        variant: lines that turn the loaded layer into a variant of it, for example compile it.
    """

    imports: Sequence[str]
    build: Sequence[str]
    load: Sequence[str]
    call: Sequence[str]
    values: str
    shape: str
    gradients: Sequence[str]
    parameters: str
    variant: Sequence[str] = ()


DEFAULTS: Final = {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1}


def arguments(values: dict[str, Any], defaults: dict[str, Any]) -> str:
    """Returns ``, name=value`` for every argument that differs from its default."""
    return "".join(f", {name}={value!r}" for name, value in values.items() if value != defaults.get(name))


def unpacked(expressions: Sequence[str]) -> list[str]:
    """Returns lines that give the gradients their names."""
    names = ("grad_input", "grad_weight", "grad_bias")
    return [f"{name} = {expression}" for name, expression in zip(names, expressions, strict=False)]


def replaced(words: Idiom, how: str) -> Idiom:
    """Returns ``words`` with the line ``layer = how`` once the layer has its parameters."""
    return evolve(words, variant=[f"layer = {how}"])
