"""The reference taken apart, so that a fault can replace one piece of it."""

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
    """Tensors in float64 with a batch axis, and how they are connected.

    ``products`` and ``biased`` say, by output position, where products and where the bias arrive;
    ``bias_factor`` how often.  Gradients follow from the pieces as they stand.
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
        """The operator as it should be."""
        data, geometry = problem.data, problem.geometry
        assert geometry is not None
        assert data.g is not None
        lift: Any = (lambda a: a) if problem.case.batch is not None else (lambda a: a[None])
        wide = [lift(data.x), data.w, lift(data.g)]
        x, w, g = (array.astype(np.float64) for array in wide)
        b = None if data.b is None else data.b.astype(np.float64)
        return cls(problem=problem, geometry=geometry, x=x, w=w, b=b, g=g)

    def but(self, **changes: Any) -> Operator:
        """With some pieces replaced."""
        return evolve(self, **changes)

    def placed(self, **changes: Any) -> Operator:
        """With some of the geometry's entries replaced."""
        names = ("input_size", "kernel_size", "stride", "dilation", "crop_before", "output_size", "groups")
        entries = {name: changes.get(name, getattr(self.geometry, name)) for name in names}
        return self.but(geometry=Geometry(**entries))

    def y(self) -> Array:
        """The output, with a batch axis."""
        y = forward(self.x, self.w, geometry=self.geometry)
        if self.products is not None:
            y = y * self.products
        if self.b is not None:
            spread = self.b.reshape(-1, *[1] * self.geometry.ndim) * self.bias_factor
            y = y + (spread if self.biased is None else spread * self.biased)
        return y

    def outputs(self, **replaced: Array) -> Outputs:
        """Every tensor of an answer, without a batch axis where the case has none.

        ``replaced`` takes the place of some: by the names of the checks, with a batch axis.  Where the
        output has another shape than it should, there are no gradients.
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
        """The output padding per dimension, however it was asked for."""
        return tuple(axis.extra for axis in axes_of(self.problem.case))

    def tail(self) -> Mask:
        """1 where an output padding added a position."""
        return self._beyond([n - e for n, e in zip(self.geometry.output_size, self.extra, strict=True)])

    def _beyond(self, first: list[int]) -> Mask:
        grids = np.indices(self.geometry.output_size)
        found: Mask = np.zeros(self.geometry.output_size)
        for grid, start in zip(grids, first, strict=True):
            found = np.maximum(found, grid >= start)
        return found

    def unreached(self) -> Mask:
        """1 at positions behind the last that any product could reach, were nothing cropped."""
        geo = self.geometry
        zipped = zip(geo.input_size, geo.stride, geo.kernel_size, geo.dilation, geo.crop_before, strict=True)
        return self._beyond([(i - 1) * s + d * (k - 1) + 1 - c for i, s, k, d, c in zipped])


Change = Callable[[Operator], Operator | Result]


def fault(name: str, description: str, change: Change, explains: str = "") -> FaultModel:
    """A fault of calls that compute; what cannot exist is refused, as it should be.

    ``change`` gets the operator as it should be and returns the faulty one or its outputs; a change that
    does not make sense for a case returns the operator as it is.
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
    """What an implementation without a fault answers."""
    if problem.geometry is None:
        return REFUSED
    return {check: expected.values for check, expected in problem.reference.items()}


__all__ = ["Check", "Mask", "Operator", "Outputs", "Refusal", "Result", "Unread", "clean", "fault"]
