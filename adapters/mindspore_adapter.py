"""MindSpore: ``nn.Conv1dTranspose``, ``nn.Conv2dTranspose`` and ``mint.nn.ConvTranspose2d``.

``mint.nn.ConvTranspose2d`` has kernels on Ascend only.  Elsewhere its layer is constructed and called
all the same; where the call reports that no kernel is registered, the output's shape and dtype are read
from the graph that MindSpore compiles for export.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any, ClassVar

from adapters.base import (
    Adapter,
    Array,
    Call,
    CaseData,
    Options,
    Unsupported,
    first_line,
    is_symmetric,
    scalar_or_tuple,
    spelled,
)

_NN1, _NN2, _MINT = (
    "mindspore.nn.Conv1dTranspose",
    "mindspore.nn.Conv2dTranspose",
    "mindspore.mint.nn.ConvTranspose2d",
)


class MindSporeAdapter(Adapter):
    """MindSpore in PyNative mode; the device is what the installation defaults to."""

    framework = "mindspore"
    module = "mindspore"
    implementations: ClassVar = {
        _NN1: {"ndim": 1, "module": True},
        _NN2: {"ndim": 2, "module": True},
        _MINT: {"ndim": 2, "module": True},
    }
    seconds_per_case: ClassVar = {_MINT: 0.15}  # a graph is compiled for each

    @staticmethod
    def cannot_express(implementation: str, case: CaseData) -> str | None:
        """What the three signatures leave out."""
        if case["layout"] != "channels_first":
            return "no data-format argument: the input is channels first"
        if case["spelling"] == "nested":
            return "padding has no place for the batch and the channels"
        if case["spelling"] == "sides" and (implementation != _NN2 or isinstance(case["padding"], str)):
            return "padding has no number for each side"
        if case["dtype"] in ("float64", "bfloat16"):
            return f"{case['dtype']} is not among the dtypes of its kernels"
        if implementation == _MINT:
            if not is_symmetric(case):
                return "padding is a number for each dimension, the same on both sides"
            return None
        if case["batch"] is None:
            return "the input has a batch dimension"
        if case["output_size"] is not None:
            return "there is no output_size"
        if implementation == _NN1:
            if case["spelling"] == "tuple":
                return "every argument is an integer"
            if any(case["output_padding"]):
                return "there is no output_padding"
            if not isinstance(case["padding"], str) and not is_symmetric(case):
                return "padding is one number for both sides"
        return None

    def __init__(self) -> None:
        """Imports mindspore and makes it raise its errors where they happen."""
        import mindspore

        self.ms = mindspore
        mindspore.set_context(mode=mindspore.PYNATIVE_MODE, pynative_synchronize=True)
        mindspore.set_seed(0)
        self.gradient = mindspore.ops.GradOperation(get_all=True, get_by_list=True, sens_param=True)

    def describe(self) -> dict[str, Any]:
        """Version, device and the dtypes that transposed convolution has on it."""
        device = str(self.ms.get_context("device_target")).lower()
        return {"version": self.ms.__version__, "device": device, "dtypes": ["float32"]}

    def call(
        self, implementation: str, case: CaseData, arrays: dict[str, Array], options: Options | None = None
    ) -> Call:
        """See the base class."""
        return _MindSporeCall(self, implementation, case, arrays)


class _MindSporeCall(Call):
    def __init__(
        self, adapter: MindSporeAdapter, name: str, case: CaseData, arrays: dict[str, Array]
    ) -> None:
        self.adapter, self.ms, self.name, self.case = adapter, adapter.ms, name, case
        self.arrays = arrays
        self.x = self.ms.Tensor(arrays["x"])

    def construct(self) -> dict[str, tuple[list[int], str]]:
        ms, case = self.ms, self.case
        dtype = getattr(ms, case["dtype"])
        channels = (case["in_channels"], case["out_channels"], spelled(case, case["kernel_size"]))
        stride, dilation = spelled(case, case["stride"]), spelled(case, case["dilation"])
        if self.name == _MINT:
            self.layer = ms.mint.nn.ConvTranspose2d(
                *channels,
                stride=stride,
                padding=spelled(case, [before for before, _ in case["padding"]]),
                output_padding=spelled(case, case["output_padding"]),
                groups=case["groups"],
                bias=case["bias"],
                dilation=dilation,
                dtype=dtype,
            )
        else:
            arguments: dict[str, Any] = {
                "stride": stride,
                "dilation": dilation,
                "group": case["groups"],
                "has_bias": case["bias"],
                "dtype": dtype,
            }
            if isinstance(case["padding"], str):
                arguments["pad_mode"] = case["padding"]
            else:
                arguments["pad_mode"] = "pad"
                sides = [side for pair in case["padding"] for side in pair]
                # A number for all sides or one for each; there is no form with one per dimension.
                arguments["padding"] = tuple(sides) if case["spelling"] == "sides" else scalar_or_tuple(sides)
            if self.name == _NN1:
                self.layer = ms.nn.Conv1dTranspose(*channels, **arguments)
            else:
                arguments["output_padding"] = spelled(case, case["output_padding"])
                self.layer = ms.nn.Conv2dTranspose(*channels, **arguments)
        made = {p.name: (list(p.shape), _name(p.dtype)) for p in self.layer.get_parameters()}
        self.parameters = [self.layer.weight] + ([self.layer.bias] if case["bias"] else [])
        for parameter, name in zip(self.parameters, ("w", "b")):
            value = self.arrays[name]
            if value.size == parameter.size:  # where not, the check of parameters says so
                parameter.set_data(ms.Tensor(value.reshape(parameter.shape)))
        if self.name == _NN1 and "weight" in made:
            # documented as 4-D inside the layer: told in the 3-D terms of the other frameworks
            shape, dtype_name = made["weight"]
            if len(shape) == 4 and shape[2] == 1:
                made["weight"] = ([shape[0], shape[1], shape[3]], dtype_name)
        return made

    def forward(self) -> Any:
        try:
            if self.case["output_size"] is not None:
                return self.layer(self.x, output_size=tuple(self.case["output_size"]))
            return self.layer(self.x)
        except RuntimeError as error:
            # The nn classes document every device: where they have no kernel, that is an error.
            if self.name == _MINT and "unregistered" in str(error):
                raise Unsupported(first_line(error)) from error
            raise

    def shape_and_dtype(self, output: Any) -> tuple[list[int], str]:
        return [int(dimension) for dimension in output.shape], _name(output.dtype)

    def fetch(self, output: Any) -> Array:
        return output.asnumpy()

    def backward(self, output: Any, grad: Array) -> dict[str, Array]:
        function = self.adapter.gradient(self.layer, self.parameters)
        inputs = [self.x]
        if self.case["output_size"] is not None:
            inputs.append(tuple(self.case["output_size"]))
        of_inputs, of_parameters = function(*inputs, self.ms.Tensor(grad))
        arrays = {"grad_input": of_inputs[0].asnumpy()}
        for name, value in zip(("grad_weight", "grad_bias"), of_parameters):
            arrays[name] = value.asnumpy()
        arrays["grad_weight"] = arrays["grad_weight"].reshape(self.arrays["w"].shape)
        return arrays

    def infer(self) -> tuple[list[int], str] | None:
        if self.case["output_size"] is not None:
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


def _name(dtype: Any) -> str:
    return str(dtype).split(".")[-1].lower()


ADAPTER = MindSporeAdapter
