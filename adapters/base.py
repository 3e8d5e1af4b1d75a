"""The base classes of adapters and calls, and helpers for arguments that adapters share.

An adapter gets a case as plain data, the dictionary of ``Case.to_dict``.
"""

from __future__ import annotations

import importlib
import inspect
import re
from typing import Any

import numpy as np

CaseData = dict[str, Any]
Array = Any  # a NumPy array; the worker's NumPy may be too old for typed arrays


NOT_ASKED = "the adapter does not implement this"


class Unsupported(Exception):
    """The framework says plainly that it does not support a call; the text is the framework's."""


class NoDevice(Exception):
    """The requested device is missing; the text says why."""


class Call:
    """One call of one implementation in stages; the worker times each stage and catches its exceptions.

    The stages run in this order: ``construct``, ``forward``, ``shape_and_dtype``, ``fetch``, ``backward``.
    ``infer`` replaces the last four if ``forward`` raises ``Unsupported``.
    """

    def construct(self) -> dict[str, tuple[list[int], str]]:
        """Builds the layer and loads its parameters; returns the parameters as built: name -> (shape, dtype).

        Functions without parameters of their own return an empty dictionary.
        """
        raise NotImplementedError

    def forward(self) -> Any:
        """Returns the output, a tensor of the framework."""
        raise NotImplementedError

    def shape_and_dtype(self, output: Any) -> tuple[list[int], str]:
        """Returns the output's shape as the framework states it, and the plain name of its dtype."""
        raise NotImplementedError

    def fetch(self, output: Any) -> Array:
        """Returns the output's values, channels first."""
        raise NotImplementedError

    def backward(self, output: Any, grad: Array) -> dict[str, Array]:
        """Returns ``grad_input``, ``grad_weight`` and, with a bias, ``grad_bias`` for the output gradient."""
        raise NotImplementedError

    def infer(self) -> tuple[list[int], str] | None:
        """Returns the output's shape and dtype without computing it, None if the framework cannot."""
        return None

    # Probes: operations beyond a plain call; arrays are channels first.  ``initial`` runs instead of
    # ``construct``, the others run after it.

    def initial(self, seed: int) -> dict[str, Array]:
        """Returns the parameters by name, as the constructor draws them after seeding."""
        raise Unsupported(NOT_ASKED)

    def inputs(self, grad: Array | None) -> dict[str, Array]:
        """Returns ``x``, ``w`` and ``b`` after a forward pass and, with ``grad``, a backward pass."""
        raise Unsupported(NOT_ASKED)

    def convolve(self, y: Array) -> Array:
        """Returns the framework's ordinary convolution of ``y`` with ``w``, same parameters, without bias."""
        raise Unsupported(NOT_ASKED)

    def second(self, grad: Array, directions: dict[str, Array]) -> dict[str, Array]:
        """Returns the second derivatives ``second_x``, ``second_w`` and ``second_g``.

        They are the gradients, with respect to x, w and the output's gradient ``grad``, of the sum of
        ``grad_input * directions["vx"]``, ``grad_weight * directions["vw"]`` and, with a bias,
        ``grad_bias * directions["vb"]``.  A tensor that the sum does not depend on is left out.
        """
        raise Unsupported(NOT_ASKED)

    def tangent(self, tangents: dict[str, Array]) -> Array:
        """Returns the output's tangent (forward mode) for the tangents ``vx``, ``vw`` and any ``vb``."""
        raise Unsupported(NOT_ASKED)


class Adapter:
    """Makes the calls of one framework.  An adapter's file names its class ``ADAPTER``.

    A subclass fills the attributes and the methods below.  An adapter need not know what an API cannot
    express, or what its documents demand: the host sends only cases that the API can express.
    """

    framework = ""  # the framework's name, with which its implementations begin
    module = ""  # the module to import

    def __init__(self) -> None:
        """Imports the framework and configures it: one thread, deterministic, synchronous."""

    def describe(self) -> dict[str, Any]:
        """Returns ``version``, ``device`` and ``dtypes`` of the framework as it runs here."""
        raise NotImplementedError

    def call(
        self, implementation: str, case: CaseData, arrays: dict[str, Array], options: Options | None = None
    ) -> Call:
        """Returns the call of a case; ``arrays`` holds ``x``, ``w`` and, with a bias, ``b``."""
        raise NotImplementedError

    def made(self, implementation: str) -> Any:
        """Returns the class or function of an implementation, found under its name."""
        found = importlib.import_module(self.module)
        for name in api_of(implementation).split(".")[1:]:
            found = getattr(found, name)
        return found

    def callables(self, implementation: str) -> dict[str, Any]:
        """Returns the callables to introspect: ``construct`` (of a layer) and ``forward``."""
        made = self.made(implementation)
        return {"construct": made, "forward": made.forward} if is_layer(made) else {"forward": made}

    def docstring(self, implementation: str) -> str:
        """Returns the docstring that this release ships for an implementation.

        Raises:
            Unsupported: if it ships none.
        """
        text = inspect.getdoc(self.made(implementation))
        if not text:
            raise Unsupported("there is no docstring")
        return text


def is_layer(made: Any) -> bool:
    """Returns whether this is a class of layers and not a function."""
    return isinstance(made, type)


class Options:
    """Differences of a probe from a plain call.

    ``arguments`` override or extend the arguments of the case, by the API's own names.  ``omitted`` names
    arguments to leave at their defaults.  ``positional`` names arguments to pass by position, in order.
    ``view`` is the memory layout of the input (one of ``VIEWS``).  ``deterministic`` switches the framework's
    determinism on.  ``infer`` says whether to infer the output's shape if there is no kernel.  ``tf32``
    allows an accelerator to use TensorFloat32.
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
        """Calls ``function`` with the given arguments and those of the options except ``leave``."""
        named = {**given, **{n: v for n, v in self.arguments.items() if n not in leave}}
        named = {name: value for name, value in named.items() if name not in self.omitted}
        first = [named.pop(name) for name in self.positional if name in named]
        return function(*first, **named)


def api_of(implementation: str) -> str:
    """Returns the API of an implementation, which may be a variant."""
    return implementation.partition("+")[0]


def variant_of(implementation: str) -> str:
    """Returns the variant of an implementation, such as "compile", "" for the API itself."""
    return implementation.partition("+")[2]


VIEWS = ("contiguous", "channels_last", "strided", "transposed", "flipped", "broadcast")


def argument(plain: Any) -> Any:
    """Returns an argument from its JSON form.

    JSON has no tuples: the forms are ``{"tuple": [...]}``, ``{"float": "nan"}`` and ``{"numpy": 2}``.
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
    """Returns an int if all dimensions agree, as users write it, else a tuple."""
    return values[0] if all(value == values[0] for value in values) else tuple(values)


def spelled(case: CaseData, values: list[int]) -> int | tuple[int, ...]:
    """Returns one number per dimension in the spelling of the case: shortened if it is plain."""
    return scalar_or_tuple(values) if case["spelling"] == "plain" else tuple(values)


def is_symmetric(case: CaseData) -> bool:
    """Returns whether the padding is explicit, with the same number on both sides of each dimension."""
    return not isinstance(case["padding"], str) and all(before == after for before, after in case["padding"])


def to_channels_last(array: Array, batched: bool = True) -> Array:
    """Returns ``(N, C, *spatial)`` as ``(N, *spatial, C)``, contiguous."""
    return np.ascontiguousarray(np.moveaxis(array, 1 if batched else 0, -1))


def to_channels_first(array: Array, batched: bool = True) -> Array:
    """Returns ``(N, *spatial, C)`` as ``(N, C, *spatial)``, contiguous."""
    return np.ascontiguousarray(np.moveaxis(array, -1, 1 if batched else 0))


def first_line(error: BaseException) -> str:
    """Returns an exception's text, without addresses and without the C++ backtrace after the blank line."""
    text = re.sub(r" at 0x[0-9a-f]+", "", str(error).strip())
    return " ".join(text.split("\n\n")[0].split())[:1000]
