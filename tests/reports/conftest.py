"""Records made by hand: no framework, no engine."""

from __future__ import annotations

from typing import Any

import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import Check, Evidence, Record, Verdict
from conv_transpose_conformance.reports.store.folder import RunFolder, read
from conv_transpose_conformance.reports.store.summary import Summary

SMALL = "v1_1d_n1_ci1_co1_i2_k2_f32_int.1"
LARGE = "v1_2d_n2_ci4_co6_i5x7_k3x3_s2x1_p1x0.2_op1x0_d1x2_g2_b_f32_int.1f"
UNBATCHED = "v1_1d_u_ci2_co3_i4_k3_psame_f64_real.ffffffffffffffff"


def record(case: str | Case = SMALL, **changes: Any) -> Record:
    fields: dict[str, Any] = {
        "implementation": "torch.nn.ConvTranspose1d",
        "framework": "torch",
        "check": Check.VALUES,
        "verdict": Verdict.PASS,
        "level": "exact",
    }
    parsed = case if isinstance(case, Case) else Case.parse(case)
    return Record(case=parsed, **(fields | changes))


def summary_of(*records: Record) -> Summary:
    summary = Summary()
    for one in records:
        summary.add(one)
    return summary


@pytest.fixture
def make_record():
    return record


@pytest.fixture
def summarise():
    return summary_of


@pytest.fixture
def info() -> dict[str, Any]:
    """What an engine says of a run, everything but the implementations."""
    return {
        "schema": 1,
        "suite": {"name": "conv-transpose-conformance", "version": "0.1.0"},
        "started": "2026-01-02T03:04:05+00:00",
        "seconds": 12.5,
        "profile": "quick",
        "seed": 7,
        "budget": None,
        "interrupted": False,
        "exit_code": 1,
        "host": {
            "python": "3.11.7",
            "numpy": "2.1.0",
            "platform": "Linux-x86_64",
            "cpu": "A CPU",
            "cpu_count": 2,
            "reference": "NumPy",
        },
        "frameworks": {
            "torch": {
                "status": "ran",
                "reason": None,
                "version": "2.13.0",
                "python": "3.11.7",
                "numpy": "2.1.0",
                "device": "cpu",
                "interpreter": "/env/torch/bin/python",
                "dtypes": ["float32", "float64"],
                "packages": {"torch": "2.13.0"},
            },
            "paddle": {
                "status": "unavailable",
                "reason": "no wheel for this Python",
                "version": None,
                "python": None,
                "numpy": None,
                "device": None,
                "interpreter": None,
                "dtypes": [],
                "packages": {},
            },
        },
    }


@pytest.fixture
def divergent() -> Summary:
    """Passes, a divergence with evidence, a crash without, and things said and not applicable."""
    other = "torch.nn.functional.conv_transpose2d"
    evidence = Evidence(
        expected=[[[1, 2, 3]]],
        actual=[[[1, 5, 3]]],
        difference=[[[0, 3, 0]]],
        shape=(1, 1, 3),
        index=(0, 0, 1),
        wrong=1,
        elements=3,
    )
    return summary_of(
        record(escape=0.25),
        record(LARGE, escape=0.125),
        record(UNBATCHED, level="bounded", error=0.75, met="wider"),
        record(check=Check.GRAD_BIAS, verdict=Verdict.NOT_APPLICABLE, level="", message="there is no bias"),
        record(LARGE, implementation=other, verdict=Verdict.DIVERGE, message="larger"),
        record(implementation=other, verdict=Verdict.DIVERGE, message="3 too much", evidence=evidence),
        record(
            implementation=other, check=Check.ACCEPTANCE, verdict=Verdict.CRASH, message="SIGSEGV", level=""
        ),
        record(
            implementation=other, check=Check.SHAPE, verdict=Verdict.UNSUPPORTED, message="no 1-D", level=""
        ),
    )


@pytest.fixture
def run_folder(tmp_path, info, divergent):
    """A finished run folder."""
    folder = RunFolder.create(tmp_path / "run")
    folder.write(info, divergent)
    return folder


def requirement(identifier: str = "T1.adjoint", **changes: Any) -> dict[str, Any]:
    """An entry of run.json's catalogue of requirements."""
    fields = {
        "id": identifier,
        "statement": "It is the adjoint of Conv1d.",
        "source": "torch-1d",
        "document": "The reference page",
        "page": "https://example.org/page",
        "applies": ["torch.nn.ConvTranspose1d"],
        "needs": "",
        "note": "",
        "kind": "probed",
    }
    return fields | changes


def result(identifier: str = "T1.adjoint", **changes: Any) -> dict[str, Any]:
    """A result of run.json's requirements."""
    fields: dict[str, Any] = {
        "requirement": identifier,
        "implementation": "torch.nn.ConvTranspose1d",
        "framework": "torch",
        "probed": True,
        "verdict": "pass",
        "counts": {"pass": 8},
        "message": "",
        "case": None,
    }
    return fields | changes


@pytest.fixture
def requiring(tmp_path, info):
    """The run of a folder in which requirements hold, fail, fail as expected, and cannot be checked."""
    function = "torch.nn.functional.conv_transpose1d"
    broken = {"verdict": "diverge", "counts": {"diverge": 3, "pass": 5}, "case": SMALL}
    known = {
        "all": True,
        "covered": 1,
        "of": 1,
        "entries": [{"line": 3, "reason": "an old friend", "link": ""}],
    }
    info["requirements"] = {
        "catalogue": [
            requirement(),
            requirement("T1.tf32", needs="cuda"),
            requirement("T1.shape", kind="judged"),
            requirement("relation.linear", source="suite", document="This suite", applies=["*"]),
        ],
        "results": [
            result(),
            result(implementation=function, verdict="not-applicable", counts={"not-applicable": 1}),
            result("T1.tf32", verdict="unsupported", counts={"unsupported": 1}, message="needs cuda"),
            result("T1.shape", probed=False, **broken, message="shapes of its cases differ"),
            result("relation.linear", **broken, message="f(2x) is not 2 f(x)"),
            result(
                "relation.linear", implementation=function, **broken, expected=known, message="neither here"
            ),
        ],
    }
    folder = RunFolder.create(tmp_path / "requiring")
    folder.write(info, summary_of(record(escape=0.25)))
    return read(folder.path)


NASTY = (
    "<script>alert('x')</script> | pipe | `tick` ``` \x00 \x1b[31mred\x1b[0m [bold]markup[/bold] "
    "@someone **b** <img src=x onerror=y> {{ 7*7 }} ]]> & \ud800 \u202e\nsecond line"
)


@pytest.fixture
def hostile(tmp_path, info):
    """The run and the divergences of a framework that says the worst in every place it can."""
    info["suite"]["name"] = info["profile"] = info["host"]["cpu"] = NASTY
    info["frameworks"] = {
        NASTY: {**info["frameworks"]["torch"], "version": NASTY, "device": NASTY, "dtypes": [NASTY]},
        "gone": {**info["frameworks"]["paddle"], "reason": NASTY},
    }
    info["requirements"] = {
        "catalogue": [requirement(NASTY, statement=NASTY, document=NASTY, page=NASTY, note=NASTY)],
        "results": [
            result(NASTY, implementation=NASTY, framework=NASTY, verdict="diverge", counts={}, message=NASTY)
        ],
    }
    evidence = Evidence(expected=NASTY, actual=[[NASTY]], difference=None, wrong=1, elements=1)
    summary = summary_of(
        record(
            implementation=NASTY, framework=NASTY, verdict=Verdict.DIVERGE, message=NASTY, evidence=evidence
        ),
        record(
            implementation=NASTY,
            framework=NASTY,
            check=Check.SHAPE,
            verdict=Verdict.UNSUPPORTED,
            message=NASTY,
        ),
        record(
            implementation=NASTY, framework=NASTY, check=Check.DTYPE, level="bounded", met=NASTY, error=1.0
        ),
    )
    folder = RunFolder.create(tmp_path / "hostile")
    folder.write(info, summary)
    return read(folder.path)
