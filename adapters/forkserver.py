"""A process that imports one framework and then forks a worker for every request of the host.

This makes replacing a worker cheap: importing a framework takes a second or more, forking takes milliseconds.
A fork is like a fresh process after the import, because no call ran before it.

Each side sends one packet of JSON.  ``{"fork": {"folder": ..., "environment": {...}}}`` comes with the
descriptors of requests, answers and log; the reply is ``{"pid": n}``.  The reply to ``{"status": pid}`` is
``{"code": n}``, as ``subprocess`` gives it (null while the process lives).  The reply to ``{"reap": pid}`` is
the same, once the process has ended.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import tempfile
import traceback
from typing import Any

from conv_transpose_conformance.adapters import load_adapter
from conv_transpose_conformance.adapters.worker import serve

PACKET = 1 << 18


def serve_forks(adapter_file: str, control_fd: int) -> None:
    """Runs until the host closes its end."""
    control = socket.socket(fileno=control_fd)
    importlib.import_module(load_adapter(adapter_file).module)
    # locks of other threads would stay locked in a fork
    threads = len(os.listdir("/proc/self/task"))
    control.send(json.dumps({"threads": threads}).encode())
    while True:
        data, descriptors, _, _ = socket.recv_fds(control, PACKET, 3)
        if not data:
            return
        request = json.loads(data)
        if "fork" in request:
            pid = os.fork()
            if pid == 0:
                control.close()
                _become_worker(adapter_file, request["fork"], descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
            os.setpgid(pid, pid)  # also here, so that it is done before the host gets the reply
            reply: dict[str, Any] = {"pid": pid}
        elif "status" in request:
            reply = {"code": _code(request["status"], os.WNOHANG | os.WNOWAIT)}
        else:
            reply = {"code": _code(request["reap"], 0)}
        control.send(json.dumps(reply).encode())


def _become_worker(adapter_file: str, request: dict[str, Any], descriptors: list[int]) -> None:
    """Turns this fork into a worker, like one started by the host; does not return."""
    code = 1
    try:
        os.setpgid(0, 0)
        requests, answers, log = descriptors
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        tempfile.tempdir = None  # set from the server's environment
        serve(adapter_file, requests, answers)
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _code(pid: int, how: int) -> int | None:
    found = os.waitid(os.P_PID, pid, os.WEXITED | how)
    if found is None:
        return None
    return found.si_status if found.si_code == os.CLD_EXITED else -found.si_status
