"""Declaration of an implementation: an API under test, or a variant of one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import evolve, field, frozen
from attrs.validators import deep_iterable, ge, in_, instance_of, matches_re, optional

from conv_transpose_conformance.cases.names import Name
from conv_transpose_conformance.frameworks.interface import Interface

# Kinds of invalid argument that documents may say raise: ``Documented.refuses``.
NEGATIVE = "negative"  # a padding or output padding below 0
NO_CHANNELS = "no-channels"
WRONG_TYPE = "wrong-type"  # a number of another type than the documented one
WRONG_TYPE_OF_GROUPS = "wrong-type-of-groups"
EXTRA_OF_STRIDE = "output-padding-of-stride"  # an output padding as large as the stride
EXTRA_BEYOND_STRIDE = "output-padding-beyond-stride"
SIZE_OUT_OF_REACH = "output-size-out-of-reach"
KINDS_REFUSED = (
    NEGATIVE,
    NO_CHANNELS,
    WRONG_TYPE,
    WRONG_TYPE_OF_GROUPS,
    EXTRA_OF_STRIDE,
    EXTRA_BEYOND_STRIDE,
    SIZE_OUT_OF_REACH,
)


@frozen(kw_only=True)
class Documented:
    """What an API's documents say besides the geometry of a call.

    Attributes:
        interface: its arguments; None if no page lists them.
        dtypes: the dtypes that must work; an API may refuse others.
        sequences: the types, of ``"tuple"`` and ``"list"``, in which one number per dimension may be written.
        padding_by_dimension: whether this is also a way to write the padding (otherwise: one number for all
            sides, or one number per side).
        uniform: whether initial parameters are drawn from U(-√κ, √κ), κ = groups / (C_out · ∏ kernel).
        refuses: the kinds of invalid argument, of ``KINDS_REFUSED``, that the documents say raise.
    """

    interface: Interface | None = field(default=None, validator=optional(instance_of(Interface)))
    dtypes: tuple[str, ...] = field(default=("float32",), validator=deep_iterable(instance_of(str)))
    sequences: tuple[str, ...] = field(default=("tuple",), validator=deep_iterable(in_(("tuple", "list"))))
    padding_by_dimension: bool = field(default=True, validator=instance_of(bool))
    uniform: bool = field(default=False, validator=instance_of(bool))
    refuses: frozenset[str] = field(default=frozenset(), validator=deep_iterable(in_(KINDS_REFUSED)))


@frozen(kw_only=True)
class Implementation:
    """An API of a framework, or a variant of one (``+compile``), under the same documents.

    Attributes:
        api: its name; begins with the framework's name and a dot.
        ndim: spatial dimensions, 1 or 2.
        is_layer: whether it is a layer with parameters of its own rather than a function.
        variant: the part of the framework that runs the layer ("compile", say), "" for plain calls.
        computes: whether its outputs have values on the devices that the suite runs on.
        shapes_only: whether it promises an output's shape and dtype in place of an output.
        maps_batch: whether the layer gets the inputs of a batch one by one, without a batch dimension.
        seconds: time of a call if it is slow, else 0; a profile limits its cases by it.
        patience: seconds that a call may take in addition to the usual deadline, to wait for a compiler.
        documented: what its documents say.
    """

    api: str = field(validator=matches_re(r"[A-Za-z_][\w.]*\.\w+"))
    ndim: int = field(validator=[instance_of(int), in_((1, 2))])
    is_layer: bool = field(validator=instance_of(bool))
    variant: str = field(default="", validator=matches_re(r"\w*"))
    computes: bool = field(default=True, validator=instance_of(bool))
    shapes_only: bool = field(default=False, validator=instance_of(bool))
    maps_batch: bool = field(default=False, validator=instance_of(bool))
    seconds: float = field(default=0.0, validator=ge(0.0))
    patience: float = field(default=0.0, validator=ge(0.0))
    documented: Documented = field(factory=Documented, validator=instance_of(Documented))

    @property
    def name(self) -> str:
        """``api``, or ``api+variant``."""
        return Name(self.api, self.variant).implementation

    def with_variants(self, variants: Iterable[dict[str, Any]]) -> tuple[Implementation, ...]:
        """Returns this API and its variants, each given by the fields that differ."""
        return (self, *(evolve(self, **changes) for changes in variants))


def ordered(implementations: Iterable[Implementation]) -> tuple[Implementation, ...]:
    """Returns layers, then functions, then variants: the order of reports."""
    return tuple(sorted(implementations, key=lambda one: (one.variant != "", not one.is_layer)))
