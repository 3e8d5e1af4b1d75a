"""The reference in pieces, so that a fault can replace one of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from conv_transpose_conformance.cases.axes import axes_of
from conv_transpose_conformance.faults.model import FaultModel, Outputs, Refusal, Result, Unread
from conv_transpose_conformance.judging.judge import Array
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.reference_impl import Geometry, backward, forward

Mask = NDArray[Any]
REFUSED: Final = Refusal("RuntimeError: invalid arguments")


@frozen(kw_only=True)
class Operator:
    """Float64 tensors with a batch axis, and the connections between them.

    ``products`` and ``biased`` say per output position whether products and the bias arrive; ``bias_factor``
    is how often the bias does.  The gradients follow from these pieces.
    """

    problem: Problem
    geometry: Geometry
    x: Array
    w: Array
    b: Array | None
    g: Array
    products: Mask | None = None
    biased: Mask | None = None
    bias_factor: float = 1.0
    _correct: Geometry = field(init=False)

    def __attrs_post_init__(self) -> None:
        assert self.problem.geometry is not None
        object.__setattr__(self, "_correct", self.problem.geometry)

    @classmethod
    def of(cls, problem: Problem) -> Operator:
        """Returns the correct operator."""
        data, geometry = problem.data, problem.geometry
        assert geometry is not None
        assert data.g is not None
        lift: Any = (lambda a: a) if problem.case.batch is not None else (lambda a: a[None])
        wide = [lift(data.x), data.w, lift(data.g)]
        x, w, g = (array.astype(np.float64) for array in wide)
        b = None if data.b is None else data.b.astype(np.float64)
        return cls(problem=problem, geometry=geometry, x=x, w=w, b=b, g=g)

    def but(self, **changes: Any) -> Operator:
        """Returns a copy with some pieces replaced."""
        return evolve(self, **changes)

    def placed(self, **changes: Any) -> Operator:
        """Returns a copy with some entries of the geometry replaced."""
        names = ("input_size", "kernel_size", "stride", "dilation", "crop_before", "output_size", "groups")
        entries = {name: changes.get(name, getattr(self.geometry, name)) for name in names}
        return self.but(geometry=Geometry(**entries))

    def y(self) -> Array:
        """Returns the output, with a batch axis."""
        y = forward(self.x, self.w, geometry=self.geometry)
        if self.products is not None:
            y = y * self.products
        if self.b is not None:
            spread = self.b.reshape(-1, *[1] * self.geometry.ndim) * self.bias_factor
            y = y + (spread if self.biased is None else spread * self.biased)
        return y

    def outputs(self, **replaced: Array) -> Outputs:
        """Returns every tensor of an answer, without a batch axis if the case has none.

        ``replaced`` replaces some tensors, given by the names of their checks and with a batch axis.  If the
        output has a wrong shape, there are no gradients.
        """
        y = replaced.get("values")
        found = {Check.VALUES: self.y() if y is None else y}
        if found[Check.VALUES].shape == self.g.shape:
            g = self.g if self.products is None else self.g * self.products
            gradients = backward(self.x, self.w, g, geometry=self.geometry)
            found |= {Check.GRAD_INPUT: gradients.x, Check.GRAD_WEIGHT: gradients.w}
            if self.b is not None:
                g = self.g if self.biased is None else self.g * self.biased
                axes = (0, *range(2, g.ndim))
                found[Check.GRAD_BIAS] = g.sum(axis=axes) * self.bias_factor
            found |= {Check(name): array for name, array in replaced.items()}
        if self.problem.case.batch is None:
            for check in (Check.VALUES, Check.GRAD_INPUT):
                if check in found:
                    found[check] = found[check][0]
        return found

    @property
    def extra(self) -> tuple[int, ...]:
        """Returns the output padding per dimension, also the one that an output size needs."""
        return tuple(axis.extra for axis in axes_of(self.problem.case))

    def tail(self) -> Mask:
        """Returns 1 at positions that an output padding added, else 0."""
        return self._beyond([n - e for n, e in zip(self.geometry.output_size, self.extra, strict=True)])

    def _beyond(self, first: list[int]) -> Mask:
        grids = np.indices(self.geometry.output_size)
        found: Mask = np.zeros(self.geometry.output_size)
        for grid, start in zip(grids, first, strict=True):
            found = np.maximum(found, grid >= start)
        return found

    def unreached(self) -> Mask:
        """Returns 1 at positions behind the last one that a product reaches without a crop, else 0."""
        geo = self.geometry
        zipped = zip(geo.input_size, geo.stride, geo.kernel_size, geo.dilation, geo.crop_before, strict=True)
        return self._beyond([(i - 1) * s + d * (k - 1) + 1 - c for i, s, k, d, c in zipped])


Change = Callable[[Operator], Operator | Result]


def fault(name: str, description: str, change: Change, explains: str = "") -> FaultModel:
    """Returns a fault model for calls that compute; it refuses invalid calls correctly.

    ``change`` takes the correct operator and returns the faulty operator or its outputs.  If a change makes
    no sense for a case, it returns the operator unchanged.
    """

    def apply(problem: Problem) -> Result:
        if problem.geometry is None:
            return REFUSED
        try:
            changed = change(Operator.of(problem))
            return changed.outputs() if isinstance(changed, Operator) else changed
        except ValueError as error:  # the changed geometry has no output
            return Refusal(f"ValueError: {error}")

    return FaultModel(name, description, f"behaves as: {explains or description}", apply)


def clean(problem: Problem) -> Result:
    """Returns the answer of an implementation without a fault."""
    if problem.geometry is None:
        return REFUSED
    return {check: expected.values for check, expected in problem.reference.items()}


__all__ = ["Check", "Mask", "Operator", "Outputs", "Refusal", "Result", "Unread", "clean", "fault"]
