"""PaddlePaddle: ``paddle.nn.Conv1DTranspose/Conv2DTranspose`` and the functional forms."""

from __future__ import annotations

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
    leaves_rest,
    spelled,
    to_channels_first,
    to_channels_last,
)


class PaddleAdapter(Adapter):
    """PaddlePaddle in dynamic graph mode, on the CPU."""

    framework = "paddle"
    module = "paddle"
    implementations: ClassVar = {
        "paddle.nn.Conv1DTranspose": {"ndim": 1, "module": True},
        "paddle.nn.Conv2DTranspose": {"ndim": 2, "module": True},
        "paddle.nn.functional.conv1d_transpose": {"ndim": 1, "module": False},
        "paddle.nn.functional.conv2d_transpose": {"ndim": 2, "module": False},
    }

    @staticmethod
    def cannot_express(implementation: str, case: CaseData) -> str | None:
        """The input always has a batch dimension; output padding and output size exclude each other."""
        if case["batch"] is None:
            return "the input has a batch dimension"
        if isinstance(case["padding"], str) and case["spelling"] not in ("plain", "tuple"):
            return "padding is a word and has no sides"
        if case["output_size"] is not None and any(case["output_padding"]):
            return "output_size is given in place of output_padding"
        if not PaddleAdapter.implementations[implementation]["module"] and leaves_rest(case):
            return (
                "the functional form takes the output channels from the weight: groups times a whole number"
            )
        return None

    def __init__(self) -> None:
        """Imports paddle; one thread is set by the environment before."""
        import paddle

        self.paddle = paddle
        paddle.seed(0)
        paddle.set_device("cpu")

    def describe(self) -> dict[str, Any]:
        """Version, device and the dtypes that transposed convolution has on it."""
        return {"version": self.paddle.__version__, "device": "cpu", "dtypes": ["float32", "float64"]}

    def call(
        self, implementation: str, case: CaseData, arrays: dict[str, Array], options: Options | None = None
    ) -> Call:
        """See the base class."""
        return _PaddleCall(self.paddle, self.implementations[implementation], case, arrays)


class _PaddleCall(Call):
    def __init__(self, paddle: Any, about: dict[str, Any], case: CaseData, arrays: dict[str, Array]) -> None:
        self.paddle, self.about, self.case = paddle, about, case
        self.last = case["layout"] == "channels_last"
        x = to_channels_last(arrays["x"]) if self.last else arrays["x"]
        self.x = paddle.to_tensor(x, stop_gradient=False)
        self.w = paddle.to_tensor(arrays["w"], stop_gradient=False)
        self.b = paddle.to_tensor(arrays["b"], stop_gradient=False) if case["bias"] else None
        formats = ("NCL", "NLC") if about["ndim"] == 1 else ("NCHW", "NHWC")
        self.arguments = {
            "stride": _spelled(case, case["stride"]),
            "padding": padding_argument(case),
            "groups": case["groups"],
            "dilation": _spelled(case, case["dilation"]),
            "data_format": formats[self.last],
        }
        # One or the other is given: whether a zero output_padding counts as given depends on its spelling.
        self.sized: dict[str, Any] = {}
        if case["output_size"] is None:
            self.arguments["output_padding"] = _spelled(case, case["output_padding"])
        else:
            self.sized["output_size"] = _spelled(case, case["output_size"])

    def construct(self) -> dict[str, tuple[list[int], str]]:
        paddle, case, ndim = self.paddle, self.case, self.about["ndim"]
        if not self.about["module"]:
            functional = paddle.nn.functional
            self.function = functional.conv1d_transpose if ndim == 1 else functional.conv2d_transpose
            self.parameters = [self.w] + ([] if self.b is None else [self.b])
            return {}
        layer_class = paddle.nn.Conv1DTranspose if ndim == 1 else paddle.nn.Conv2DTranspose
        paddle.set_default_dtype(case["dtype"])
        self.layer = layer_class(
            case["in_channels"],
            case["out_channels"],
            _spelled(case, case["kernel_size"]),
            bias_attr=None if case["bias"] else False,
            **self.arguments,
        )
        made = {name: (list(p.shape), _name(p.dtype)) for name, p in self.layer.named_parameters()}
        self.parameters = [self.layer.weight] + ([self.layer.bias] if case["bias"] else [])
        for parameter, value in zip(self.parameters, (self.w, self.b)):
            if parameter.shape == value.shape:  # where not, the check of parameters says so
                parameter.set_value(value)
        return made

    def forward(self) -> Any:
        try:
            if self.about["module"]:
                return self.layer(self.x, **self.sized)
            return self.function(self.x, self.w, self.b, **self.sized, **self.arguments)
        except RuntimeError as error:
            # float32 and float64 are documented: where they have no kernel, that is an error.
            if "is not registered" in str(error) and self.case["dtype"] not in ("float32", "float64"):
                raise Unsupported(first_line(error)) from error
            raise

    def shape_and_dtype(self, output: Any) -> tuple[list[int], str]:
        shape = [int(dimension) for dimension in output.shape]
        if self.last and len(shape) == self.about["ndim"] + 2:
            shape = [shape[0], shape[-1], *shape[1:-1]]
        return shape, _name(output.dtype)

    def fetch(self, output: Any) -> Array:
        values = output.numpy()
        return to_channels_first(values) if self.last else values

    def backward(self, output: Any, grad: Array) -> dict[str, Array]:
        given = self.paddle.to_tensor(to_channels_last(grad) if self.last else grad)
        gradients = self.paddle.grad([output], [self.x, *self.parameters], [given], allow_unused=True)
        names = ("grad_input", "grad_weight", "grad_bias")
        arrays = {name: value.numpy() for name, value in zip(names, gradients) if value is not None}
        if self.last and "grad_input" in arrays:
            arrays["grad_input"] = to_channels_first(arrays["grad_input"])
        return arrays


def padding_argument(case: CaseData) -> Any:
    """The padding in the form that the case's spelling asks for."""
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
    return found if isinstance(found, int) else list(found)  # Paddle's documents say "list or tuple"


def _name(dtype: Any) -> str:
    return str(dtype).split(".")[-1]


ADAPTER = PaddleAdapter
