"""A prober whose implementation is the reference, in this process, with a fault that can be switched on.

What a requirement asks passes through the same frames, ``adapters.worker.run`` and ``adapters.probe.probe``
as with a real framework; only the framework is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from conv_transpose_conformance.adapters.base import Adapter, Call, Options, Unsupported
from conv_transpose_conformance.adapters.probe import probe
from conv_transpose_conformance.adapters.protocol import Arrays, Decoder, encode
from conv_transpose_conformance.adapters.worker import run
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES
from conv_transpose_conformance.execution.requests import Job
from conv_transpose_conformance.frameworks.registry import implementation as declared
from conv_transpose_conformance.judging.answers import Answer, read_answer
from conv_transpose_conformance.reference_impl import Geometry, backward, forward, second_order
from conv_transpose_conformance.requirements.base.probe import Prober

Array = Any
# what an operation found under a name, and the call: returns what is to be said instead, or raises
Spoil = Callable[[Array, "ReferenceCall"], Array]


def prober(implementation: str, **spoils: Spoil) -> Prober:
    """A prober of the reference under an implementation's name.

    Each of ``spoils`` replaces what is answered under its name: ``values``, ``grad_input``, ``grad_weight``,
    ``grad_bias``, ``x``, ``w``, ``b`` (after a call), ``convolve``, ``second_x``, ``second_w``, ``second_g``,
    ``tangent``, ``weight``, ``bias`` (initial), ``parameters`` (as made); ``construct`` is the layer's
    signature, ``forward`` the function's.
    """
    return Prober(implementation, FakeRunner(spoils))  # type: ignore[arg-type]


class FakeRunner:
    """Answers as a runner of cases does, from the reference."""

    def __init__(self, spoils: Mapping[str, Spoil]) -> None:
        self.adapter = ReferenceAdapter(spoils)
        self.asked: list[str] = []  # the operations, in order

    def __enter__(self) -> FakeRunner:
        return self

    def __exit__(self, *_failure: object) -> None:
        pass

    def start(self) -> dict[str, str]:
        return {"device": "cpu", "version": "0"}

    def answer(self, job: Job, implementation: str) -> Answer:
        header, arrays = received(job.frame(0, [implementation]))
        plain = {
            name: array.view(NUMPY_DTYPES["bfloat16"]) if dtype == "bfloat16" else array
            for name, (dtype, array) in arrays.items()
        }
        self.asked.append(header.get("operation", "call"))
        asked = (implementation, header["case"], plain, header.get("options"))
        if header.get("operation", "call") == "call":
            answer, out = run(self.adapter, *asked)
        else:
            answer, out = probe(self.adapter, header["operation"], *asked)
        answer = {"type": "answer", "implementation": implementation, **answer}
        return read_answer(*received(encode(answer, out)), probe=job.probe is not None)


def received(frame: bytes) -> tuple[dict[str, Any], Arrays]:
    decoder = Decoder()
    decoder.feed(frame)
    found = decoder.next()
    assert found is not None
    return found


class ReferenceAdapter(Adapter):
    """Stands for whatever framework it is asked as."""

    def __init__(self, spoils: Mapping[str, Spoil]) -> None:
        self.spoils = spoils
        self.calls: list[ReferenceCall] = []

    def call(self, implementation: str, case: Any, arrays: Any, options: Options | None = None) -> Call:
        about = declared(implementation)
        self.calls.append(ReferenceCall(self, about, case, arrays, options or Options()))
        return self.calls[-1]

    def callables(self, implementation: str) -> dict[str, Any]:
        """A spoil called ``construct`` or ``forward`` has the arguments of the layer or the function."""
        return {name: self.spoils[name] for name in ("construct", "forward") if name in self.spoils}

    def docstring(self, implementation: str) -> str:
        """A spoil called ``docstring`` is the text itself."""
        if "docstring" not in self.spoils:
            raise Unsupported("there is no docstring")
        return self.spoils["docstring"]


class ReferenceCall(Call):
    """``number`` counts the forward passes of this layer, ``adapter.calls`` the layers so far."""

    def __init__(
        self, adapter: ReferenceAdapter, about: Any, case: dict[str, Any], arrays: Any, options: Options
    ) -> None:
        self.adapter, self.about, self.options = adapter, about, options
        given = {name: v for name, v in options.arguments.items() if name in case and v is not None}
        self.case = {**case, **given}
        self.arrays, self.number = arrays, 0
        self.x, self.w, self.b = arrays.get("x"), arrays.get("w"), arrays.get("b")
        if self.w is None and self.x is not None:  # a layer is called as it was made
            shape = (case["in_channels"], case["out_channels"] // case["groups"], *case["kernel_size"])
            self.w = np.zeros(shape, self.x.dtype)

    @property
    def geometry(self) -> Geometry:
        """What the case's numbers say; a padding in words is MindSpore's reading of it."""
        case, padding = self.case, self.case["padding"]
        if isinstance(padding, str):
            cut = [
                (d * (k - 1) + 1 - s) * (padding == "same")
                for d, k, s in zip(case["dilation"], case["kernel_size"], case["stride"], strict=True)
            ]
            padding = [(total // 2, total - total // 2) for total in cut]
        numbers = {
            "stride": case["stride"],
            "padding": padding,
            "dilation": case["dilation"],
            "groups": case["groups"],
        }
        extra = case["output_padding"]
        if case["output_size"] is not None:
            least = Geometry.from_parameters(case["input_size"], case["kernel_size"], **numbers)
            extra = [a - b for a, b in zip(case["output_size"], least.output_size, strict=True)]
        return Geometry.from_parameters(
            case["input_size"], case["kernel_size"], output_padding=extra, **numbers
        )

    def construct(self) -> Any:
        made: dict[str, Any] = {}
        if self.about.is_layer:
            made["weight"] = (list(self.w.shape), self.case["dtype"])
            if self.b is not None:
                made["bias"] = (list(self.b.shape), self.case["dtype"])
        spoil = self.adapter.spoils.get("parameters")
        return made if spoil is None else spoil(made, self)

    def forward(self) -> Array:
        self.number += 1
        return self._said("values", forward(self.x, self.w, self.b, geometry=self.geometry))

    def shape_and_dtype(self, output: Array) -> tuple[list[int], str]:
        return list(output.shape), output.dtype.name

    def fetch(self, output: Array) -> Array:
        return _bits(output)

    def backward(self, output: Array, grad: Array) -> dict[str, Array]:
        # complex numbers: the convention of PyTorch
        x, w = (np.conj(a) if np.iscomplexobj(a) else a for a in (self.x, self.w))
        found = backward(x, w, grad, geometry=self.geometry)
        named = {"grad_input": found.x, "grad_weight": found.w}
        if self.b is not None:
            named["grad_bias"] = found.bias
        return {name: _bits(self._said(name, array)) for name, array in named.items()}

    def inputs(self, grad: Array | None) -> dict[str, Array]:
        given = {"x": self.x, "w": self.w, "b": self.b}
        return {name: _bits(self._said(name, a)) for name, a in given.items() if a is not None}

    def initial(self, seed: int) -> dict[str, Array]:
        if not self.about.is_layer:
            raise Unsupported("a function has no parameters of its own")
        case, random = self.case, np.random.default_rng(seed)
        shape = (case["in_channels"], case["out_channels"] // case["groups"], *case["kernel_size"])
        bound = float(np.prod(shape[1:])) ** -0.5
        shapes = {"weight": shape, **({"bias": (case["out_channels"],)} if case["bias"] else {})}
        return {name: self._said(name, random.uniform(-bound, bound, s)) for name, s in shapes.items()}

    def convolve(self, y: Array) -> Array:
        case, spatial = self.case, y.shape[-self.about.ndim :]
        # the sizes that a convolution without output padding has
        size = [
            (length + before + after - d * (k - 1) - 1) // s + 1
            for length, (before, after), d, k, s in zip(
                spatial, case["padding"], case["dilation"], case["kernel_size"], case["stride"], strict=True
            )
        ]
        numbers = {"stride": case["stride"], "dilation": case["dilation"], "groups": case["groups"]}
        crop = [before for before, _ in case["padding"]]
        geometry = Geometry(
            input_size=size, kernel_size=case["kernel_size"], crop_before=crop, output_size=spatial, **numbers
        )
        x = np.zeros((*self.x.shape[: self.x.ndim - self.about.ndim], *size), self.x.dtype)
        return _bits(self._said("convolve", backward(x, self.w, y, geometry=geometry).x))

    def second(self, grad: Array, directions: dict[str, Array]) -> dict[str, Array]:
        cotangents = (directions.get(name) for name in ("vx", "vw", "vb"))
        found = second_order(self.x, self.w, grad, *cotangents, geometry=self.geometry)
        named = {"second_x": found.x, "second_w": found.w, "second_g": found.grad_y}
        return {name: _bits(self._said(name, array)) for name, array in named.items()}

    def tangent(self, tangents: dict[str, Array]) -> Array:
        vx, vw, vb = (tangents.get(name) for name in ("vx", "vw", "vb"))
        found = forward(vx, self.w, vb, geometry=self.geometry)
        return _bits(self._said("tangent", found + forward(self.x, vw, geometry=self.geometry)))

    def _said(self, name: str, array: Array) -> Array:
        """In the case's dtype, spoiled where that is switched on."""
        dtype = np.dtype(NUMPY_DTYPES.get(self.case["dtype"], self.case["dtype"]))
        with np.errstate(over="ignore", invalid="ignore"):
            array = np.asarray(array).astype(dtype)
        spoil = self.adapter.spoils.get(name)
        return array if spoil is None else spoil(array.copy(), self)


def _bits(array: Array) -> Array:
    """As an adapter sends it: bfloat16 as its bits."""
    return array.view(np.uint16) if array.dtype == NUMPY_DTYPES["bfloat16"] else array
