"""Each framework's own words for a transposed convolution, as lines of Python.

Everything that goes into a line is a number, a name of ours or the ``repr`` of plain data: what a framework
said never gets into a script as code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from attrs import evolve, frozen

from conv_transpose_conformance.adapters import framework_of
from conv_transpose_conformance.adapters.base import scalar_or_tuple, spelled
from conv_transpose_conformance.adapters.paddle_adapter import padding_argument
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.execution.planner import computes


@frozen
class Idiom:
    """How a call is written.

    Attributes:
        imports: lines.
        build: lines that make the layer or the arguments from ``x``, ``w``, ``b``.
        load: lines that give the layer its parameters.
        call: lines that leave the output's tensor in ``y``.
        values: an expression, the output as a NumPy array, channels first.
        shape: an expression, the output's shape, channels first, that does not read its values.
        gradients: lines that leave NumPy arrays ``grad_input``, ``grad_weight`` and, with a bias,
            ``grad_bias``, for ``g``, the gradient of the output.
        parameters: an expression, the layer's parameters as ``{name: (shape, dtype)}``, "" for a function.
        face: lines that put the loaded layer into other hands: compile it, say.
    """

    imports: Sequence[str]
    build: Sequence[str]
    load: Sequence[str]
    call: Sequence[str]
    values: str
    shape: str
    gradients: Sequence[str]
    parameters: str
    face: Sequence[str] = ()


def idiom(implementation: str, case: Case, device: str = "cpu") -> Idiom:
    """The words of an implementation for a case, on "cpu" or, where its framework has it, on "cuda"."""
    name, _, face = implementation.partition("+")
    words = _IDIOMS[framework_of(name)](name, case)
    elsewhere = _ELSEWHERE.get((framework_of(name), device))
    if elsewhere is not None and computes(implementation):
        words = elsewhere(words)
    return _FACES[face](words, case) if face else words


def _arguments(values: dict[str, Any], defaults: dict[str, Any]) -> str:
    """``, name=value`` for what is not at its default."""
    return "".join(f", {name}={value!r}" for name, value in values.items() if value != defaults.get(name))


_DEFAULTS: Final = {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1}


def _torch(name: str, case: Case) -> Idiom:
    plain = case.to_dict()
    arguments = _arguments(
        {
            "stride": spelled(plain, plain["stride"]),
            "padding": spelled(plain, [pair[0] for pair in plain["padding"]]),
            "output_padding": spelled(plain, plain["output_padding"]),
            "groups": case.groups,
            "dilation": spelled(plain, plain["dilation"]),
        },
        _DEFAULTS,
    )
    sized = "" if case.output_size is None else f", output_size={list(case.output_size)!r}"
    build = ["x_ = torch.from_numpy(x).requires_grad_()"]
    leaves = ["x_"]
    load: list[str] = []
    if ".functional." in name:
        build += ["w_ = torch.from_numpy(w).requires_grad_()"]
        build += ["b_ = torch.from_numpy(b).requires_grad_()"] if case.bias else ["b_ = None"]
        leaves += ["w_", "b_"] if case.bias else ["w_"]
        call = [f"y = {name}(x_, w_, b_{arguments})"]
        parameters = ""
    else:
        if not case.bias:
            arguments += ", bias=False"
        if case.dtype != "float32":
            arguments += f", dtype=torch.{case.dtype}"
        kernel = spelled(plain, plain["kernel_size"])
        build += [f"layer = {name}({case.in_channels}, {case.out_channels}, {kernel!r}{arguments})"]
        load += ["with torch.no_grad():", "    layer.weight.copy_(torch.from_numpy(w))"]
        load += ["    layer.bias.copy_(torch.from_numpy(b))"] if case.bias else []
        leaves += ["layer.weight", "layer.bias"] if case.bias else ["layer.weight"]
        call = [f"y = layer(x_{sized})"]
        parameters = "{n: (list(p.shape), str(p.dtype).split('.')[-1]) for n, p in layer.named_parameters()}"
    return Idiom(
        imports=["import torch"],
        build=build,
        load=load,
        call=call,
        values="y.detach().numpy()",
        shape="list(y.shape)",
        gradients=[
            f"gradients = torch.autograd.grad(y, [{', '.join(leaves)}], torch.from_numpy(g))",
            *_unpack([f"gradients[{n}].numpy()" for n in range(len(leaves))]),
        ],
        parameters=parameters,
    )


def _torch_on_cuda(words: Idiom) -> Idiom:
    """Tensors are made there; what a layer is made with and loaded by then lies where its input does."""

    def there(line: str) -> str:
        return line.replace("torch.from_numpy(x)", "torch.from_numpy(x).to('cuda')").replace(
            "torch.from_numpy(g)", "torch.from_numpy(g).to('cuda')"
        )

    build = [
        line.replace("torch.from_numpy(w)", "torch.from_numpy(w).to('cuda')").replace(
            "torch.from_numpy(b)", "torch.from_numpy(b).to('cuda')"
        )
        for line in map(there, words.build)
    ]
    build = [f"{line[:-1]}, device='cuda')" if line.startswith("layer = ") else line for line in build]
    gradients = [there(line).replace("].numpy()", "].cpu().numpy()") for line in words.gradients]
    return evolve(words, build=build, gradients=gradients, values="y.detach().cpu().numpy()")


def _paddle_on_cuda(words: Idiom) -> Idiom:
    return evolve(
        words, build=[line.replace("set_device('cpu')", "set_device('gpu')") for line in words.build]
    )


def _unpack(expressions: list[str]) -> list[str]:
    names = ("grad_input", "grad_weight", "grad_bias")
    return [f"{name} = {expression}" for name, expression in zip(names, expressions, strict=False)]


def _paddle(name: str, case: Case) -> Idiom:
    plain, last = case.to_dict(), case.layout == "channels_last"

    def listed(values: list[int]) -> Any:
        found = spelled(plain, values)
        return found if isinstance(found, int) else list(found)

    formats = ("NCL", "NLC") if case.ndim == 1 else ("NCHW", "NHWC")
    arguments = _arguments(
        {
            "stride": listed(plain["stride"]),
            "padding": padding_argument(plain),
            "output_padding": 0 if case.output_size is not None else listed(plain["output_padding"]),
            "groups": case.groups,
            "dilation": listed(plain["dilation"]),
            "data_format": formats[last],
        },
        {**_DEFAULTS, "data_format": formats[0]},
    )
    sized = "" if case.output_size is None else f", output_size={list(case.output_size)!r}"

    def first(expression: str) -> str:
        return f"np.moveaxis({expression}, -1, 1)" if last else expression

    def channels(expression: str) -> str:
        return f"np.ascontiguousarray(np.moveaxis({expression}, 1, -1))" if last else expression

    build = [f"x_ = paddle.to_tensor({channels('x')}, stop_gradient=False)"]
    leaves = ["x_"]
    load: list[str] = []
    if ".functional." in name:
        build += ["w_ = paddle.to_tensor(w, stop_gradient=False)"]
        build += ["b_ = paddle.to_tensor(b, stop_gradient=False)"] if case.bias else ["b_ = None"]
        leaves += ["w_", "b_"] if case.bias else ["w_"]
        call = [f"y = {name}(x_, w_, b_{sized}{arguments})"]
        parameters = ""
    else:
        kernel = listed(plain["kernel_size"])
        if case.dtype != "float32":
            build += [f"paddle.set_default_dtype({case.dtype!r})"]
        if not case.bias:
            arguments += ", bias_attr=False"
        build += [f"layer = {name}({case.in_channels}, {case.out_channels}, {kernel!r}{arguments})"]
        load += ["layer.weight.set_value(w)"]
        load += ["layer.bias.set_value(b)"] if case.bias else []
        leaves += ["layer.weight", "layer.bias"] if case.bias else ["layer.weight"]
        call = [f"y = layer(x_{sized})"]
        parameters = "{n: (list(p.shape), str(p.dtype).split('.')[-1]) for n, p in layer.named_parameters()}"
    gradients = [first("gradients[0].numpy()"), *(f"gradients[{n}].numpy()" for n in range(1, len(leaves)))]
    return Idiom(
        imports=["import paddle"],
        build=["paddle.set_device('cpu')", *build],
        load=load,
        call=call,
        values=first("y.numpy()"),
        shape="[y.shape[0], y.shape[-1], *y.shape[1:-1]]" if last else "list(y.shape)",
        gradients=[
            f"gradients = paddle.grad([y], [{', '.join(leaves)}], [paddle.to_tensor({channels('g')})])",
            *_unpack(gradients),
        ],
        parameters=parameters,
    )


def _mindspore(name: str, case: Case) -> Idiom:
    plain = case.to_dict()
    mint = ".mint." in name
    values: dict[str, Any] = {"stride": spelled(plain, plain["stride"])}
    if mint:
        values["padding"] = spelled(plain, [pair[0] for pair in plain["padding"]])
    elif isinstance(case.padding, str):
        values["pad_mode"] = case.padding
    else:
        sides = [side for pair in case.padding for side in pair]
        values["pad_mode"] = "pad"
        values["padding"] = tuple(sides) if case.spelling == "sides" else scalar_or_tuple(sides)
    if "1d" not in name:
        values["output_padding"] = spelled(plain, plain["output_padding"])
    values["groups" if mint else "group"] = case.groups
    values["dilation"] = spelled(plain, plain["dilation"])
    values["bias" if mint else "has_bias"] = case.bias
    arguments = _arguments(values, {**_DEFAULTS, "group": 1, "has_bias": False, "bias": True})
    if case.dtype != "float32":
        arguments += f", dtype=mindspore.{case.dtype}"
    kernel = spelled(plain, plain["kernel_size"])
    build = [
        "mindspore.set_context(mode=mindspore.PYNATIVE_MODE, pynative_synchronize=True)",
        f"layer = {name}({case.in_channels}, {case.out_channels}, {kernel!r}{arguments})",
    ]
    load = ["layer.weight.set_data(mindspore.Tensor(w.reshape(layer.weight.shape)))"]
    if case.bias:
        load.append("layer.bias.set_data(mindspore.Tensor(b.reshape(layer.bias.shape)))")
    sized = "" if case.output_size is None else f", output_size={tuple(case.output_size)!r}"
    call = [f"y = layer(mindspore.Tensor(x){sized})"]
    if mint:
        call = [
            "try:",
            f"    y = layer(mindspore.Tensor(x){sized})",
            "except RuntimeError as error:",
            "    if 'unregistered' not in str(error):",
            "        raise",
            "    # no kernel on this device: the graph's compiler says whether the call is accepted",
            "    mindspore.export(layer, mindspore.Tensor(x), file_name='graph', file_format='MINDIR')",
            "    y = None",
        ]
    leaves = "[layer.weight, layer.bias]" if case.bias else "[layer.weight]"
    size = "" if case.output_size is None else f", {tuple(case.output_size)!r}"
    return Idiom(
        imports=["import mindspore"],
        build=build,
        load=load,
        call=call,
        values="y.asnumpy()",
        shape="'unknown' if y is None else list(y.shape)" if mint else "list(y.shape)",
        gradients=[
            "grad = mindspore.ops.GradOperation(get_all=True, get_by_list=True, sens_param=True)",
            f"parameters = mindspore.ParameterTuple({leaves})",
            f"inputs = (mindspore.Tensor(x){size}, mindspore.Tensor(g))",
            "of_inputs, of_parameters = grad(layer, parameters)(*inputs)",
            "grad_input = of_inputs[0].asnumpy()",
            "grad_weight = of_parameters[0].asnumpy().reshape(w.shape)",
            *(["grad_bias = of_parameters[1].asnumpy()"] if case.bias else []),
        ],
        parameters="{p.name: (list(p.shape), str(p.dtype).lower()) for p in layer.get_parameters()}",
    )


def _replaced(words: Idiom, how: str) -> Idiom:
    """The layer, once it has its parameters, in other hands."""
    return evolve(words, face=[f"layer = {how}"])


def _exported(words: Idiom, case: Case) -> Idiom:
    sized = "" if case.output_size is None else f", {{'output_size': {list(case.output_size)!r}}}"
    return _replaced(words, f"torch.export.export(layer, (x_,){sized}).module()")


def _mapped(words: Idiom, case: Case) -> Idiom:
    sized = "" if case.output_size is None else f", output_size={list(case.output_size)!r}"
    return evolve(words, call=[f"y = torch.vmap(lambda one: layer(one{sized}))(x_)"])


def _meta(words: Idiom, case: Case) -> Idiom:
    return evolve(words, face=["layer, x_ = layer.to('meta'), x_.to('meta')"])


def _jitted(words: Idiom, case: Case) -> Idiom:
    def jitted(lines: Sequence[str]) -> list[str]:
        return [
            line.replace("layer(", "mindspore.jit(layer)(").replace(
                "(layer, par", "(mindspore.jit(layer), par"
            )
            for line in lines
        ]

    return evolve(words, call=jitted(words.call), gradients=jitted(words.gradients))


_ELSEWHERE: Final[dict[tuple[str, str], Callable[[Idiom], Idiom]]] = {
    ("torch", "cuda"): _torch_on_cuda,
    ("paddle", "cuda"): _paddle_on_cuda,
}
_FACES: Final[dict[str, Callable[[Idiom, Case], Idiom]]] = {
    "compile": lambda words, case: _replaced(words, "torch.compile(layer)"),
    "export": _exported,
    "vmap": _mapped,
    "meta": _meta,
    "to_static": lambda words, case: _replaced(words, "paddle.jit.to_static(layer, full_graph=True)"),
    "jit": _jitted,
}
_IDIOMS: Final = {"torch": _torch, "paddle": _paddle, "mindspore": _mindspore}
