"""Kills a run at random moments, resumes it every time, and compares the end with an undisturbed run.

::

    python -m benchmarks.kills --kills 100 --python torch=/path/to/python --implementation 'torch.nn.*'

Prints how many records each side holds and exits 1 where the two sets differ, or where a process of a worker
outlives its host.  Times are left out of the comparison.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from conv_transpose_conformance.reports.store.dataset import load_run
from conv_transpose_conformance.workers.watchdog import MARK

_LEFT_OUT = ["microseconds"]


def _command(options: list[str], *more: str) -> list[str]:
    return [sys.executable, "-m", "conv_transpose_conformance", "run", *more, *options]


def _rows(folder: Path) -> set[tuple[object, ...]]:
    frame = load_run(folder).drop(columns=_LEFT_OUT)
    rows = [tuple(map(str, row)) for row in frame.itertuples(index=False)]
    assert len(rows) == len(set(rows)), f"{folder}: {len(rows) - len(set(rows))} records are there twice"
    return set(rows)


def _workers_of(marker: bytes) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if marker in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def main() -> int:
    """The script."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--longest", type=float, default=6.0, help="seconds a host lives at most")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    known, options = parser.parse_known_args()
    pythons = [
        word for at, word in enumerate(options) if word == "--python" or options[at - 1 : at] == ["--python"]
    ]
    moments = random.Random(known.seed)
    with tempfile.TemporaryDirectory(prefix="kills-") as place:
        environment = {**os.environ, "TMPDIR": place}
        marker = f"{MARK}={place}".encode()
        whole, killed = Path(place, "undisturbed"), Path(place, "killed")
        quiet: dict[str, Any] = {
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
            "env": environment,
        }
        subprocess.run(_command(options, "--out", str(whole)), **quiet, check=False)
        expected = _rows(whole)
        kills = begun = finished = 0
        started = time.monotonic()
        while kills < known.kills:
            journal = killed / "journal.jsonl"
            resume = journal.exists() and journal.stat().st_size > 0
            if not resume:
                begun += 1
            arguments = ["--resume", str(killed)] if resume else ["--out", str(killed)]
            host = subprocess.Popen(
                _command(pythons if resume else options, *arguments), start_new_session=True, **quiet
            )
            try:
                host.wait(timeout=moments.uniform(0, known.longest))
                finished += 1
                if _rows(killed) != expected:
                    print(f"after {kills} kills the resumed run ended with other records")
                    return 1
            except subprocess.TimeoutExpired:
                os.kill(host.pid, signal.SIGKILL)
                host.wait()
                kills += 1
        if (killed / "journal.jsonl").exists():
            subprocess.run(_command(pythons, "--resume", str(killed)), **quiet, check=False)
        union = _rows(killed)
        time.sleep(1)
        left = _workers_of(marker)
        print(
            f"{kills} kills in {time.monotonic() - started:.0f} s, {begun} runs begun, "
            f"{finished} ended between; "
            f"{len(expected)} records undisturbed, {len(union)} after the kills, "
            f"{len(expected ^ union)} differ; {len(left)} processes of workers left"
        )
        return int(union != expected or bool(left))


if __name__ == "__main__":
    sys.exit(main())
