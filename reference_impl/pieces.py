"""The operator and its gradients on real arrays, each alone, for what is composed from them."""

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
    """Results on float64 arrays (N, C, *spatial): compensated ones, or the compiled kernels' working ones."""

    geometry: Geometry
    how: How

    def output(self, x: Array, w: Array, bias: Array | None) -> Array:
        """Y, (N, C_out, *output_size)."""
        if self.how.compensated:
            return compensated.output(x, w, bias, self.geometry, self.how.compiled, self.how.threads)
        out = np.empty((x.shape[0], w.shape[1] * self.geometry.groups, *self.geometry.output_size))
        kernels.output(x, w, bias, self.geometry, self.how.threads, out)
        return out

    def gradient_x(self, w: Array, grad: Array) -> Array:
        """Gradient of x, (N, C_in, *input_size)."""
        if self.how.compensated:
            return compensated.gradient_x(w, grad, self.geometry, self.how.compiled, self.how.threads)
        out = np.empty((grad.shape[0], w.shape[0], *self.geometry.input_size))
        kernels.gradient_x(w, grad, self.geometry, self.how.threads, out)
        return out

    def gradient_w(self, x: Array, grad: Array) -> Array:
        """Gradient of w, (C_in, C_out / groups, *kernel_size)."""
        if self.how.compensated:
            return compensated.gradient_w(x, grad, self.geometry, self.how.compiled, self.how.threads)
        out = np.empty((x.shape[1], grad.shape[1] // self.geometry.groups, *self.geometry.kernel_size))
        kernels.gradient_w(x, grad, self.geometry, self.how.threads, out)
        return out

    def gradient_bias(self, grad: Array) -> Array:
        """Gradient of bias, (C_out,)."""
        if self.how.compensated:
            return compensated.gradient_bias(grad, self.geometry, self.how.compiled, self.how.threads)
        return kernels.gradient_bias(grad, self.how.threads)
