"""A case: one configuration of transposed convolution together with its data recipe.

A case is frozen plain data.  It describes a call, valid or not; :mod:`cases.meaning` and each framework's
``interpret`` decide validity.  Its id is canonical and contains everything, so the id alone replays any
finding::

    v1_2d_n2_ci4_co6_i5x7_k3x3_s2x1_p1x0.2_op1x0_d1x2_g2_b_f32_int.1f

The tokens have this order; those in brackets are omitted at their default::

    v1 1d|2d n<batch>|u ci<C_in> co<C_out> i<size> k<kernel> [s<stride>] [p<padding>] [op<output padding>]
    [os<output size>] [d<dilation>] [g<groups>] [b] f16|bf16|f32|f64 [cl] [tuple|sides|nested]
    int.<seed in hex>|real.<seed in hex>|one[.x<index>][.w<index>][.b<index>][.g<index>]

``x`` separates dimensions, ``.`` separates the two sides of one dimension if they differ.  ``u`` is an input
without a batch dimension, ``b`` a bias, ``cl`` channels last.  ``tuple``, ``sides`` and ``nested`` are ways
to write the same arguments.  ``one`` is one-hot data: it names the elements that are 1 by their place in C
order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from attrs import evolve, field, frozen, validators

from conv_transpose_conformance.cases.case_id import read
from conv_transpose_conformance.cases.recipe import (
    LIMIT,
    TOKENS_OF_DTYPES,
    VERSION,
    DType,
    Layout,
    Padding,
    Recipe,
    Spelling,
    is_int,
    one_of,
)
from conv_transpose_conformance.errors import InvalidCase


def _check_instance(_instance: object, attribute: Any, value: Any) -> None:
    kind = {"bias": bool, "recipe": Recipe}[attribute.name]
    if not isinstance(value, kind):
        raise InvalidCase(f"{attribute.name} must be a {kind.__name__}, not {value!r}")


def _check_int(case: Case, attribute: Any, value: Any) -> None:
    if not is_int(value) or abs(cast(int, value)) > LIMIT:
        raise InvalidCase(f"{attribute.name} must be an integer of at most 64 bits, not {value!r}")


def _check_ints(case: Case, attribute: Any, value: Any) -> None:
    if not isinstance(value, tuple) or not all(is_int(item) and abs(item) <= LIMIT for item in value):
        raise InvalidCase(f"{attribute.name} must be a tuple of integers of at most 64 bits, not {value!r}")
    if len(value) != len(case.input_size):
        raise InvalidCase(
            f"{attribute.name} has {len(value)} dimensions, input_size has {len(case.input_size)}: "
            "give one value each"
        )


@frozen(kw_only=True)
class Case:
    """One configuration of the operator with its data recipe; the module's docstring explains the id.

    ``spelling`` says how the same arguments are written: ``plain``, as users write them (one integer if all
    dimensions agree, else one number per dimension or per side); ``tuple``, always one number per dimension;
    ``sides``, the padding as one number per side; ``nested``, the padding as a pair for every dimension of
    the tensor.

    Raises:
        InvalidCase: if a field has the wrong type, or if the dimensions disagree.  Values that no framework
            should accept, such as a negative stride, are legal here.
    """

    input_size: tuple[int, ...] = field()
    batch: int | None = field()
    in_channels: int = field(validator=_check_int)
    out_channels: int = field(validator=_check_int)
    kernel_size: tuple[int, ...] = field(validator=_check_ints)
    stride: tuple[int, ...] = field(validator=_check_ints)
    padding: Padding = field()
    output_padding: tuple[int, ...] = field(validator=_check_ints)
    output_size: tuple[int, ...] | None = field(default=None, validator=validators.optional(_check_ints))
    dilation: tuple[int, ...] = field(validator=_check_ints)
    groups: int = field(validator=_check_int)
    bias: bool = field(validator=_check_instance)
    dtype: DType = field(validator=one_of)
    layout: Layout = field(default="channels_first", validator=one_of)
    spelling: Spelling = field(default="plain", validator=one_of)
    recipe: Recipe = field(validator=_check_instance)

    @input_size.validator
    def _check_input_size(self, attribute: Any, value: Any) -> None:
        if not isinstance(value, tuple) or len(value) not in (1, 2):
            raise InvalidCase(f"input_size must be a tuple of 1 or 2 integers, not {value!r}")
        _check_ints(self, attribute, value)

    @batch.validator
    def _check_batch(self, attribute: Any, value: Any) -> None:
        if value is not None:
            _check_int(self, attribute, value)

    @padding.validator
    def _check_padding(self, _attribute: object, value: Any) -> None:
        if value in ("same", "valid"):
            return
        pairs = isinstance(value, tuple) and all(
            isinstance(p, tuple) and len(p) == 2 and all(is_int(v) and abs(v) <= LIMIT for v in p)
            for p in value
        )
        if not pairs or len(cast("tuple[object, ...]", value)) != self.ndim:
            raise InvalidCase(
                f"padding must be 'same', 'valid' or {self.ndim} (before, after) pair(s) of integers, "
                f"not {value!r}"
            )

    @property
    def ndim(self) -> int:
        """The number of spatial dimensions, 1 or 2."""
        return len(self.input_size)

    @property
    def symmetric(self) -> bool:
        """Whether the padding is explicit and the same on both sides of every dimension."""
        return not isinstance(self.padding, str) and all(before == after for before, after in self.padding)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """``(C_in, C_out / groups, *kernel)``, the layout that all the frameworks document."""
        per_group = self.out_channels // self.groups if self.groups else self.out_channels
        return (self.in_channels, per_group, *self.kernel_size)

    @property
    def complexity(self) -> tuple[int, int, str]:
        """A sort key: the case with fewer, smaller and plainer parameters comes first."""
        sides = [(0, 0)] * self.ndim if isinstance(self.padding, str) else self.padding
        sizes = (*self.input_size, *self.kernel_size, self.in_channels, self.out_channels, self.batch or 0)
        extras = (
            *(abs(s - 1) for s in self.stride),
            *(abs(d - 1) for d in self.dilation),
            *(abs(v) for pair in sides for v in pair),
            *map(abs, self.output_padding),
            abs(self.groups - 1),
            int(self.bias),
            int(self.output_size is not None) + int(isinstance(self.padding, str)),
            int(self.layout != "channels_first")
            + int(self.recipe.kind == "real")
            + int(self.spelling != "plain")
            + int(self.dtype != "float32"),
        )
        return (self.ndim, sum(map(abs, sizes)) + 2 * sum(extras), self.id)

    @property
    def id(self) -> str:
        """The canonical id; ``Case.parse(case.id) == case``."""
        return "_".join(self._tokens())

    def _tokens(self) -> Iterator[str]:
        ndim = self.ndim
        yield VERSION
        yield f"{ndim}d"
        yield "u" if self.batch is None else f"n{self.batch}"
        yield f"ci{self.in_channels}"
        yield f"co{self.out_channels}"
        yield "i" + _join(self.input_size)
        yield "k" + _join(self.kernel_size)
        if self.stride != (1,) * ndim:
            yield "s" + _join(self.stride)
        if isinstance(self.padding, str):
            yield "p" + self.padding
        elif self.padding != ((0, 0),) * ndim:
            yield "p" + "x".join(str(b) if b == a else f"{b}.{a}" for b, a in self.padding)
        if self.output_padding != (0,) * ndim:
            yield "op" + _join(self.output_padding)
        if self.output_size is not None:
            yield "os" + _join(self.output_size)
        if self.dilation != (1,) * ndim:
            yield "d" + _join(self.dilation)
        if self.groups != 1:
            yield f"g{self.groups}"
        if self.bias:
            yield "b"
        yield TOKENS_OF_DTYPES[self.dtype]
        if self.layout == "channels_last":
            yield "cl"
        if self.spelling != "plain":
            yield self.spelling
        yield self.recipe.token

    @classmethod
    def parse(cls, text: str) -> Case:
        """Returns the case of a canonical id.

        Raises:
            InvalidCase: if the text is no canonical id; gives the position and the wrong token.
        """
        case = cls(**read(text))
        if case.id != text:
            raise InvalidCase(f"case id {text!r} is not canonical: write it {case.id!r}")
        return case

    def replace(self, **changes: Any) -> Case:
        """Returns a copy with some fields changed."""
        return evolve(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data for JSON; :meth:`from_dict` is the inverse."""
        return {
            "id": self.id,
            "ndim": self.ndim,
            "batch": self.batch,
            "in_channels": self.in_channels,
            "out_channels": self.out_channels,
            "input_size": list(self.input_size),
            "kernel_size": list(self.kernel_size),
            "stride": list(self.stride),
            "padding": self.padding
            if isinstance(self.padding, str)
            else [list(pair) for pair in self.padding],
            "output_padding": list(self.output_padding),
            "output_size": None if self.output_size is None else list(self.output_size),
            "dilation": list(self.dilation),
            "groups": self.groups,
            "bias": self.bias,
            "dtype": self.dtype,
            "layout": self.layout,
            "spelling": self.spelling,
            "recipe": self._recipe(),
        }

    def _recipe(self) -> dict[str, Any]:
        recipe: dict[str, Any] = {"kind": self.recipe.kind, "seed": f"{self.recipe.seed:x}"}
        return {**recipe, "lit": [list(pair) for pair in self.recipe.lit]} if self.recipe.lit else recipe

    @classmethod
    def from_dict(cls, data: Any) -> Case:
        """Returns the case of :meth:`to_dict`'s data.

        Raises:
            InvalidCase: if a key is missing, unknown or of the wrong type, or if the id is another case's.
        """
        if not isinstance(data, dict):
            raise InvalidCase(f"a case must be a JSON object, not {type(data).__name__}")
        fields = dict(data)
        identifier, ndim = fields.pop("id", None), fields.pop("ndim", None)
        try:
            for name in ("input_size", "kernel_size", "stride", "output_padding", "dilation", "output_size"):
                if fields[name] is not None:
                    fields[name] = tuple(fields[name])
            if not isinstance(fields["padding"], str):
                fields["padding"] = tuple(tuple(pair) for pair in fields["padding"])
            recipe = dict(fields["recipe"])
            if "spelling" not in fields:
                raise KeyError("spelling")
            lit = tuple(tuple(pair) for pair in recipe.get("lit", ()))
            fields["recipe"] = Recipe(recipe["kind"], int(recipe["seed"], 16), lit)
            case = cls(**fields)
        except InvalidCase:
            raise
        except KeyError as error:
            raise InvalidCase(f"a case needs the key {error.args[0]!r}") from None
        except (TypeError, ValueError) as error:
            raise InvalidCase(f"not the data of a case: {error}") from None
        if ndim not in (None, case.ndim) or identifier not in (None, case.id):
            raise InvalidCase(f"the id {identifier!r} is not that of the parameters beside it, {case.id!r}")
        return case

    def to_json(self) -> str:
        """Returns :meth:`to_dict` as one line of JSON."""
        return json.dumps(self.to_dict(), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Case:
        """Returns the case of :meth:`to_json`'s text.

        Raises:
            InvalidCase: if the text is not JSON, or not of a case.
        """
        try:
            return cls.from_dict(json.loads(text))
        except InvalidCase:
            raise
        except (ValueError, RecursionError) as error:
            raise InvalidCase(f"not JSON: {error}") from None


def _join(values: tuple[int, ...]) -> str:
    return "x".join(map(str, values))
