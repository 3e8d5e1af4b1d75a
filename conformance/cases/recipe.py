"""Data recipes, and the types and tokens that cases and their ids share."""

from __future__ import annotations

from typing import Any, Final, Literal, cast, get_args

from attrs import field, frozen

from conv_transpose_conformance.errors import InvalidCase

VERSION: Final = "v1"

DType = Literal["float16", "bfloat16", "float32", "float64"]
Layout = Literal["channels_first", "channels_last"]
Spelling = Literal["plain", "tuple", "sides", "nested"]
RecipeKind = Literal["int", "real", "one"]
TensorName = Literal["x", "w", "b", "g"]
Padding = tuple[tuple[int, int], ...] | Literal["same", "valid"]

DTYPE_TOKENS: Final[dict[str, DType]] = {
    "f16": "float16",
    "bf16": "bfloat16",
    "f32": "float32",
    "f64": "float64",
}
TOKENS_OF_DTYPES: Final = {name: token for token, name in DTYPE_TOKENS.items()}
MAX_SEED: Final = 2**64 - 1
LIMIT: Final = 2**63 - 1  # the index type of every framework can hold this


def one_of(_instance: object, attribute: Any, value: Any) -> None:
    """Rejects a value that is not among the words of its type; an attrs validator."""
    allowed = {
        "kind": get_args(RecipeKind),
        "dtype": get_args(DType),
        "layout": get_args(Layout),
        "spelling": get_args(Spelling),
    }
    if value not in allowed[attribute.name]:
        words = ", ".join(map(repr, allowed[attribute.name]))
        raise InvalidCase(f"{attribute.name} must be one of {words}, not {value!r}")


@frozen
class Recipe:
    """How the numbers of a case are made.

    ``int``: small integers for which every order of summation is exact; ``real``: reals of full precision;
    ``one``: one-hot data, zeros with at most one 1 per tensor.  ``lit`` gives the tensors that have one, in
    the order x, w, b, g (the output's gradient), with the place of the element in C order.

    ``seed`` has 64 bits; it is 0 for ``one``.
    """

    kind: RecipeKind = field(validator=one_of)
    seed: int = field(default=0)
    lit: tuple[tuple[TensorName, int], ...] = field(default=())

    @seed.validator
    def _check_seed(self, _attribute: object, value: Any) -> None:
        if not is_int(value) or not 0 <= cast(int, value) <= MAX_SEED:
            raise InvalidCase(f"seed must be an integer from 0 to 2**64 - 1, not {value!r}")
        if self.kind == "one" and value:
            raise InvalidCase(f"seed must be 0 for data of kind 'one', not {value!r}: nothing is drawn")

    @lit.validator
    def _check_lit(self, _attribute: object, value: Any) -> None:
        pairs = isinstance(value, tuple) and all(isinstance(v, tuple) and len(v) == 2 for v in value)
        names = [v[0] for v in value] if pairs else []
        if (
            not pairs
            or names != [name for name in get_args(TensorName) if name in names]
            or not all(is_int(place) and 0 <= place <= LIMIT for _, place in value)
        ):
            raise InvalidCase(f"lit must be (tensor, place) pairs in the order x, w, b, g, not {value!r}")
        if value and self.kind != "one":
            raise InvalidCase(f"lit is for data of kind 'one', not {self.kind!r}")

    @property
    def token(self) -> str:
        """The last token of an id."""
        if self.kind == "one":
            return ".".join(["one", *(f"{name}{place}" for name, place in self.lit)])
        return f"{self.kind}.{self.seed:x}"


def is_int(value: Any) -> bool:
    """Returns whether a value is an integer and not a bool."""
    return isinstance(value, int) and not isinstance(value, bool)
