"""Probes: single operations beyond a plain call.

Request: ``{"type": "probe", "id": n, "operation": name, "case": {...}, "implementations": [name], "options":
{...}}``.  ``call`` is a plain call with the options of ``base.Options``.  The other operations are the
methods of ``base.Call`` with these names, ``signature``, ``docstring``, and ``twice``, a second forward and
backward pass of one layer.  The answer is that of a plain call; in addition ``"facts"`` holds the result of
``signature``, or under ``docstring`` the implementation's name and its docstring.
"""

from __future__ import annotations

import inspect
import time
from typing import Any

from conv_transpose_conformance.adapters.base import Adapter, Call, Options, Unsupported, first_line
from conv_transpose_conformance.adapters.protocol import Arrays

OPERATIONS = (
    "call",
    "signature",
    "docstring",
    "initial",
    "inputs",
    "convolve",
    "second",
    "tangent",
    "twice",
)


def probe(
    adapter: Adapter, operation: str, implementation: str, case: Any, arrays: Any, options: Any
) -> tuple[dict[str, Any], Arrays]:
    """Returns the answer of an operation other than ``call``: header fields and arrays."""
    answer: dict[str, Any] = {
        "status": "ok",
        "stage": "",
        "message": "",
        "parameters": {},
        "shape": None,
        "dtype": None,
        "facts": {},
    }
    found: dict[str, Any] = {}
    stage = "construct"
    started = time.perf_counter()
    try:
        if operation == "signature":
            made = adapter.callables(implementation)
            answer["facts"] = {name: signature(function) for name, function in made.items()}
        elif operation == "docstring":
            answer["facts"] = {"docstring": [[implementation, adapter.docstring(implementation)]]}
        elif operation == "initial":
            call = adapter.call(implementation, case, arrays, Options(options))
            found = call.initial(options.get("seed", 0))
        else:
            call = adapter.call(implementation, case, arrays, Options(options))
            answer["parameters"] = call.construct()
            stage = "forward" if operation in ("convolve", "tangent") else "backward"
            if operation == "inputs":
                found = call.inputs(arrays.get("g"))
            elif operation == "convolve":
                found = {"values": call.convolve(arrays["y"])}
            elif operation == "second":
                found = call.second(arrays["g"], {name: arrays[name] for name in arrays if name[0] == "v"})
            elif operation == "tangent":
                found = {"values": call.tangent({name: arrays[name] for name in arrays if name[0] == "v"})}
            elif operation == "twice":
                found = _second_time(call, arrays.get("g"))
            else:
                raise Unsupported(f"no operation called {operation!r}")
    except Unsupported as error:
        answer["status"], answer["stage"], answer["message"] = "unsupported", stage, str(error)
    except Exception as error:  # every exception of the framework is an answer
        answer["status"], answer["stage"] = "raised", stage
        answer["message"] = f"{type(error).__name__}: {first_line(error)}"
    answer["microseconds"] = round((time.perf_counter() - started) * 1e6, 1)
    out: Arrays = {}
    for name, array in found.items():
        dtype = str(array.dtype)
        out[name] = ("bfloat16" if dtype == "uint16" else dtype, array)
    if "values" in out:
        answer["shape"], answer["dtype"] = list(out["values"][1].shape), out["values"][0]
    return answer, out


def _second_time(call: Call, grad: Any) -> dict[str, Any]:
    """Returns values and gradients of the second pass."""
    for _ in range(2):
        output = call.forward()
        found = {"values": call.fetch(output)}
        if grad is not None and found["values"].shape == grad.shape:
            found.update(call.backward(output, grad))
    return found


def signature(function: Any) -> list[list[Any]]:
    """Returns ``[name, repr of the default or None, kind]`` of each argument, without ``self``.

    Raises:
        Unsupported: if Python has no signature, as for many functions written in C.
    """
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:
        raise Unsupported("it cannot be introspected: Python has no signature for it") from None
    return [
        [name, None if p.default is p.empty else repr(p.default), p.kind.name.lower()]
        for name, p in parameters.items()
        if name != "self"
    ]
