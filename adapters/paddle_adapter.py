"""PaddlePaddle: ``paddle.nn.Conv1DTranspose/Conv2DTranspose`` and the functional forms."""

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
    Unsupported,
    first_line,
    is_layer,
    is_symmetric,
    spelled,
    to_channels_first,
    to_channels_last,
    variant_of,
)


class PaddleAdapter(Adapter):
    """PaddlePaddle in dynamic graph mode, on the CPU or on a CUDA device."""

    framework = "paddle"
    module = "paddle"

    def __init__(self) -> None:
        """Imports paddle; the environment sets one thread beforehand."""
        import paddle

        self.paddle = paddle
        paddle.seed(0)
        self.device = os.environ.get(DEVICE, "cpu")
        if self.device == "cuda":
            if not paddle.device.is_compiled_with_cuda():
                raise NoDevice("this build has no CUDA device")
            if not paddle.device.cuda.device_count():
                raise NoDevice("it finds no CUDA device")
        paddle.set_device("gpu" if self.device == "cuda" else "cpu")
        self._deterministic = False

    def describe(self) -> dict[str, Any]:
        """Returns version, device and the dtypes of transposed convolution on it."""
        return {"version": self.paddle.__version__, "device": self.device, "dtypes": ["float32", "float64"]}

    def call(
        self, implementation: str, case: CaseData, arrays: dict[str, Array], options: Options | None = None
    ) -> Call:
        """See the base class."""
        return _PaddleCall(self, implementation, case, arrays, options or Options())

    def _set_deterministic(self, wanted: bool) -> None:
        if wanted == self._deterministic:
            return
        try:
            self.paddle.set_flags({"FLAGS_cudnn_deterministic": wanted})
        except ValueError as error:  # a build without cuDNN lacks this flag
            raise Unsupported(first_line(error)) from error
        self._deterministic = wanted


class _PaddleCall(Call):
    def __init__(
        self, adapter: PaddleAdapter, name: str, case: CaseData, arrays: dict[str, Array], options: Options
    ) -> None:
        self.paddle, self.variant = adapter.paddle, variant_of(name)
        self.case, self.options = case, options
        self.made = adapter.made(name)
        self.is_layer, self.ndim = is_layer(self.made), 1 if "1d" in name.lower() else 2
        adapter._set_deterministic(options.deterministic)
        self.last = case["layout"] == "channels_last"
        tensors: tuple[Any, ...] = tuple(
            self._tensor(arrays[name], leaf=True, image=name == "x") if name in arrays else None
            for name in "xwb"
        )
        self.x, self.w, self.b = tensors
        if self.x is not None:
            self.x = self._as_view(self.x)
        formats = ("NCL", "NLC") if self.ndim == 1 else ("NCHW", "NHWC")
        self.arguments = {
            "stride": _spelled(case, case["stride"]),
            "padding": padding_argument(case),
            "groups": case["groups"],
            "dilation": _spelled(case, case["dilation"]),
            "data_format": formats[self.last],
        }
        # only one is given: whether a zero output_padding counts as given depends on its spelling
        self.sized: dict[str, Any] = {}
        if case["output_size"] is not None:
            self.sized["output_size"] = _spelled(case, case["output_size"])
        elif "output_size" not in options.arguments or any(case["output_padding"]):
            self.arguments["output_padding"] = _spelled(case, case["output_padding"])

    def construct(self) -> dict[str, tuple[list[int], str]]:
        if not self.is_layer:
            self.parameters = [self.w] + ([] if self.b is None else [self.b])
            return {}
        self.layer = self._layer()
        made = {name: (list(p.shape), _name(p.dtype)) for name, p in self.layer.named_parameters()}
        self.parameters = [p for p in (self.layer.weight, self.layer.bias) if p is not None]
        for parameter, value in zip(self.parameters, (self.w, self.b)):
            # if the shapes differ, the check of parameters reports it
            if value is not None and parameter.shape == value.shape:
                parameter.set_value(value)
        if self.variant == "to_static":
            self._clear_programs()
            self.layer = self.paddle.jit.to_static(self.layer, full_graph=True)
        return made

    def _clear_programs(self) -> None:
        """Ends the threads of earlier programs: each keeps ten, and memory runs out."""
        base = getattr(self.paddle, "base", None) or self.paddle.fluid  # its name before 2.6
        base.core.clear_executor_cache()

    def _layer(self) -> Any:
        case = self.case
        self.paddle.set_default_dtype(case["dtype"])
        given = {
            "in_channels": case["in_channels"],
            "out_channels": case["out_channels"],
            "kernel_size": _spelled(case, case["kernel_size"]),
            "bias_attr": None if case["bias"] else False,
            **self.arguments,
        }
        return self.options.called(self.made, given, leave=("output_size", "x"))

    def forward(self) -> Any:
        try:
            if self.is_layer:
                sizes = {name: v for name, v in self.options.arguments.items() if name == "output_size"}
                return self.layer(self.x, **{**self.sized, **sizes})
            given = {"x": self.x, "weight": self.parameters[0], "bias": self.b}
            return self.options.called(self.made, {**given, **self.sized, **self.arguments})
        except RuntimeError as error:
            # float32 and float64 are documented, so a missing kernel is an error
            if "is not registered" in str(error) and self.case["dtype"] not in ("float32", "float64"):
                raise Unsupported(first_line(error)) from error
            raise _told(error) from error
        except (TypeError, ValueError) as error:
            raise _told(error) from error

    def shape_and_dtype(self, output: Any) -> tuple[list[int], str]:
        shape = [int(dimension) for dimension in output.shape]
        if self.last and len(shape) == self.ndim + 2:
            shape = [shape[0], shape[-1], *shape[1:-1]]
        return shape, _name(output.dtype)

    def fetch(self, output: Any) -> Array:
        return self._array(output)

    def backward(self, output: Any, grad: Array) -> dict[str, Array]:
        gradients = self.paddle.grad(
            [output], [self.x, *self.parameters], [self._tensor(grad)], allow_unused=True
        )
        return self._named(("grad_input", "grad_weight", "grad_bias"), gradients)

    def initial(self, seed: int) -> dict[str, Array]:
        if not self.is_layer:
            raise Unsupported("a function has no parameters of its own")
        self.paddle.seed(seed)
        return {name: value.numpy() for name, value in self._layer().named_parameters()}

    def inputs(self, grad: Array | None) -> dict[str, Array]:
        output = self.forward()
        if grad is not None:
            self.backward(output, grad)
        now = dict(zip("wb", self.parameters))
        return {"x": self._array(self.x), **{name: value.numpy() for name, value in now.items()}}

    def convolve(self, y: Array) -> Array:
        functional = self.paddle.nn.functional
        function = functional.conv1d if self.ndim == 1 else functional.conv2d
        arguments = {name: v for name, v in self.arguments.items() if name != "output_padding"}
        return self._array(function(self._tensor(y), self.parameters[0], **arguments))

    def second(self, grad: Array, directions: dict[str, Array]) -> dict[str, Array]:
        gradient = self.paddle.grad
        g = self._tensor(grad, leaf=True)
        try:
            first = gradient([self.forward()], [self.x, *self.parameters], [g], create_graph=True)
            total = sum(
                (one * self._tensor(directions[name], image=name == "vx")).sum()
                for one, name in zip(first, ("vx", "vw", "vb"))
                if name in directions
            )
            found = gradient([total], [self.x, self.parameters[0], g])
        except (RuntimeError, ValueError) as error:
            raise self._plainly_refused(error) from error
        return self._named(("second_x", "second_w", "second_g"), found)

    def tangent(self, tangents: dict[str, Array]) -> Array:
        primals = [self.x, *self.parameters]
        given = [
            self._tensor(tangents[name], image=name == "vx")
            if name in tangents
            else self.paddle.zeros_like(primal)
            for primal, name in zip(primals, ("vx", "vw", "vb"))
        ]
        try:
            return self._array(self.paddle.incubate.autograd.jvp(self._of, primals, given)[1])
        except RuntimeError as error:
            raise self._plainly_refused(error) from error

    def _plainly_refused(self, error: Exception) -> Exception:
        """Returns Unsupported for an error that says that there is no second derivative, else the error."""
        missing = "is not registered" in str(error) or "doesn't have any grad op" in str(error)
        if self.variant == "to_static":  # the gradient of a program is in no graph
            missing = missing or "does not appear in the backward graph" in str(error)
        return Unsupported(first_line(error)) if missing else error

    def _of(self, x: Any, *parameters: Any) -> Any:
        """Returns the output for other tensors than the case's."""
        self.x = x
        if self.is_layer:
            for name, value in zip(("weight", "bias"), parameters):
                delattr(self.layer, name)  # a tensor cannot replace a parameter
                setattr(self.layer, name, value)
        else:
            self.parameters = list(parameters)
            self.b = parameters[1] if len(parameters) > 1 else None
        return self.forward()

    def _as_view(self, tensor: Any) -> Any:
        """Returns the same values in the memory layout of the options."""
        paddle, view = self.paddle, self.options.view
        if view == "contiguous":
            return tensor
        axes = list(range(tensor.ndim))
        with paddle.no_grad():
            if view == "channels_last":
                made = paddle.moveaxis(paddle.moveaxis(tensor, 1, -1).contiguous(), -1, 1)
            elif view == "strided":
                wide = paddle.stack([tensor, paddle.zeros_like(tensor)], axis=-1)
                made = wide.flatten(start_axis=-2)[..., ::2]
            elif view == "transposed":
                turned = [axes[-1], *axes[1:-1], axes[0]]
                made = tensor.transpose(turned).contiguous().transpose(turned)
            elif view == "flipped":
                made = tensor.flip(-1)[..., ::-1]
            else:
                made = paddle.as_strided(tensor, tensor.shape, [0, *tensor.strides[1:]])
        made.stop_gradient = False
        return made

    # the tensor has the layout of the case; arrays are channels first

    def _tensor(self, array: Array, leaf: bool = False, image: bool = True) -> Any:
        moved = to_channels_last(array) if self.last and image and array.ndim > 2 else array
        return self.paddle.to_tensor(moved, stop_gradient=not leaf)

    def _array(self, tensor: Any) -> Array:
        values = tensor.numpy()
        return to_channels_first(values) if self.last and values.ndim > 2 else values

    def _named(self, names: tuple[str, ...], found: Any) -> dict[str, Array]:
        return {
            name: value.numpy() if name.endswith(("weight", "bias", "w")) else self._array(value)
            for name, value in zip(names, found)
            if value is not None
        }


def _told(error: Exception) -> Exception:
    """Returns the error of a ``to_static`` program, without the code locations before it."""
    if not str(error).startswith("In transformed code:"):
        return error
    words, kind = str(error).rstrip().split("\n\n")[-1].strip(), type(error)
    start = f"{kind.__name__}: "
    return kind(words[len(start) :] if words.startswith(start) else words)


def padding_argument(case: CaseData) -> Any:
    """Returns the padding in the form of the case's spelling."""
    if isinstance(case["padding"], str):
        return case["padding"].upper()
    if case["spelling"] == "nested":
        unpadded = [[0, 0]]
        pairs = [list(pair) for pair in case["padding"]]
        last = case["layout"] == "channels_last"
        return unpadded + pairs + unpadded if last else unpadded * 2 + pairs
    if is_symmetric(case) and case["spelling"] != "sides":
        return _spelled(case, [before for before, _ in case["padding"]])
    return [side for pair in case["padding"] for side in pair]


def _spelled(case: CaseData, values: list[int]) -> Any:
    found = spelled(case, values)
    return found if isinstance(found, int) else list(found)  # the documents say "list or tuple"


def _name(dtype: Any) -> str:
    return str(dtype).split(".")[-1]


ADAPTER = PaddleAdapter
