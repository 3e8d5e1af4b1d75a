"""Calls of real frameworks: through the suite's own worker, and by hand beside it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.execution.case_runner import CaseRunner
from conv_transpose_conformance.execution.requests import job_of
from conv_transpose_conformance.frameworks.registry import framework_of, registry
from conv_transpose_conformance.frameworks.registry import implementation as declared
from conv_transpose_conformance.judging.answers import Answer


def by_the_suite(python: Path, asked: list[tuple[Case, str]]) -> list[Answer]:
    """What the adapter answers."""
    with CaseRunner(Target(framework_of(asked[0][1])), python) as runner:
        return [runner.run(case, name).answer for case, name in asked]


def by_hand(python: Path, asked: list[tuple[Case, str]]) -> list[dict[str, np.ndarray]]:
    """What the framework gives a script that knows nothing of the suite."""
    framework = framework_of(asked[0][1])
    problems = []
    for case, name in asked:
        data = job_of(case, name).problem.data
        about = declared(name)
        problems.append(
            {
                **{key: None if (a := getattr(data, key)) is None else a.tolist() for key in "xwbg"},
                "in": case.in_channels,
                "out": case.out_channels,
                "kernel": list(case.kernel_size),
                "stride": list(case.stride),
                "padding": [before for before, _ in case.padding],
                "output_padding": list(case.output_padding),
                "dilation": list(case.dilation),
                "groups": case.groups,
                "dtype": case.dtype,
                "module": about.is_layer,
            }
        )
    ending = ".R" if registry().frameworks[framework].runtime.language == "R" else ".py"
    script = Path(__file__).parents[1] / "adapters" / f"direct_{framework.replace('.', '_')}{ending}"
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(
        [python, script],
        input=json.dumps(problems),
        capture_output=True,
        text=True,
        check=False,
        env={**variables, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return [{name: _array(values) for name, values in one.items()} for one in found]


def _array(values: Any) -> np.ndarray:
    if isinstance(values, dict):  # R has no nested lists of numbers
        return np.array(values["flat"], float).reshape(values["shape"])
    return np.array(values)
