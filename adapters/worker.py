"""The worker's loop: reads requests for one framework and answers them one at a time, in order.

Request: ``{"type": "run", "id": n, "case": {...}, "implementations": [...]}`` with arrays ``x``, ``w``, ``b``
(with a bias) and ``g``, the output's gradient in its documented shape.  Where no document gives a shape, the
gradient consists of the first numbers of ``pool``, in C order; where no output is valid, both are absent. The
worker sends one answer per implementation as soon as it is known::

    {"type": "answer", "id": n, "implementation": name, "status": "ok" | "raised" | "unsupported",
     "stage": "construct" | "forward" | "output" | "backward" | "", "message": text,
     "parameters": {name: [shape, dtype]}, "shape": [...] | null, "dtype": name | null,
     "microseconds": inside the framework's calls,
     "busy": microseconds since the last answer went out, or since this one's request was there}

with arrays ``values`` and the gradients.  If a dimension is negative or the output is too large to send, the
answer has the shape only, because reading such a tensor can kill the process.

A request of the type ``"probe"`` asks one implementation for another operation: see ``adapters.probe``.
"""

from __future__ import annotations

import faulthandler
import os
import platform
import resource
import sys
import time
from typing import Any

import numpy as np

from conv_transpose_conformance.adapters import load_adapter
from conv_transpose_conformance.adapters.base import Adapter, NoDevice, Options, Unsupported, first_line
from conv_transpose_conformance.adapters.probe import probe
from conv_transpose_conformance.adapters.protocol import (
    DTYPES,
    MAX_PAYLOAD,
    PROTOCOL,
    Arrays,
    Decoder,
    encode,
)


def serve(adapter_file: str, request_fd: int, answer_fd: int) -> None:
    """Runs until the host closes the requests."""
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        adapter = load_adapter(adapter_file)()
        hello = {
            "type": "hello",
            "protocol": PROTOCOL,
            "framework": adapter.framework,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "forks": sys.platform == "linux",  # whether adapters.forkserver can be used
            **adapter.describe(),
        }
    except NoDevice as error:
        _send(answer_fd, {"type": "failed", "device": True, "message": str(error)}, {})
        raise SystemExit(1) from error
    except BaseException as error:  # the host must get whatever a broken installation raises
        _send(answer_fd, {"type": "failed", "message": f"{type(error).__name__}: {first_line(error)}"}, {})
        raise SystemExit(1) from error
    _send(answer_fd, hello, {})
    decoder = Decoder()
    while True:
        read = time.perf_counter()
        frame = decoder.next()
        if frame is None:
            data = os.read(request_fd, 1 << 20)
            if not data:
                return
            decoder.feed(data)
            continue
        header, arrays = frame
        began = read
        plain = {name: array for name, (_, array) in arrays.items()}
        for implementation in header["implementations"]:
            if header["type"] == "probe" and header["operation"] != "call":
                answer, out = probe(
                    adapter, header["operation"], implementation, header["case"], plain, header["options"]
                )
            else:
                answer, out = run(adapter, implementation, header["case"], plain, header.get("options"))
            now = time.perf_counter()
            answer["busy"] = round((now - began) * 1e6, 1)
            began = now
            _send(
                answer_fd,
                {"type": "answer", "id": header["id"], "implementation": implementation, **answer},
                out,
            )


def run(
    adapter: Adapter,
    implementation: str,
    case: dict[str, Any],
    arrays: dict[str, Any],
    options: dict[str, Any] | None = None,
) -> Any:
    """Makes one call of one implementation; returns the answer's header fields and arrays."""
    answer: dict[str, Any] = {
        "status": "ok",
        "stage": "",
        "message": "",
        "parameters": {},
        "shape": None,
        "dtype": None,
        "microseconds": 0.0,
    }
    out: Arrays = {}
    clock = time.perf_counter
    spent = 0.0
    stage = "construct"
    started = clock()
    try:
        chosen = Options(options)
        call = adapter.call(implementation, case, arrays, chosen)
        started = clock()
        answer["parameters"] = call.construct()
        stage = "forward"
        try:
            output = call.forward()
        except Unsupported as error:
            answer["status"], answer["stage"], answer["message"] = "unsupported", stage, str(error)
            stage = "infer"
            inferred = call.infer() if chosen.infer else None
            if inferred is not None:
                answer["shape"], answer["dtype"] = inferred
            return _finish(answer, spent + clock() - started), out
        spent += clock() - started
        stage = "output"
        started = clock()
        answer["shape"], answer["dtype"] = call.shape_and_dtype(output)
        if _sendable(answer["shape"], answer["dtype"]):
            out["values"] = (answer["dtype"], call.fetch(output))
            grad = arrays.get("g")
            if grad is None and "pool" in arrays:
                grad = _first(arrays["pool"], answer["shape"])
            if grad is not None and list(grad.shape) == answer["shape"]:
                stage = "backward"
                started = clock()
                gradients = call.backward(output, grad)
                spent += clock() - started
                for name, array in gradients.items():
                    out[name] = (_wire_dtype(array), array)
    except Unsupported as error:
        answer["status"], answer["stage"], answer["message"] = "unsupported", stage, str(error)
    except MemoryError as error:
        answer["status"], answer["stage"], answer["message"] = (
            "raised",
            stage,
            f"MemoryError: {first_line(error)}",
        )
    except Exception as error:  # every exception of the framework is an answer
        answer["status"], answer["stage"] = "raised", stage
        answer["message"] = f"{type(error).__name__}: {first_line(error)}"
    if answer["status"] != "ok" and stage != "output":  # the time until the exception counts too
        spent += clock() - started
    return _finish(answer, spent), out


def _first(pool: Any, shape: list[int]) -> Any:
    """Returns the first numbers of the pool in this shape, None if it has fewer."""
    count = 1
    for dimension in shape:
        count *= dimension
    return pool[:count].reshape(shape) if count <= pool.size else None


def _finish(answer: dict[str, Any], seconds: float) -> dict[str, Any]:
    answer["microseconds"] = round(seconds * 1e6, 1)
    return answer


def _sendable(shape: list[int], dtype: str) -> bool:
    if dtype not in DTYPES or any(dimension < 0 for dimension in shape):
        return False
    size = DTYPES[dtype].itemsize
    for dimension in shape:
        size *= dimension
    return 4 * size <= MAX_PAYLOAD


def _wire_dtype(array: Any) -> str:
    name = str(array.dtype)
    return "bfloat16" if name == "uint16" else name  # NumPy holds the bits


def _send(fd: int, header: dict[str, Any], arrays: Arrays) -> None:
    view = memoryview(encode(header, arrays))
    while view:
        view = view[os.write(fd, view) :]
