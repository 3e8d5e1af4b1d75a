"""MindSpore: ``nn.Conv1dTranspose``, ``nn.Conv2dTranspose`` and ``mint.nn.ConvTranspose2d``.

``mint.nn.ConvTranspose2d`` has kernels on Ascend only.  On other devices the adapter constructs and calls the
layer too.  If the call reports that no kernel is registered, the adapter reads the output's shape and dtype
from the graph that MindSpore compiles for export.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

import numpy as np

from conv_transpose_conformance.adapters.base import (
    Adapter,
    Array,
    Call,
    CaseData,
    Options,
    Unsupported,
    api_of,
    first_line,
    scalar_or_tuple,
    spelled,
    variant_of,
)

_NN1, _MINT = "mindspore.nn.Conv1dTranspose", "mindspore.mint.nn.ConvTranspose2d"


class MindSporeAdapter(Adapter):
    """MindSpore in PyNative mode, on the default device of the installation."""

    framework = "mindspore"
    module = "mindspore"

    def __init__(self) -> None:
        """Imports mindspore and makes it synchronous, so that errors raise where they happen."""
        os.environ.setdefault("GLOG_v", "3")  # log errors only
        import mindspore

        self.ms = mindspore
        mindspore.set_context(mode=mindspore.PYNATIVE_MODE, pynative_synchronize=True)
        mindspore.set_seed(0)
        self._deterministic = False
        self.gradient = mindspore.ops.GradOperation(get_all=True, get_by_list=True, sens_param=True)

    def describe(self) -> dict[str, Any]:
        """Returns version, device and the dtypes of transposed convolution on it."""
        device = str(self.ms.get_context("device_target")).lower()
        return {"version": self.ms.__version__, "device": device, "dtypes": ["float32"]}

    def call(
        self, implementation: str, case: CaseData, arrays: dict[str, Array], options: Options | None = None
    ) -> Call:
        """See the base class."""
        kind = _JittedCall if variant_of(implementation) == "jit" else _MindSporeCall
        return kind(self, api_of(implementation), case, arrays, options or Options())

    def callables(self, implementation: str) -> dict[str, Any]:
        """See the base class."""
        made = self.made(implementation)
        return {"construct": made, "forward": made.construct}

    def _set_deterministic(self, wanted: bool) -> None:
        if self._deterministic or not wanted:
            return  # a process can set it only once
        if not hasattr(self.ms, "set_deterministic"):
            raise Unsupported("this release has no set_deterministic")
        self.ms.set_deterministic(True)
        self._deterministic = True


class _MindSporeCall(Call):
    def __init__(
        self,
        adapter: MindSporeAdapter,
        name: str,
        case: CaseData,
        arrays: dict[str, Array],
        options: Options,
    ) -> None:
        self.adapter, self.ms, self.name, self.case = adapter, adapter.ms, name, case
        self.arrays, self.options = arrays, options
        adapter._set_deterministic(options.deterministic)
        if "x" in arrays:
            self.x = self._as_view(self._tensor(arrays["x"]))
        self.sized = {name: v for name, v in options.arguments.items() if name == "output_size"}
        if case["output_size"] is not None:
            self.sized.setdefault("output_size", tuple(case["output_size"]))

    def construct(self) -> dict[str, tuple[list[int], str]]:
        self.layer = self._layer()
        made = {p.name: (self._shape(p), _name(p.dtype)) for p in self.layer.get_parameters()}
        self.parameters = [p for p in (self.layer.weight, self.layer.bias) if p is not None]
        for parameter, name in zip(self.parameters, ("w", "b")):
            value = self.arrays.get(name)
            # if the sizes differ, the check of parameters reports it
            if value is not None and value.size == parameter.size:
                parameter.set_data(self._tensor(value.reshape(parameter.shape)))
        return made

    def _layer(self) -> Any:
        case = self.case
        given = {
            "in_channels": case["in_channels"],
            "out_channels": case["out_channels"],
            "kernel_size": spelled(case, case["kernel_size"]),
            **self._arguments(),
        }
        if self.name != _NN1:
            given["output_padding"] = spelled(case, case["output_padding"])
        return self.options.called(self.adapter.made(self.name), given, leave=("output_size", "input", "x"))

    def _arguments(self) -> dict[str, Any]:
        """Returns the arguments that the ordinary convolution shares."""
        case, padding = self.case, self.case["padding"]
        bias, groups = ("bias", "groups") if self.name == _MINT else ("has_bias", "group")
        arguments = {
            "stride": spelled(case, case["stride"]),
            groups: case["groups"],
            bias: case["bias"],
            "dilation": spelled(case, case["dilation"]),
            "dtype": getattr(self.ms, case["dtype"]),
        }
        if self.name == _MINT:
            arguments["padding"] = spelled(case, [before for before, _ in padding])
        elif isinstance(padding, str):
            arguments["pad_mode"] = padding
        else:
            arguments["pad_mode"] = "pad"
            sides = [side for pair in padding for side in pair]
            # one number for all sides or one per side; there is no form with one per dimension
            arguments["padding"] = tuple(sides) if case["spelling"] == "sides" else scalar_or_tuple(sides)
        return arguments

    def _shape(self, parameter: Any) -> list[int]:
        """Returns a weight's shape in 3-D terms; ``Conv1dTranspose`` documents a 4-D weight."""
        shape = list(parameter.shape)
        if self.name == _NN1 and len(shape) == 4 and shape[2] == 1:
            del shape[2]
        return shape

    def forward(self) -> Any:
        try:
            return self.layer(self.x, **self.sized)
        except RuntimeError as error:
            # the nn classes document every device, so a missing kernel is an error
            if self.name == _MINT and "unregistered" in str(error):
                raise Unsupported(first_line(error)) from error
            raise

    def shape_and_dtype(self, output: Any) -> tuple[list[int], str]:
        return [int(dimension) for dimension in output.shape], _name(output.dtype)

    def fetch(self, output: Any) -> Array:
        return self._array(output)

    def backward(self, output: Any, grad: Array) -> dict[str, Array]:
        function = self.adapter.gradient(self.layer, self.parameters)
        of_inputs, of_parameters = function(self.x, *self.sized.values(), self._tensor(grad))
        names = ("grad_input", "grad_weight", "grad_bias")
        return self._named(names, (of_inputs[0], *of_parameters))

    def initial(self, seed: int) -> dict[str, Array]:
        self.ms.set_seed(seed)
        layer = self._layer()
        return {p.name: self._array(p).reshape(self._shape(p)) for p in layer.get_parameters()}

    def inputs(self, grad: Array | None) -> dict[str, Array]:
        output = self.forward()
        if grad is not None:
            self.backward(output, grad)
        return self._named(("x", "w", "b"), (self.x, *self.parameters))

    def convolve(self, y: Array) -> Array:
        case = self.case
        nn = self.ms.mint.nn if self.name == _MINT else self.ms.nn
        arguments = {**self._arguments(), "bias" if self.name == _MINT else "has_bias": False}
        layer = (nn.Conv1d if self.name == _NN1 else nn.Conv2d)(
            case["out_channels"], case["in_channels"], spelled(case, case["kernel_size"]), **arguments
        )
        layer.weight.set_data(self.parameters[0])
        try:
            return self._array(layer(self._tensor(y)))
        except RuntimeError as error:
            if self.name == _MINT and "unregistered" in str(error):
                raise Unsupported(first_line(error)) from error
            raise

    def second(self, grad: Array, directions: dict[str, Array]) -> dict[str, Array]:
        self.forward()  # a missing kernel is reported here
        first = self.adapter.gradient(self.layer, self.parameters)
        given = [
            self._tensor(directions[name]) if name in directions else None for name in ("vx", "vw", "vb")
        ]

        def total(x: Any, g: Any) -> Any:
            of_inputs, of_parameters = first(x, *self.sized.values(), g)
            terms = [
                (one * direction.reshape(one.shape)).sum()
                for one, direction in zip((of_inputs[0], *of_parameters), given)
                if direction is not None
            ]
            return sum(terms[1:], terms[0])

        (of_x, of_g), (of_w,) = self.ms.grad(total, grad_position=(0, 1), weights=self.parameters[:1])(
            self.x, self._tensor(grad)
        )
        return self._named(("second_x", "second_w", "second_g"), (of_x, of_w, of_g))

    def tangent(self, tangents: dict[str, Array]) -> Array:
        if any(tangents[name].any() for name in ("vw", "vb") if name in tangents):
            raise Unsupported("jvp takes tangents of a layer's inputs, not of its parameters")
        self.forward()  # a missing kernel is reported here
        _, found = self.ms.jvp(self.layer, self.x, self._tensor(tangents["vx"]))
        return self._array(found)

    def _as_view(self, tensor: Any) -> Any:
        """Returns the same values in the memory layout of the options."""
        ops, view = self.ms.ops, self.options.view
        if view == "contiguous":
            return tensor
        if view == "channels_last":
            channel = tensor.ndim - len(self.case["input_size"]) - 1
            return ops.movedim(ops.movedim(tensor, channel, -1).contiguous(), -1, channel)
        if view == "strided":
            wide = ops.stack([tensor, ops.zeros_like(tensor)], axis=-1)
            return wide.reshape((*tensor.shape[:-1], -1))[..., ::2]
        if view == "transposed":
            return tensor.swapaxes(0, -1).contiguous().swapaxes(0, -1)
        if view == "broadcast":
            return ops.broadcast_to(tensor[:1], tensor.shape)
        raise Unsupported("a slice with a negative step is a copy")

    # NumPy has no bfloat16, so it travels as bits

    def _tensor(self, array: Array) -> Any:
        tensor = self.ms.Tensor(array)
        return tensor.view(self.ms.bfloat16) if array.dtype == np.uint16 else tensor

    def _array(self, tensor: Any) -> Array:
        values = tensor.asnumpy()
        return values.view(np.uint16) if str(values.dtype) == "bfloat16" else values

    def _named(self, names: tuple[str, ...], found: Any) -> dict[str, Array]:
        """Returns arrays by name; the weight's has the shape of the given weight."""
        arrays = {name: self._array(value) for name, value in zip(names, found) if value is not None}
        for name in arrays:
            if name.endswith(("w", "weight")):
                arrays[name] = arrays[name].reshape(self.arrays["w"].shape)
        return arrays

    def infer(self) -> tuple[list[int], str] | None:
        if self.sized:
            return None  # export takes tensors only
        from mindspore.train import mind_ir_pb2

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "graph")
            self.ms.export(self.layer, self.x, file_name=path, file_format="MINDIR")
            model = mind_ir_pb2.ModelProto()
            with open(path + ".mindir", "rb") as file:
                model.ParseFromString(file.read())
        tensor = model.graph.output[0].tensor[0]
        names = {value: name for name, value in mind_ir_pb2.TensorProto.DataType.items()}
        dtype = names.get(tensor.data_type, str(tensor.data_type)).lower()
        return list(tensor.dims), {"float": "float32", "double": "float64"}.get(dtype, dtype)


class _JittedCall(_MindSporeCall):
    """``mindspore.jit(layer)``: the layer as a compiled graph."""

    def construct(self) -> dict[str, tuple[list[int], str]]:
        made = super().construct()
        self.layer = self.ms.jit(self.layer)
        return made


def _name(dtype: Any) -> str:
    return str(dtype).split(".")[-1].lower()


ADAPTER = MindSporeAdapter
