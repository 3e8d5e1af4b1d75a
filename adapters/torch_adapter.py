"""PyTorch: ``torch.nn.ConvTranspose1d/2d`` and ``torch.nn.functional.conv_transpose1d/2d``."""

from __future__ import annotations

import os
from typing import Any, ClassVar

from conv_transpose_conformance.adapters import DEVICE
from conv_transpose_conformance.adapters.base import (
    Adapter,
    Array,
    Call,
    CaseData,
    NoDevice,
    Options,
    faces,
    is_symmetric,
    leaves_rest,
)
from conv_transpose_conformance.adapters.torch_call import TorchCall
from conv_transpose_conformance.adapters.torch_faces import FACES

_NN1, _NN2 = "torch.nn.ConvTranspose1d", "torch.nn.ConvTranspose2d"


class TorchAdapter(Adapter):
    """PyTorch, eager, on the CPU or on a CUDA device."""

    framework = "torch"
    module = "torch"
    devices: ClassVar = ("cpu", "cuda")
    implementations: ClassVar = {
        _NN1: {"ndim": 1, "module": True},
        _NN2: {"ndim": 2, "module": True},
        "torch.nn.functional.conv_transpose1d": {"ndim": 1, "module": False},
        "torch.nn.functional.conv_transpose2d": {"ndim": 2, "module": False},
        **faces(_NN1, {"ndim": 1, "module": True}, ["compile", "export", "vmap"]),
        **faces(_NN2, {"ndim": 2, "module": True}, ["compile", "export", "vmap"]),
        **faces(_NN1, {"ndim": 1, "module": True, "computes": False}, ["meta"]),
        **faces(_NN2, {"ndim": 2, "module": True, "computes": False}, ["meta"]),
    }
    seconds_per_case: ClassVar = {
        f"{_NN1}+compile": 0.25,
        f"{_NN2}+compile": 1.5,  # some compile C++
        f"{_NN1}+export": 0.1,
        f"{_NN2}+export": 0.1,
    }
    # a worker's first compiles the compiler's own headers: 20 s of a core that it may have to share
    patience: ClassVar = {f"{_NN1}+compile": 120.0, f"{_NN2}+compile": 120.0}

    @staticmethod
    def cannot_express(implementation: str, case: CaseData) -> str | None:
        """Padding is symmetric, the layout channels first; only the modules take an output size."""
        if isinstance(case["padding"], str):
            return "padding is given in numbers only"
        if not is_symmetric(case):
            return "padding is the same on both sides of a dimension"
        if case["spelling"] not in ("plain", "tuple"):
            return "padding is one number per dimension"
        if case["layout"] != "channels_first":
            return "no data-format argument: the input is channels first"
        about = TorchAdapter.implementations[implementation]
        if about.get("face") == "vmap" and case["batch"] is None:
            return "vmap maps over the batch"
        if case["output_size"] is not None and not about["module"]:
            return "the functional form takes no output_size"
        if not about["module"] and leaves_rest(case):
            return (
                "the functional form takes the output channels from the weight: groups times a whole number"
            )
        return None

    def __init__(self) -> None:
        """Imports torch; one thread, as the host's reference uses the other cores."""
        self.device = os.environ.get(DEVICE, "cpu")
        if self.device == "cuda":
            os.environ["CUDA_LAUNCH_BLOCKING"] = "1"  # an error shows where it happens
        os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
        import torch

        self.torch = torch
        if self.device == "cuda" and not torch.cuda.is_available():
            built = torch.version.cuda or torch.version.hip
            raise NoDevice("it finds no CUDA device" if built else "this build has no CUDA device")
        torch.set_num_threads(1)
        torch.manual_seed(0)

    def describe(self) -> dict[str, Any]:
        """Version, device and the dtypes that transposed convolution has on it."""
        return {
            "version": self.torch.__version__,
            "device": self.device,
            "dtypes": ["float32", "float64"],
        }

    def call(
        self, implementation: str, case: CaseData, arrays: dict[str, Array], options: Options | None = None
    ) -> Call:
        """See the base class."""
        about = self.implementations[implementation]
        kind: type[TorchCall] = FACES[about["face"]] if "face" in about else TorchCall
        made = self.made(implementation)
        return kind(self.torch, self.device, made, about, case, arrays, options or Options())


ADAPTER = TorchAdapter
