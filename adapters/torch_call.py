"""One call of PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

from conv_transpose_conformance.adapters.base import (
    Array,
    Call,
    CaseData,
    Options,
    Unsupported,
    is_layer,
    spelled,
)


class TorchCall(Call):
    """A call of ``made``, a class or a function, on ``device``."""

    def __init__(
        self,
        torch: Any,
        device: str,
        made: Any,
        case: CaseData,
        arrays: dict[str, Array],
        options: Options,
    ) -> None:
        self.torch, self.made, self.is_layer = torch, made, is_layer(made)
        self.elsewhere = "" if device == "cpu" else device
        self.case, self.options = case, options
        if options.deterministic != torch.are_deterministic_algorithms_enabled():
            # use_deterministic_algorithms does the same, but imports a compiler, which takes seconds
            torch._C._set_deterministic_algorithms(options.deterministic)
        torch.backends.cudnn.deterministic = options.deterministic
        torch.backends.cudnn.allow_tf32 = options.tf32
        self.tensors = {name: self._tensor(arrays[name]) for name in arrays if name in ("x", "w", "b")}
        if "x" in self.tensors:
            self.x = self._as_view(self.tensors["x"])
            if self.x.is_floating_point() or self.x.is_complex():
                self.x.requires_grad_()
        self.parameters: list[Any] = []
        self.arguments = {
            "stride": spelled(case, case["stride"]),
            "padding": spelled(case, [before for before, _ in case["padding"]]),
            "output_padding": spelled(case, case["output_padding"]),
            "groups": case["groups"],
            "dilation": spelled(case, case["dilation"]),
        }

    def construct(self) -> dict[str, tuple[list[int], str]]:
        if not self.is_layer:
            self.parameters = [
                tensor.requires_grad_() if tensor.is_floating_point() or tensor.is_complex() else tensor
                for tensor in (self.tensors[name] for name in ("w", "b") if name in self.tensors)
            ]
            return {}
        self.layer = self._layer()
        made = {name: (list(p.shape), _name(p.dtype)) for name, p in self.layer.named_parameters()}
        self.parameters = [p for p in (self.layer.weight, self.layer.bias) if p is not None]
        with self.torch.no_grad():
            for parameter, name in zip(self.parameters, ("w", "b")):
                if name in self.tensors and parameter.shape == self.tensors[name].shape:
                    parameter.copy_(self.tensors[name])  # if not, the check of parameters reports it
        return made

    def _layer(self) -> Any:
        case = self.case
        given = {
            "in_channels": case["in_channels"],
            "out_channels": case["out_channels"],
            "kernel_size": spelled(case, case["kernel_size"]),
            "bias": case["bias"],
            "dtype": getattr(self.torch, case["dtype"]),
            **self.arguments,
        }
        if self.elsewhere:
            given["device"] = self.elsewhere
        return self.options.called(self.made, given, leave=("output_size", "input"))

    def sizes(self) -> dict[str, Any]:
        """Returns the arguments of a layer's call besides the input."""
        sizes = {name: v for name, v in self.options.arguments.items() if name == "output_size"}
        if self.case["output_size"] is not None:
            sizes.setdefault("output_size", self.case["output_size"])
        return sizes

    def forward(self) -> Any:
        if self.is_layer:
            return self.layer(self.x, **self.sizes())
        given = {
            "input": self.x,
            "weight": self.parameters[0],
            "bias": self.tensors.get("b"),
            **self.arguments,
        }
        return self.options.called(self.made, given)

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

    def initial(self, seed: int) -> dict[str, Array]:
        if not self.is_layer:
            raise Unsupported("a function has no parameters of its own")
        self.torch.manual_seed(seed)
        return {name: self._array(value) for name, value in self._layer().named_parameters()}

    def inputs(self, grad: Array | None) -> dict[str, Array]:
        output = self.forward()
        if grad is not None:
            self.backward(output, grad)
        now = dict(zip("wb", self.parameters))
        return {"x": self._array(self.x), **{name: self._array(value) for name, value in now.items()}}

    def convolve(self, y: Array) -> Array:
        functional = self.torch.nn.functional
        function = functional.conv1d if len(self.case["input_size"]) == 1 else functional.conv2d
        arguments = {name: v for name, v in self.arguments.items() if name != "output_padding"}
        return self._array(function(self._tensor(y), self.parameters[0], **arguments))

    def second(self, grad: Array, directions: dict[str, Array]) -> dict[str, Array]:
        gradient = self.torch.autograd.grad
        g = self._tensor(grad).requires_grad_()
        first = gradient(self.forward(), [self.x, *self.parameters], g, create_graph=True)
        total = sum(
            (one * self._tensor(directions[name])).sum()
            for one, name in zip(first, ("vx", "vw", "vb"))
            if name in directions
        )
        found = gradient(total, [self.x, self.parameters[0], g], allow_unused=True)
        names = ("second_x", "second_w", "second_g")
        return {name: self._array(value) for name, value in zip(names, found) if value is not None}

    def tangent(self, tangents: dict[str, Array]) -> Array:
        forward_ad = self.torch.autograd.forward_ad
        names = ("vx", "vw", "vb")
        with forward_ad.dual_level():
            duals = [
                forward_ad.make_dual(primal.detach(), self._tensor(tangents[name]))
                for primal, name in zip([self.x, *self.parameters], names)
            ]
            if self.is_layer:
                for name, dual in zip(("weight", "bias"), duals[1:]):
                    delattr(self.layer, name)
                    setattr(self.layer, name, dual)
            else:
                self.parameters = duals[1:]
                if len(duals) > 2:
                    self.tensors["b"] = duals[2]
            self.x = duals[0]
            found = forward_ad.unpack_dual(self.forward())
        # None means that the output depends on no tangent
        return self._array(self.torch.zeros_like(found.primal) if found.tangent is None else found.tangent)

    def _as_view(self, tensor: Any) -> Any:
        """Returns the same values in the memory layout of the options."""
        torch, view = self.torch, self.options.view
        if view == "contiguous":
            return tensor
        if view == "channels_last":
            channel = tensor.dim() - len(self.case["input_size"]) - 1
            return tensor.movedim(channel, -1).contiguous().movedim(-1, channel)
        if view == "strided":
            wide = torch.zeros(
                *tensor.shape[:-1], 2 * tensor.shape[-1], dtype=tensor.dtype, device=tensor.device
            )
            wide[..., ::2] = tensor
            return wide[..., ::2]
        if view == "transposed":
            return tensor.transpose(0, -1).contiguous().transpose(0, -1)
        if view == "broadcast":
            return tensor[:1].expand_as(tensor)
        raise Unsupported("a tensor has no negative strides")

    # NumPy has no bfloat16, so it travels as bits

    def _tensor(self, array: Array) -> Any:
        tensor = self.torch.from_numpy(np.array(array))
        if array.dtype == np.uint16:
            tensor = tensor.view(self.torch.bfloat16)
        return tensor.to(self.elsewhere) if self.elsewhere else tensor

    def _array(self, tensor: Any) -> Array:
        tensor = tensor.detach().cpu().resolve_conj()
        return (tensor.view(self.torch.uint16) if tensor.dtype == self.torch.bfloat16 else tensor).numpy()


def _name(dtype: Any) -> str:
    return str(dtype).split(".")[-1]
