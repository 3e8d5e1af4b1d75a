"""What an adapter is, and the arithmetic of arguments that adapters share.

A case reaches an adapter as plain data, the dictionary of ``Case.to_dict``.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

import numpy as np

CaseData = dict[str, Any]
Array = Any  # a NumPy array; the worker's NumPy may be older than what its own stubs can say


NOT_ASKED = "the adapter has no way to ask for it"


class Unsupported(Exception):
    """The framework said plainly that it has no kernel for this; the text is its own words."""


class NoDevice(Exception):
    """The device asked for is not there; the text says why."""


class Call:
    """One call of one implementation, stage by stage; the worker times each and catches what it raises.

    The stages run in this order: ``construct``, ``forward``, ``shape_and_dtype``, ``fetch``,
    ``backward``.  ``infer`` replaces the last four where ``forward`` raised ``Unsupported``.
    """

    def construct(self) -> dict[str, tuple[list[int], str]]:
        """Builds the layer and loads its parameters; returns them as made: name -> (shape, dtype).

        Functions without parameters of their own return an empty dictionary.
        """
        raise NotImplementedError

    def forward(self) -> Any:
        """The output, a tensor of the framework."""
        raise NotImplementedError

    def shape_and_dtype(self, output: Any) -> tuple[list[int], str]:
        """The output's dimensions as the framework states them, and its dtype's plain name."""
        raise NotImplementedError

    def fetch(self, output: Any) -> Array:
        """The output's values, channels first."""
        raise NotImplementedError

    def backward(self, output: Any, grad: Array) -> dict[str, Array]:
        """``grad_input``, ``grad_weight`` and, with a bias, ``grad_bias`` for the output's ``grad``."""
        raise NotImplementedError

    def infer(self) -> tuple[list[int], str] | None:
        """Shape and dtype of the output without computing it, or None where the framework has no such way."""
        return None

    # Probes: questions beyond a plain call; arrays are channels first.  ``initial`` is asked in place of
    # ``construct``, the others after it.

    def initial(self, seed: int) -> dict[str, Array]:
        """The parameters' values, by their names, as the constructor makes them after seeding."""
        raise Unsupported(NOT_ASKED)

    def inputs(self, grad: Array | None) -> dict[str, Array]:
        """``x``, ``w`` and ``b`` after a forward pass and, with ``grad``, a backward pass."""
        raise Unsupported(NOT_ASKED)

    def convolve(self, y: Array) -> Array:
        """The framework's ordinary convolution of ``y`` with ``w`` under the same parameters, no bias."""
        raise Unsupported(NOT_ASKED)

    def second(self, grad: Array, directions: dict[str, Array]) -> dict[str, Array]:
        """Second derivatives: ``second_x``, ``second_w`` and ``second_g``.

        They are the gradients, with respect to x, w and the output's gradient ``grad``, of the sum of
        ``grad_input * directions["vx"]``, ``grad_weight * directions["vw"]`` and, with a bias,
        ``grad_bias * directions["vb"]``.  What does not depend on a tensor is left out.
        """
        raise Unsupported(NOT_ASKED)

    def tangent(self, tangents: dict[str, Array]) -> Array:
        """Forward mode: the output's tangent for those of x, w and any b (``vx``, ``vw``, ``vb``)."""
        raise Unsupported(NOT_ASKED)


class Adapter:
    """One framework, as it is called.  An adapter's file names its class ``ADAPTER``.

    A subclass fills the attributes and the methods below.  What an API has no way to say, or what its
    documents demand, is no business of an adapter: the host asks nothing that it could not express.
    """

    framework = ""  # the name that its implementations begin with
    module = ""  # what is imported

    def __init__(self) -> None:
        """Imports the framework and sets it up: one thread, deterministic, synchronous."""

    def describe(self) -> dict[str, Any]:
        """``version``, ``device`` and ``dtypes`` of the framework as it runs here."""
        raise NotImplementedError

    def call(
        self, implementation: str, case: CaseData, arrays: dict[str, Array], options: Options | None = None
    ) -> Call:
        """The call of a case; ``arrays`` holds ``x``, ``w`` and, with a bias, ``b``."""
        raise NotImplementedError

    def made(self, implementation: str) -> Any:
        """The class or function that an implementation is: the framework has it where its name says."""
        found = importlib.import_module(self.module)
        for name in api_of(implementation).split(".")[1:]:
            found = getattr(found, name)
        return found

    def callables(self, implementation: str) -> dict[str, Any]:
        """What a user calls, for introspection: ``construct`` (of a layer) and ``forward``."""
        made = self.made(implementation)
        return {"construct": made, "forward": made.forward} if is_layer(made) else {"forward": made}


def is_layer(made: Any) -> bool:
    """Whether it is a class of layers rather than a function."""
    return isinstance(made, type)


class Options:
    """How a probe departs from a plain call.

    ``arguments`` stand in place of, or beside, those that the case gives, by the API's own names;
    ``omitted`` names those that are left to their defaults; ``positional`` names the arguments that are
    passed by position, in order; ``view`` says how the input lies in memory (one of ``VIEWS``);
    ``deterministic`` switches the framework's determinism on; ``infer`` says whether a call that has no
    kernel is asked for its output's shape; ``tf32`` allows an accelerator TensorFloat32.
    """

    def __init__(self, plain: dict[str, Any] | None = None) -> None:
        plain = plain or {}
        self.arguments = {name: argument(value) for name, value in plain.get("arguments", {}).items()}
        self.omitted: list[str] = plain.get("omitted", [])
        self.positional: list[str] = plain.get("positional", [])
        self.view: str = plain.get("view", "contiguous")
        self.deterministic: bool = plain.get("deterministic", False)
        self.infer: bool = plain.get("infer", True)
        self.tf32: bool = plain.get("tf32", False)

    def called(self, function: Any, given: dict[str, Any], leave: tuple[str, ...] = ()) -> Any:
        """``function`` with the given arguments and these options' own, but for those in ``leave``."""
        named = {**given, **{n: v for n, v in self.arguments.items() if n not in leave}}
        named = {name: value for name, value in named.items() if name not in self.omitted}
        first = [named.pop(name) for name in self.positional if name in named]
        return function(*first, **named)


def api_of(implementation: str) -> str:
    """The API of an implementation, which may be a variant of it."""
    return implementation.partition("+")[0]


def variant_of(implementation: str) -> str:
    """Which variant of its API an implementation is: "compile", or "" for the API itself."""
    return implementation.partition("+")[2]


VIEWS = ("contiguous", "channels_last", "strided", "transposed", "flipped", "broadcast")


def argument(plain: Any) -> Any:
    """A raw argument from JSON, which has no tuples: ``{"tuple": [...]}``, ``{"float": "nan"}``,
    ``{"numpy": 2}``.
    """
    if isinstance(plain, list):
        return [argument(item) for item in plain]
    if isinstance(plain, dict):
        ((kind, value),) = plain.items()
        if kind == "tuple":
            return tuple(argument(item) for item in value)
        if kind == "float":
            return float(value)
        if kind == "numpy":
            return np.int64(value)
        raise ValueError(f"no argument: {plain!r}")
    return plain


def scalar_or_tuple(values: list[int]) -> int | tuple[int, ...]:
    """An int where all dimensions agree, as a user would write it, else a tuple."""
    return values[0] if all(value == values[0] for value in values) else tuple(values)


def spelled(case: CaseData, values: list[int]) -> int | tuple[int, ...]:
    """One number per dimension as the case wants it written: shortened where it is plain."""
    return scalar_or_tuple(values) if case["spelling"] == "plain" else tuple(values)


def is_symmetric(case: CaseData) -> bool:
    """Whether padding is explicit with the same number on both sides of each dimension."""
    return not isinstance(case["padding"], str) and all(before == after for before, after in case["padding"])


def to_channels_last(array: Array, batched: bool = True) -> Array:
    """``(N, C, *spatial)`` to ``(N, *spatial, C)``, contiguous."""
    return np.ascontiguousarray(np.moveaxis(array, 1 if batched else 0, -1))


def to_channels_first(array: Array, batched: bool = True) -> Array:
    """The inverse of :func:`to_channels_last`."""
    return np.ascontiguousarray(np.moveaxis(array, -1, 1 if batched else 0))


def first_line(error: BaseException) -> str:
    """An exception's text, without addresses and the C++ backtrace that follows the first blank line."""
    text = re.sub(r" at 0x[0-9a-f]+", "", str(error).strip())
    return " ".join(text.split("\n\n")[0].split())[:1000]
