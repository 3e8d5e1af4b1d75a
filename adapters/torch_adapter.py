"""PyTorch: ``torch.nn.ConvTranspose1d/2d`` and ``torch.nn.functional.conv_transpose1d/2d``."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from adapters.base import Adapter, Array, Call, CaseData, is_symmetric, leaves_rest, scalar_or_tuple


class TorchAdapter(Adapter):
    """PyTorch, eager, on the CPU."""

    framework = "torch"
    module = "torch"
    implementations: ClassVar = {
        "torch.nn.ConvTranspose1d": {"ndim": 1, "module": True},
        "torch.nn.ConvTranspose2d": {"ndim": 2, "module": True},
        "torch.nn.functional.conv_transpose1d": {"ndim": 1, "module": False},
        "torch.nn.functional.conv_transpose2d": {"ndim": 2, "module": False},
    }

    @staticmethod
    def cannot_express(implementation: str, case: CaseData) -> str | None:
        """Padding is symmetric, the layout channels first; only the modules take an output size."""
        if isinstance(case["padding"], str):
            return "padding is given in numbers only"
        if not is_symmetric(case):
            return "padding is the same on both sides of a dimension"
        if case["layout"] != "channels_first":
            return "no data-format argument: the input is channels first"
        if case["output_size"] is not None and not TorchAdapter.implementations[implementation]["module"]:
            return "the functional form takes no output_size"
        if not TorchAdapter.implementations[implementation]["module"] and leaves_rest(case):
            return (
                "the functional form takes the output channels from the weight: groups times a whole number"
            )
        return None

    def __init__(self) -> None:
        """Imports torch; one thread, as the host's reference uses the other cores."""
        import torch

        self.torch = torch
        torch.set_num_threads(1)
        torch.manual_seed(0)

    def describe(self) -> dict[str, Any]:
        """Version, device and the dtypes that transposed convolution has on it."""
        return {
            "version": self.torch.__version__,
            "device": "cpu",
            "dtypes": ["float32", "float64"],
        }

    def call(self, implementation: str, case: CaseData, arrays: dict[str, Array]) -> Call:
        """See the base class."""
        return _TorchCall(self.torch, self.implementations[implementation], case, arrays)


class _TorchCall(Call):
    def __init__(self, torch: Any, about: dict[str, Any], case: CaseData, arrays: dict[str, Array]) -> None:
        self.torch, self.about, self.case = torch, about, case
        self.tensors = {name: self._tensor(arrays[name]) for name in arrays if name in ("x", "w", "b")}
        self.x = self.tensors["x"].requires_grad_()
        self.parameters: list[Any] = []
        self.arguments = {
            "stride": scalar_or_tuple(case["stride"]),
            "padding": scalar_or_tuple([before for before, _ in case["padding"]]),
            "output_padding": scalar_or_tuple(case["output_padding"]),
            "groups": case["groups"],
            "dilation": scalar_or_tuple(case["dilation"]),
        }

    def construct(self) -> dict[str, tuple[list[int], str]]:
        torch, case, ndim = self.torch, self.case, self.about["ndim"]
        if not self.about["module"]:
            self.parameters = [
                self.tensors[name].requires_grad_() for name in ("w", "b") if name in self.tensors
            ]
            self.function = (
                torch.nn.functional.conv_transpose1d if ndim == 1 else torch.nn.functional.conv_transpose2d
            )
            return {}
        layer_class = torch.nn.ConvTranspose1d if ndim == 1 else torch.nn.ConvTranspose2d
        self.layer = layer_class(
            case["in_channels"],
            case["out_channels"],
            scalar_or_tuple(case["kernel_size"]),
            bias=case["bias"],
            dtype=getattr(torch, case["dtype"]),
            **self.arguments,
        )
        made = {name: (list(p.shape), _name(p.dtype)) for name, p in self.layer.named_parameters()}
        self.parameters = [self.layer.weight] + ([self.layer.bias] if case["bias"] else [])
        with torch.no_grad():
            for parameter, name in zip(self.parameters, ("w", "b")):
                if parameter.shape == self.tensors[name].shape:  # where not, the check of parameters says so
                    parameter.copy_(self.tensors[name])
        return made

    def forward(self) -> Any:
        if self.about["module"]:
            if self.case["output_size"] is not None:
                return self.layer(self.x, output_size=self.case["output_size"])
            return self.layer(self.x)
        return self.function(self.x, self.parameters[0], self.tensors.get("b"), **self.arguments)

    def shape_and_dtype(self, output: Any) -> tuple[list[int], str]:
        return list(output.shape), _name(output.dtype)

    def fetch(self, output: Any) -> Array:
        return self._array(output)

    def backward(self, output: Any, grad: Array) -> dict[str, Array]:
        gradients = self.torch.autograd.grad(
            output, [self.x, *self.parameters], self._tensor(grad), allow_unused=True
        )
        names = ("grad_input", "grad_weight", "grad_bias")
        return {name: self._array(value) for name, value in zip(names, gradients) if value is not None}

    # NumPy knows no bfloat16: it travels as its bits.

    def _tensor(self, array: Array) -> Any:
        tensor = self.torch.from_numpy(np.array(array))
        return tensor.view(self.torch.bfloat16) if self.case["dtype"] == "bfloat16" else tensor

    def _array(self, tensor: Any) -> Array:
        tensor = tensor.detach()
        return (tensor.view(self.torch.uint16) if tensor.dtype == self.torch.bfloat16 else tensor).numpy()


def _name(dtype: Any) -> str:
    return str(dtype).split(".")[-1]


ADAPTER = TorchAdapter
