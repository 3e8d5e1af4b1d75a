"""Reads the ids of cases; :mod:`cases.case` documents and writes them."""

from __future__ import annotations

import re
from typing import Any, Literal, cast

from conv_transpose_conformance.cases.recipe import (
    DTYPE_TOKENS,
    VERSION,
    Padding,
    Recipe,
    RecipeKind,
    Spelling,
    TensorName,
)
from conv_transpose_conformance.errors import InvalidCase


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."


def read(text: str) -> dict[str, Any]:
    """Returns the fields of the case with this id.

    Raises:
        InvalidCase: if the id is malformed; gives the position and the wrong token.
    """
    return _Parser(text).fields()


class _Parser:
    """Reads the tokens of an id in order; ``next`` is the index of the next one."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = text.split("_")
        self.next = 0

    def _fail(self, wanted: str) -> InvalidCase:
        position = sum(len(token) + 1 for token in self.tokens[: self.next])
        found = repr(_short(self.tokens[self.next], 40)) if self.next < len(self.tokens) else "its end"
        where = f"at character {min(position, len(self.text)) + 1}"
        shown = _short(self.text, 120)
        return InvalidCase(f"malformed case id {shown!r}: {where}, expected {wanted}, found {found}")

    def _optional(self, pattern: str) -> re.Match[str] | None:
        if self.next < len(self.tokens):
            match = re.fullmatch(pattern, self.tokens[self.next], re.ASCII)
            if match:
                self.next += 1
                return match
        return None

    def _required(self, pattern: str, wanted: str) -> re.Match[str]:
        match = self._optional(pattern)
        if match is None:
            raise self._fail(wanted)
        return match

    def _sizes(self, prefix: str, ndim: int) -> tuple[int, ...] | None:
        match = self._optional(prefix + r"(-?\d{1,19}(?:x-?\d{1,19})*)")
        if match is None:
            return None
        values = tuple(map(int, match[1].split("x")))
        if len(values) != ndim:
            self.next -= 1
            raise self._fail(f"'{prefix}' with {ndim} value(s) for a {ndim}-D case")
        return values

    def _padding(self, ndim: int) -> Padding:
        word = self._optional("p(same|valid)")
        if word is not None:
            return cast("Literal['same', 'valid']", word[1])
        side = r"-?\d{1,19}(?:\.-?\d{1,19})?"
        match = self._optional(f"p({side}(?:x{side})*)")
        if match is None:
            return ((0, 0),) * ndim
        pairs = [tuple(map(int, part.split("."))) for part in match[1].split("x")]
        if len(pairs) != ndim:
            self.next -= 1
            raise self._fail(f"'p' with {ndim} value(s) for a {ndim}-D case")
        return tuple((pair[0], pair[-1]) for pair in pairs)

    def _recipe(self) -> Recipe:
        lit = self._optional("one" + "".join(rf"(?:[.]({name})(\d{{1,19}}))?" for name in "xwbg"))
        if lit is not None:
            found = zip(lit.groups()[::2], lit.groups()[1::2], strict=True)
            pairs = [(cast("TensorName", name), int(place)) for name, place in found if name]
            return Recipe("one", 0, tuple(pairs))
        match = self._required(
            "(int|real)[.]([0-9a-f]{1,16})", "the data recipe ('int.2a', 'real.2a' or 'one.x0.w3')"
        )
        return Recipe(cast("RecipeKind", match[1]), int(match[2], 16))

    def fields(self) -> dict[str, Any]:
        """Returns the fields of the case."""
        self._required(re.escape(VERSION), f"the version {VERSION!r} of this suite's ids")
        ndim = int(self._required("([12])d", "'1d' or '2d'")[1])
        batch = self._required(r"u|n(-?\d{1,19})", "the batch ('n2', or 'u' for none)")[1]
        in_channels = int(self._required(r"ci(-?\d{1,19})", "the input channels ('ci4')")[1])
        out_channels = int(self._required(r"co(-?\d{1,19})", "the output channels ('co4')")[1])
        input_size = self._sizes("i", ndim)
        if input_size is None:
            raise self._fail("the input size ('i5' or 'i5x7')")
        kernel_size = self._sizes("k", ndim)
        if kernel_size is None:
            raise self._fail("the kernel size ('k3' or 'k3x3')")
        stride = self._sizes("s", ndim) or (1,) * ndim
        padding = self._padding(ndim)
        output_padding = self._sizes("op", ndim) or (0,) * ndim
        output_size = self._sizes("os", ndim)
        dilation = self._sizes("d", ndim) or (1,) * ndim
        groups = self._optional(r"g(-?\d{1,19})")
        bias = self._optional("b") is not None
        dtype = self._required("f16|bf16|f32|f64", "a parameter in its place, or the dtype ('f32')")[0]
        layout = self._optional("cl")
        spelling = self._optional("tuple|sides|nested")
        recipe = self._recipe()
        if self.next != len(self.tokens):
            raise self._fail("the end of the id")
        return {
            "input_size": input_size,
            "batch": None if batch is None else int(batch),
            "in_channels": in_channels,
            "out_channels": out_channels,
            "kernel_size": kernel_size,
            "stride": stride,
            "padding": padding,
            "output_padding": output_padding,
            "output_size": output_size,
            "dilation": dilation,
            "groups": 1 if groups is None else int(groups[1]),
            "bias": bias,
            "dtype": DTYPE_TOKENS[dtype],
            "layout": "channels_last" if layout else "channels_first",
            "spelling": cast("Spelling", spelling[0]) if spelling else "plain",
            "recipe": recipe,
        }
