"""Variants of PyTorch's layers: compiled, exported, mapped over the batch, on tensors without values.

Another part of PyTorch runs the layer and promises the same results.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

from conv_transpose_conformance.adapters import KEPT
from conv_transpose_conformance.adapters.base import Array, Unsupported, first_line
from conv_transpose_conformance.adapters.torch_call import TorchCall


class Compiled(TorchCall):
    """``torch.compile(layer)`` with its default backend."""

    def construct(self) -> dict[str, tuple[list[int], str]]:
        made = super().construct()
        if not hasattr(self.torch, "compile"):
            raise Unsupported("this release has no torch.compile")
        if os.environ.get(KEPT):
            tempfile.tempdir = os.environ[KEPT]  # its folder for compiled code
        self.torch._dynamo.reset()  # code compiled for other cases would be searched and kept
        self.layer = _told(lambda: self.torch.compile(self.layer))
        return made

    def forward(self) -> Any:
        return _told(super().forward)

    def second(self, grad: Array, directions: dict[str, Array]) -> dict[str, Array]:
        try:
            return super().second(grad, directions)
        except RuntimeError as error:
            if "does not currently support double backward" in str(error):
                raise Unsupported(first_line(error)) from error
            raise


class Exported(TorchCall):
    """``torch.export.export(layer, (x,)).module()``."""

    exported = False

    def forward(self) -> Any:
        self._export()
        return super().forward()

    def tangent(self, tangents: dict[str, Array]) -> Array:
        self._export()  # the tangents belong to the tensors of the program
        return super().tangent(tangents)

    def _export(self) -> None:
        """Replaces the layer by its program, once."""
        if self.exported:
            return
        if not hasattr(self.torch, "export"):
            raise Unsupported("this release has no torch.export")
        program = self.torch.export.export(self.layer, (self.x,), self.sizes())
        self.layer, self.exported = program.module(), True
        self.parameters = [self.layer.weight] + ([self.layer.bias] if len(self.parameters) > 1 else [])


class Mapped(TorchCall):
    """``torch.vmap(layer)(x)``: the layer on each input of a batch."""

    def construct(self) -> dict[str, tuple[list[int], str]]:
        made = super().construct()
        if not hasattr(self.torch, "vmap"):
            raise Unsupported("this release has no torch.vmap")
        return made

    def forward(self) -> Any:
        sizes = self.sizes()
        return self.torch.vmap(lambda one: self.layer(one, **sizes))(self.x)


class Meta(TorchCall):
    """Layer and input on the device ``meta``: checks arguments and gives shapes, but computes no values."""

    def __init__(self, torch: Any, device: str, *rest: Any) -> None:
        del device
        super().__init__(torch, "meta", *rest)

    def _array(self, tensor: Any) -> Array:
        raise Unsupported("a meta tensor has no values")


def _told(made: Any) -> Any:
    """Returns the result of ``made``.

    Raises:
        Unsupported: if nothing can be compiled here; the text is torch's.
    """
    try:
        return made()
    except Exception as error:
        if "C++ compiler" in str(error) or "not supported on Python" in str(error):
            raise Unsupported(first_line(error)) from error
        raise


VARIANTS = {"compile": Compiled, "export": Exported, "vmap": Mapped, "meta": Meta}
