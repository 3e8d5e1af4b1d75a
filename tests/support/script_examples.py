"""Examples of wrong numbers to write scripts of."""

from __future__ import annotations

import numpy as np

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.causes.worked_example import counting, example
from conv_transpose_conformance.frameworks.registry import implementation as declared
from conv_transpose_conformance.frameworks.registry import interpret
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Check

CASES = {
    1: "v1_1d_n2_ci2_co4_i3_k2_s2_p1_g2_b_f32_int.1",
    2: "v1_2d_n1_ci1_co2_i2x3_k2x1_s2x2_b_f32_int.1",
}
NASTY = 'x\'"\n"""; import os; os.system(\'false\') # \\ \x00\u2028\r# -*- coding: latin-1 -*-'


def made(implementation: str, check: Check, wrong: float = 1.0, case: Case | None = None):
    """An example in which an implementation is off by ``wrong`` in one element."""
    about = declared(implementation)
    case = case or Case.parse(CASES[about.ndim])
    problem = counting(Problem(case, interpret(case, implementation).geometry))
    values = np.array(problem.reference[check].values, dtype=case.dtype)
    values.flat[-1] += wrong
    answer = Answer(implementation=implementation, outcome=Outcome.OK, arrays={str(check): values})
    return example(problem, answer, check)
