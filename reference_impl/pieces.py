"""The operator and its gradients as separate functions on real arrays, for composition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from conv_transpose_conformance.reference_impl import compensated
from conv_transpose_conformance.reference_impl.arguments import Array
from conv_transpose_conformance.reference_impl.choices import How, kernels
from conv_transpose_conformance.reference_impl.geometry import Geometry

__all__ = ["Pieces"]


@dataclass(frozen=True, slots=True)
class Pieces:
    """Computes on float64 arrays (N, C, *spatial), compensated or in working precision by the kernels."""

    geometry: Geometry
    how: How

    def output(self, x: Array, w: Array, bias: Array | None) -> Array:
        """Returns y, (N, C_out, *output_size)."""
        if self.how.compensated:
            return compensated.output(x, w, bias, self.geometry, self.how.compiled, self.how.threads)
        out = np.empty((x.shape[0], w.shape[1] * self.geometry.groups, *self.geometry.output_size))
        kernels.output(x, w, bias, self.geometry, self.how.threads, out)
        return out

    def gradient_x(self, w: Array, grad: Array) -> Array:
        """Returns the gradient of x, (N, C_in, *input_size)."""
        if self.how.compensated:
            return compensated.gradient_x(w, grad, self.geometry, self.how.compiled, self.how.threads)
        out = np.empty((grad.shape[0], w.shape[0], *self.geometry.input_size))
        kernels.gradient_x(w, grad, self.geometry, self.how.threads, out)
        return out

    def gradient_w(self, x: Array, grad: Array) -> Array:
        """Returns the gradient of w, (C_in, C_out / groups, *kernel_size)."""
        if self.how.compensated:
            return compensated.gradient_w(x, grad, self.geometry, self.how.compiled, self.how.threads)
        out = np.empty((x.shape[1], grad.shape[1] // self.geometry.groups, *self.geometry.kernel_size))
        kernels.gradient_w(x, grad, self.geometry, self.how.threads, out)
        return out

    def gradient_bias(self, grad: Array) -> Array:
        """Returns the gradient of bias, (C_out,)."""
        if self.how.compensated:
            return compensated.gradient_bias(grad, self.geometry, self.how.compiled, self.how.threads)
        return kernels.gradient_bias(grad, self.how.threads)
