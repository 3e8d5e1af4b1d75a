"""A case under one geometry: its data and its reference, computed once for all who share them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from attrs import evolve

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.tensors import Data, gradient_pool, make_data, output_gradient
from conv_transpose_conformance.judging.expected import Array, Expected, is_transformable
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.reference_impl import Geometry, backward, error_model, forward


class Problem:
    """A case under one geometry (None where the documents give none)."""

    def __init__(self, case: Case, geometry: Geometry | None) -> None:
        self.case = case
        self.geometry = geometry
        self._observed: dict[Geometry, Problem] = {}

    @cached_property
    def data(self) -> Data:
        """The tensors; see :func:`cases.tensors.make_data`."""
        return make_data(self.case, self.geometry)

    @cached_property
    def pool(self) -> Array:
        """The numbers of the output's gradient, for an output whose shape no document gives."""
        return gradient_pool(self.case, self.data.magnitude)

    def under(self, geometry: Geometry) -> Problem:
        """Returns the problem with the same tensors under a geometry that an answer was found to have."""
        found = self._observed.get(geometry)
        if found is None:
            gradient = output_gradient(self.case, self.data.magnitude, geometry.output_size)
            found = Problem(self.case, geometry)
            found.__dict__["data"] = evolve(self.data, g=gradient)
            self._observed[geometry] = found
        return found

    @cached_property
    def reference(self) -> Mapping[Check, Expected]:
        """What the values and gradients must be; empty without a geometry."""
        if self.geometry is None:
            return {}
        data, geometry = self.data, self.geometry
        assert data.g is not None
        # Only for reals in float64 is float64 accumulation as rough as what is judged.
        compensated = self.case.dtype == "float64" and self.case.recipe.kind == "real"
        precision: Any = "compensated" if compensated else "working"
        y = forward(data.x, data.w, data.b, geometry=geometry, precision=precision)
        gradients = backward(data.x, data.w, data.g, geometry=geometry, precision=precision)
        model = error_model(data.x, data.w, data.b, data.g, geometry=geometry)
        bias = None if data.b is None else data.b.astype(np.float64).reshape(-1, *[1] * self.case.ndim)
        transformable = is_transformable(geometry)
        expected = {
            Check.VALUES: Expected(y, *model.y, bias, transformable),
            Check.GRAD_INPUT: Expected(gradients.x, *model.x, None, transformable),
            Check.GRAD_WEIGHT: Expected(gradients.w, *model.w, None, transformable),
        }
        if data.b is not None:
            expected[Check.GRAD_BIAS] = Expected(gradients.bias, *model.bias)
        return expected
