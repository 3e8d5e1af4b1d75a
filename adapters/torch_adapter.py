"""PyTorch: ``torch.nn.ConvTranspose1d/2d`` and ``torch.nn.functional.conv_transpose1d/2d``."""

from __future__ import annotations

import os
from typing import Any

from conv_transpose_conformance.adapters import DEVICE
from conv_transpose_conformance.adapters.base import (
    Adapter,
    Array,
    Call,
    CaseData,
    NoDevice,
    Options,
    variant_of,
)
from conv_transpose_conformance.adapters.torch_call import TorchCall
from conv_transpose_conformance.adapters.torch_variants import VARIANTS


class TorchAdapter(Adapter):
    """PyTorch, eager, on the CPU or on a CUDA device."""

    framework = "torch"
    module = "torch"

    def __init__(self) -> None:
        """Imports torch with one thread, because the host's reference uses the other cores."""
        self.device = os.environ.get(DEVICE, "cpu")
        if self.device == "cuda":
            os.environ["CUDA_LAUNCH_BLOCKING"] = "1"  # errors raise where they happen
        os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
        import torch

        self.torch = torch
        if self.device == "cuda" and not torch.cuda.is_available():
            built = torch.version.cuda or torch.version.hip
            raise NoDevice("it finds no CUDA device" if built else "this build has no CUDA device")
        torch.set_num_threads(1)
        torch.manual_seed(0)

    def describe(self) -> dict[str, Any]:
        """Returns version, device and the dtypes of transposed convolution on it."""
        return {
            "version": self.torch.__version__,
            "device": self.device,
            "dtypes": ["float32", "float64"],
        }

    def call(
        self, implementation: str, case: CaseData, arrays: dict[str, Array], options: Options | None = None
    ) -> Call:
        """See the base class."""
        variant = variant_of(implementation)
        kind: type[TorchCall] = VARIANTS[variant] if variant else TorchCall
        return kind(self.torch, self.device, self.made(implementation), case, arrays, options or Options())


ADAPTER = TorchAdapter
