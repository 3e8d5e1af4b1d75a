"""Measures torch and the reference in one process; runs in an environment that has both. Prints JSON.

Started by benchmarks.reference. Rounds alternate between the candidates; figures are medians of seconds.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.reference_shapes import MEMORY_SHAPE, SHAPES, Shape
from conv_transpose_conformance.reference_impl import Geometry, backward, forward, has_kernels

Candidate = Callable[[], object]
# Seconds before a candidate's turn. Threads of BLAS and OpenMP wait for more work by spinning, some for
# 20 ms, and would take a processor from whoever comes next.
SETTLE = 0.03


def geometry_of(shape: Shape) -> Geometry:
    """Its geometry."""
    return Geometry.from_parameters(
        shape.size,
        shape.kernel,
        stride=shape.stride,
        padding=shape.padding,
        output_padding=shape.output_padding,
        groups=shape.groups,
    )


def arrays(shape: Shape) -> list[np.ndarray]:
    """Input, weight, bias and the gradient of the output, normal numbers."""
    rng = np.random.default_rng(1)
    ndim = len(shape.size)
    return [
        rng.standard_normal(size)
        for size in (
            (shape.batch, shape.c_in, *shape.size),
            (shape.c_in, shape.c_out // shape.groups, *(shape.kernel,) * ndim),
            (shape.c_out,),
            (shape.batch, shape.c_out, *geometry_of(shape).output_size),
        )
    ]


def reference(
    shape: Shape, data: list[np.ndarray], backend: Any, threads: int
) -> tuple[Candidate, Candidate]:
    """Forward, and forward with backward."""
    x, w, bias, grad = data
    geometry = geometry_of(shape)
    # The suite leaves the choice of threads for small problems to the reference, and so does this.
    options: dict[str, Any] = {"geometry": geometry, "backend": backend}
    if threads == 1 or threads != os.cpu_count():
        options["threads"] = threads

    def ahead() -> object:
        return forward(x, w, bias, **options)

    def both() -> object:
        return forward(x, w, bias, **options), backward(x, w, grad, **options)

    return ahead, both


def torch_one(shape: Shape, data: list[np.ndarray]) -> tuple[Candidate, Candidate]:
    """The same in torch, float64."""
    x, w, bias, grad = (torch.from_numpy(a) for a in data)
    operator: Any = {1: torch.nn.functional.conv_transpose1d, 2: torch.nn.functional.conv_transpose2d}[
        len(shape.size)
    ]
    options = {
        "stride": shape.stride,
        "padding": shape.padding,
        "output_padding": shape.output_padding,
        "groups": shape.groups,
    }
    leaves = [a.clone().requires_grad_() for a in (x, w, bias)]

    def ahead() -> object:
        with torch.no_grad():
            return operator(x, w, bias, **options)

    def both() -> object:
        return torch.autograd.grad(operator(*leaves, **options), leaves, grad)

    return ahead, both


def timed(candidates: dict[str, Candidate], seconds: float) -> dict[str, float]:
    """Median time of each, in rounds that visit all in turn."""
    once = {}
    for name, call in candidates.items():
        call()
        start = time.perf_counter()
        call()
        once[name] = time.perf_counter() - start
    # A short call is repeated in its turn.
    inner = {name: max(1, int(5e-3 / took)) for name, took in once.items()}
    turn = sum(SETTLE + inner[name] * took for name, took in once.items())
    rounds = int(min(400, max(9, seconds / turn)))
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, call in candidates.items():
            time.sleep(SETTLE)
            call()  # with caches and threads as the last candidate left them
            start = time.perf_counter()
            for _ in range(inner[name]):
                call()
            times[name].append((time.perf_counter() - start) / inner[name])
    return {name: statistics.median(taken) for name, taken in times.items()}


def measure(shape: Shape, threads: int, seconds: float) -> dict[str, Any]:
    """Times of one shape, of dgemm beside it, and how far the results are from torch's."""
    data = arrays(shape)
    square = np.random.default_rng(2).standard_normal((768, 768))
    candidates: dict[str, Candidate] = {"dgemm": lambda: square @ square}
    ahead, both = torch_one(shape, data)
    candidates |= {"torch forward": ahead, "torch": both}
    for name, backend in (("reference", "cython"), ("numpy", "numpy")):
        if backend == "numpy" or has_kernels():
            ahead, both = reference(shape, data, backend, threads)
            candidates |= {f"{name} forward": ahead, name: both}
    found: dict[str, Any] = timed(candidates, seconds)
    y, gradients = candidates["reference" if has_kernels() else "numpy"]()  # type: ignore[misc]
    answers = candidates["torch"]()
    apart = [float(abs(a.numpy() - b).max() / abs(b).max()) for a, b in zip(answers, gradients, strict=True)]  # type: ignore[call-overload]
    found["apart"] = max(apart)
    found["dgemm rate"] = 2 * 768**3 / found["dgemm"]
    assert y.shape == data[3].shape
    return found


def peak_extra(which: str, threads: int) -> int:
    """Bytes beyond inputs and outputs at the worst moment of forward and backward, in this process."""
    shape = MEMORY_SHAPE
    small = Shape("warm-up", 1, 16, 16, (64, 64), 4, 2, 1)
    data = arrays(small)
    (torch_one(small, data) if which == "torch" else reference(small, data, which, threads))[1]()
    data = arrays(shape)
    if which == "torch":
        tensors = [torch.from_numpy(a).requires_grad_() for a in data[:3]]
        grad = torch.from_numpy(data[3])
        options = {"stride": shape.stride, "padding": shape.padding}

        def call() -> Any:
            y = torch.nn.functional.conv_transpose2d(*tensors, **options)
            return y, torch.autograd.grad(y, tensors, grad)
    else:
        call = reference(shape, data, which, threads)[1]
    with open("/proc/self/clear_refs", "w") as reset:
        reset.write("5")
    before = status("VmRSS")
    kept = call()
    outputs = kept[0].nbytes + sum(a.nbytes for a in kept[1])
    return status("VmHWM") - before - outputs


def status(field: str) -> int:
    """One of this process's memory figures, in bytes."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith(field))


def processor() -> str:
    """The processor's name where the system tells it."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main(arguments: list[str]) -> None:
    """``shapes THREADS SECONDS`` or ``memory THREADS WHICH``."""
    what, threads = arguments[0], int(arguments[1])
    torch.set_num_threads(threads)
    if what == "memory":
        print(json.dumps(peak_extra(arguments[2], threads)))
        return
    versions = {"torch": torch.__version__, "numpy": np.__version__, "python": platform.python_version()}
    print(json.dumps({"versions": versions, "processor": processor()}), flush=True)
    for shape in SHAPES:
        print(json.dumps({"name": shape.name, **measure(shape, threads, float(arguments[2]))}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
