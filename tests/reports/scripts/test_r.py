"""Reproduction scripts of R torch: what is in them, and what R makes of them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.registry import implementation as declared
from conv_transpose_conformance.frameworks.registry import registry
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.reports.scripts.execution import execute
from conv_transpose_conformance.reports.scripts.r_script import (
    _literal,
    _tensor,
    fact_script,
    process_script,
    refused_script,
    values_script,
)
from tests.support.script_examples import CASES, NASTY, made

NAMES = [one.name for one in registry().frameworks["r.torch"].implementations]
L1, L2, F1, F2 = NAMES  # each start of R takes seconds: every check once
SEVERAL = [
    (L1, "v1_1d_n1_ci1_co1_i3_k2_s2_os7_b_f64_int.1", Check.VALUES),
    (F1, CASES[1], Check.GRAD_BIAS),
    (L2, CASES[2], Check.GRAD_INPUT),
    (F2, "v1_2d_n1_ci2_co2_i2x2_k2x3_s2x1_p1x0_op1x0_d2x1_f32_int.1", Check.GRAD_WEIGHT),
]


def case_of(name: str) -> Case:
    return Case.parse(CASES[declared(name).ndim])


def scripts(name: str) -> list[str]:
    case = case_of(name)
    return [
        values_script(name, made(name, Check.VALUES), [NASTY]),
        values_script(name, made(name, Check.GRAD_WEIGHT), [NASTY]),
        fact_script(name, case, Check.SHAPE, [1, 2], [NASTY]),
        fact_script(name, case, Check.DTYPE, "float64", [NASTY]),
        refused_script(name, case, (1, 1, 2), [NASTY]),
        process_script(name, case, must_refuse=NASTY, output=None, about=[NASTY]),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_what_a_framework_said_stays_in_comments_and_strings(name):
    for script in scripts(name):
        bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', script)
        bare = "\n".join(line.partition("#")[0] for line in bare.splitlines())
        assert "import os" not in bare
        assert "latin" not in bare
        assert set(re.findall(r"library\((\w+)\)", script)) == {"torch"}


def test_numbers_are_written_so_that_r_reads_the_same_bits():
    assert [_literal(v) for v in (3.0, -2.0, 0.1, -0.0, np.inf, -np.inf)] == [
        "3",
        "-2",
        "0x1.999999999999ap-4",
        "-0",
        "Inf",
        "-Inf",
    ]
    assert _literal(np.nan) == "NaN"
    assert float.fromhex(_literal(1 / 3)) == 1 / 3
    assert _tensor(np.array([[1, 2], [3, 4]]), "float32") == (
        "torch_tensor(c(1, 2, 3, 4), dtype = torch_float32())$reshape(c(2, 2))"
    )
    assert _tensor(np.zeros((1, 0, 2)), "float64") == "torch_empty(c(1, 0, 2), dtype = torch_float64())"


@pytest.mark.frameworks
def test_r_parses_and_runs_them(framework_python):
    rscript = framework_python("r.torch")
    for name in (L1, F2):
        by_values, by_gradient, shape, dtype, refused, process = (
            execute(script, rscript, ending=".R") for script in scripts(name)
        )
        assert [by_values.status, by_gradient.status] == ["gone", "gone"], by_values.output
        assert [shape.status, dtype.status] == ["reproduced", "reproduced"], shape.output
        assert refused.status == "reproduced", refused.output  # a gradient of another shape is refused
        assert process.status == "reproduced", process.output  # accepted, and was to be refused


@pytest.mark.frameworks
@pytest.mark.parametrize(("name", "id_", "check"), SEVERAL)
def test_a_script_with_a_false_expectation_reproduces_and_a_true_one_is_gone(
    framework_python, name, id_, check
):
    rscript = framework_python("r.torch")
    found = made(name, check, case=Case.parse(id_))
    script = values_script(name, found, [])
    shifted = found.expected.copy()
    shifted[found.index] += 1
    true, false = _tensor(found.expected, "float64"), _tensor(shifted, "float64")
    done = execute(script, rscript, ending=".R")
    assert done.status == "gone", done.output
    wrong = script.replace(f"expected <- {true}", f"expected <- {false}")
    assert execute(wrong, rscript, ending=".R").status == "reproduced"
