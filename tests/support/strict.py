"""A reference that refuses what it should, but for arguments that it takes whatever they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from conv_transpose_conformance.adapters.base import Options
from conv_transpose_conformance.frameworks.registry import implementation as declared
from conv_transpose_conformance.requirements.base.probe import Prober
from tests.support.prober import FakeRunner, ReferenceAdapter, prober

_LEAST = {"kernel_size": 1, "stride": 1, "dilation": 1, "padding": 0, "output_padding": 0}


def strict_prober(implementation: str, *ignored: str) -> Prober:
    """A prober of the reference that refuses; of ``ignored`` arguments and tensors it takes what fits."""
    made = prober(implementation)
    assert isinstance(made.runner, FakeRunner)
    made.runner.adapter = _Strict(implementation, ignored)
    return made


class _Strict(ReferenceAdapter):
    def __init__(self, implementation: str, ignored: tuple[str, ...]) -> None:
        super().__init__({})
        self.interface, self.ignored = declared(implementation).documented.interface, ignored

    def call(self, implementation: str, case: Any, arrays: Any, options: Options | None = None) -> Any:
        call = super().call(implementation, case, arrays, None)
        given = dict((options or Options()).arguments)
        roles = {self.interface.name(r): r for r in (*_LEAST, *_OTHERS) if self.interface.name(r)}
        told: dict[str, Any] = {}
        for name, value in given.items():
            role = roles[name]
            if role not in self.ignored:
                told[role] = _checked(role, value, len(case["input_size"]))
        call.case = {**call.case, **{role: value for role, value in told.items() if role in call.case}}
        if "tensors" in self.ignored:
            call.x, call.w, call.b = _like(call.case, call.x, call.w, call.b)
        else:
            _check_tensors(call.case, call.x, call.w, call.b)
        if not set(given) & {n for n, r in roles.items() if r in self.ignored}:
            _check_sizes(call.case)
        return call


_OTHERS = (
    "in_channels",
    "out_channels",
    "groups",
    "bias",
    "padding_mode",
    "data_format",
    "dtype",
    "device",
    "weight_attr",
    "weight_init",
    "bias_init",
    "output_size",
)


def _checked(role: str, value: Any, ndim: int) -> Any:
    if role in _LEAST or role == "output_size":
        least = _LEAST.get(role, 1)
        values = list(value) if isinstance(value, (tuple, list)) else [value] * ndim
        if len(values) != ndim or any(type(v) is not int or not least <= v < 2**20 for v in values):
            raise ValueError(f"{role} must be {ndim} integers of at least {least}, got {value!r}")
        return [[v, v] for v in values] if role == "padding" else values
    if role in ("in_channels", "out_channels", "groups"):
        if type(value) is not int or not 1 <= value < 2**20:
            raise ValueError(f"{role} must be a positive integer, got {value!r}")
        return value
    raise ValueError(f"{role} cannot be {value!r}")


def _check_sizes(case: dict[str, Any]) -> None:
    if case["in_channels"] % case["groups"] or case["out_channels"] % case["groups"]:
        raise ValueError("groups must divide the channels")
    for i, s, (before, after), d, k, extra in zip(
        case["input_size"],
        case["stride"],
        case["padding"],
        case["dilation"],
        case["kernel_size"],
        case["output_padding"],
        strict=True,
    ):
        least = (i - 1) * s - before - after + d * (k - 1) + 1
        if least < 1 or extra >= max(s, d) or i < 1:
            raise ValueError("the output must not be empty, and output_padding below stride or dilation")
    if case["output_size"] is not None:
        for size, i, s, k in zip(
            case["output_size"], case["input_size"], case["stride"], case["kernel_size"], strict=True
        ):
            if not 0 <= size - ((i - 1) * s + k) < s:
                raise ValueError("output_size is out of reach")


def _check_tensors(case: dict[str, Any], x: Any, w: Any, b: Any) -> None:
    ndim = len(case["input_size"])
    if x.ndim != ndim + (1 if case["batch"] is None else 2) or w.ndim != ndim + 2:
        raise ValueError("dimensions")
    if x.shape[-ndim - 1] != w.shape[0] or min(w.shape) < 1 or x.dtype != w.dtype or x.dtype.kind != "f":
        raise ValueError("input and weight do not fit")
    if b is not None and (b.shape != (w.shape[1] * case["groups"],) or b.dtype != w.dtype):
        raise ValueError("bias")


def _like(case: dict[str, Any], x: Any, w: Any, b: Any) -> Any:
    """Tensors of the case's shapes, whatever was given."""
    lead = [] if case["batch"] is None else [case["batch"]]
    weight = [case["in_channels"], case["out_channels"] // case["groups"], *case["kernel_size"]]
    return (
        np.ones([*lead, case["in_channels"], *case["input_size"]], np.float32),
        np.ones(weight, np.float32),
        None if b is None else np.ones(case["out_channels"], np.float32),
    )
