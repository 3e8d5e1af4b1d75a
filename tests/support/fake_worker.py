"""A worker that answers honestly but for what its plan says.

Usage: ``worker.py FOLDER BOOTSTRAP ADAPTER REQUEST_FD ANSWER_FD``, as the suite would start an interpreter.
``FOLDER/plan.json`` holds:

``start``
    what happens in place of the greeting (see ``_start``); ``start_after``: only from this start on
``cases``
    seed of a case (hexadecimal) -> what happens in place of its answer (see ``_misbehave``)
``implementations``
    the same by the implementation's name
``after``
    [number of a call, the same]: from this call on
``dtypes``, ``version``, ``numpy``
    what the greeting says

A worker that is ``silent`` never answers, and a file of this name is there from then on.  While one hangs
the host's clock runs (``clock.py``), so that the deadline of its call passes, however fast the machine is.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1])
sys.path[0] = str(Path(__file__).parents[2])  # in place of this folder

import numpy as np  # noqa: E402

from conv_transpose_conformance.adapters.protocol import PROTOCOL, Decoder, encode  # noqa: E402
from tests.support import direct  # noqa: E402

UNSUPPORTED = {
    "status": "unsupported",
    "stage": "construct",
    "message": "the fake knows calls alone",
    "parameters": {},
    "microseconds": 1.0,
    "shape": None,
    "dtype": None,
}
HARMED: list[bool] = []  # by a call before, in this process


def _log(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _hang(process: int | None = None) -> None:
    """Lets the clock of the host run until ``process``, this one by default, has ended."""
    with (FOLDER / "hanging").open("a") as hanging:
        hanging.write(f"{process or os.getpid()}\n")


def _be_silent() -> None:
    (FOLDER / "silent").touch()
    signal.pause()


def _hello(plan: dict[str, Any], framework: str) -> dict[str, Any]:
    return {
        "type": "hello",
        "protocol": PROTOCOL,
        "framework": framework,
        "python": "3.11.0",
        "numpy": plan.get("numpy", "2.0.0"),
        "version": plan.get("version", "0.fake"),
        "device": "cpu",
        "dtypes": plan.get("dtypes", ["float32", "float64"]),
        "implementations": [],
    }


def _start(what: str, fd: int, hello: dict[str, Any]) -> None:
    if what == "exit":
        _log("the framework is broken here")
        sys.exit(7)
    elif what == "segv":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "failed":
        _write(fd, encode({"type": "failed", "message": "ImportError: libfake.so"}, {}))
        sys.exit(1)
    elif what == "protocol 99":
        _write(fd, encode({**hello, "protocol": 99}, {}))
    elif what == "not a hello":
        _write(fd, encode({"type": "answer"}, {}))
    elif what == "garbage":
        _write(fd, b"Traceback (most recent call last):\n")
    elif what == "hang":
        _hang()
        signal.pause()
    elif what == "silent":
        _be_silent()
    else:
        raise ValueError(what)


def honest(case: dict[str, Any], arrays: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer's fields and arrays."""
    answer = {"status": "ok", "stage": "", "message": "", "parameters": {}, "microseconds": 1.0}
    sizes = direct.output_size(case)
    if min(sizes) < 1:
        answer.update(status="raised", stage="forward", message="ValueError: no such output")
        return {**answer, "shape": None, "dtype": None}, {}
    dtype = {"float32": np.float32, "float64": np.float64}[case["dtype"]]
    out = {"values": direct.forward(case, arrays, dtype)}
    if "g" in arrays:
        out |= direct.backward(case, arrays, dtype)
    answer.update(shape=list(out["values"].shape), dtype=case["dtype"])
    return answer, {name: (case["dtype"], array) for name, array in out.items()}


def _leave_child() -> None:
    if os.fork() == 0:
        _sleep()


def _leave_child_that_outlives_this() -> None:
    """It holds the pipes open, so that their end tells nothing of this process's."""
    parent = os.getpid()
    if os.fork() == 0:
        while os.getppid() == parent:
            time.sleep(0.01)
        _hang()
        _sleep()


def _sleep() -> None:
    while True:
        time.sleep(600)


def _misbehave(what: str, fd: int, header: dict[str, Any], answer: Any, out: Any, calls: int) -> bool:
    """Does what a plan says; True where the honest answer shall follow."""
    if what == "segv":
        _log("about to touch\nmemory that is not ours")
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "abort":
        _log("terminate called without an active exception")
        os.abort()
    elif what == "exit 3":
        _log("goodbye")
        os._exit(3)
    elif what == "hang":
        _hang()
        signal.pause()
    elif what == "silent":
        _be_silent()
    elif what == "hang, deaf":
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _leave_child()
        _hang()
        _sleep()
    elif what == "hang once":
        if not (FOLDER / "hanging").exists():
            _hang()
            signal.pause()
        return True
    elif what == "segv in company":
        if calls > 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        return True
    elif what == "exit once":
        marker = FOLDER / "exited"
        if not marker.exists():
            marker.touch()
            os._exit(3)
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "leave child":
        _leave_child()
        return True
    elif what == "leave child, segv":
        _leave_child_that_outlives_this()
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "escape":
        child = os.fork()
        if child == 0:
            os.setsid()
            (FOLDER / "escaped").write_text(str(os.getpid()))
            _sleep()
        while not (FOLDER / "escaped").exists() or not (FOLDER / "escaped").read_text():
            time.sleep(0.01)
        return True
    elif what == "not a number":
        nothing = {name: (dtype, np.full_like(array, np.nan)) for name, (dtype, array) in out.items()}
        _write(fd, encode({**header, **answer}, nothing))
    elif what == "leak":
        kept = []
        while True:
            kept.append(bytes(1 << 28))
    elif what == "close output":
        os.close(1)
        os.close(2)
        return True
    elif what == "close everything":
        os.closerange(0, 256)
        signal.pause()
    elif what == "harm":
        HARMED.append(True)
        return True
    elif what == "segv when harmed":
        if HARMED:
            os.kill(os.getpid(), signal.SIGSEGV)
        return True
    elif what == "accept":
        accepted = {**header, **answer, "status": "ok", "shape": [1, 1, 1], "dtype": "float32"}
        _write(fd, encode(accepted, {"values": ("float32", np.zeros((1, 1, 1), np.float32))}))
    elif what == "segv in every other worker":
        if len((FOLDER / "starts").read_text().split()) % 2:
            os.kill(os.getpid(), signal.SIGSEGV)
        return True
    elif what == "environment":
        (FOLDER / "environment.json").write_text(json.dumps({**os.environ, "cwd": os.getcwd()}))
        return True
    elif what == "flood":
        for stream in (sys.stdout, sys.stderr):
            for _ in range(1280):
                stream.write("x" * 4095 + "\n")
            stream.flush()
        return True
    elif what == "flood, segv":
        _misbehave("flood", fd, header, answer, out, calls)
        _log("the last words")
        os.kill(os.getpid(), signal.SIGSEGV)
    elif what == "die idle":
        _write(fd, encode({**header, **answer}, out))
        os._exit(5)
    elif what == "twice":
        _write(fd, encode({**header, **answer}, out))
        return True
    elif what == "another id":
        _write(fd, encode({**header, "id": header["id"] + 1000, **answer}, out))
    elif what == "another name":
        _write(fd, encode({**header, "implementation": "torch.nn.Identity", **answer}, out))
    elif what == "garbage":
        _write(fd, b"Segmentation fault, they said, in plain text")
    elif what == "huge":
        _write(fd, (1 << 62).to_bytes(8, "little") + b"{}")
    elif what == "half a frame":
        _write(fd, encode({**header, **answer}, out)[:-5])
        _hang()
        signal.pause()
    elif what == "close answers":
        os.close(fd)
        signal.pause()
    elif what == "negative shape":
        answer = {**answer, "shape": [1, 1, *[-1] * (len(answer["shape"]) - 2)]}
        _write(fd, encode({**header, **answer}, {}))
    elif what == "raised":
        failed = {**answer, "status": "raised", "stage": "forward", "message": "ValueError: not today"}
        _write(fd, encode({**header, **failed, "shape": None, "dtype": None}, {}))
    elif what == "wrong values":
        if "values" not in out:
            return True
        dtype, values = out["values"]
        _write(fd, encode({**header, **answer}, {**out, "values": (dtype, values + 1)}))
    elif what == "lie about shape":
        _write(fd, encode({**header, **answer, "shape": [9, 9, 9]}, out))
    elif what == "an array more":
        _write(fd, encode({**header, **answer}, {**out, "souvenir": ("float32", np.zeros(2, np.float32))}))
    elif what == "no values":
        _write(fd, encode({**header, **answer}, {n: a for n, a in out.items() if n != "values"}))
    elif what == "cannot be built":
        failed = {
            **answer,
            "status": "raised",
            "stage": "construct",
            "message": "AttributeError: no such layer",
        }
        _write(fd, encode({**header, **failed, "shape": None, "dtype": None}, {}))
    elif what == "lie about dtype":
        _write(fd, encode({**header, **answer, "dtype": "float16"}, out))
    else:
        raise ValueError(what)
    return False


def main() -> None:
    """Greets and serves."""
    plan = json.loads((FOLDER / "plan.json").read_text())
    adapter, requests, answers = Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5])
    with (FOLDER / "starts").open("a+") as starts:
        starts.write(f"{os.getpgid(0)}\n")
        starts.seek(0)
        number = len(starts.read().split())
    hello = _hello(plan, adapter.stem.removesuffix("_adapter"))
    if plan.get("start") and number >= plan.get("start_after", 1):
        _start(plan["start"], answers, hello)
    else:
        _write(answers, encode(hello, {}))
    decoder, calls = Decoder(), 0
    while True:
        frame = decoder.next()
        if frame is None:
            data = os.read(requests, 1 << 18)
            if not data:
                return
            decoder.feed(data)
            continue
        request, arrays = frame
        case = request["case"]
        if request.get("operation", "call") == "call":
            answer, out = honest(case, {name: array for name, (_, array) in arrays.items()})
        else:
            answer, out = UNSUPPORTED, {}
        for implementation in request["implementations"]:
            calls += 1
            with (FOLDER / f"seen{number}").open("a") as seen:
                seen.write(case["recipe"]["seed"] + "\n")
            header = {"type": "answer", "id": request["id"], "implementation": implementation}
            what = plan.get("cases", {}).get(case["recipe"]["seed"])
            what = what or plan.get("implementations", {}).get(implementation)
            if "after" in plan and calls >= plan["after"][0]:
                what = plan["after"][1]
            if what is None or _misbehave(what, answers, header, answer, out, calls):
                _write(answers, encode({**header, **answer}, out))


if __name__ == "__main__":
    main()
