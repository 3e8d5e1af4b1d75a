"""Claims about the arithmetic of particular devices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.expected import Expected
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.probe import Array, Prober, fault
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed, reported

_LARGE: Final = "v1_1d_n4_ci64_co64_i64_k3_s2_p1_op1_b_f32_real.1"
_FLOAT32, _FLOAT16 = 2.0**-24, 2.0**-11
_TF32: Final = 2.0**-10  # of an input with a significand cut to 11 bits
_BFLOAT16: Final = 2.0**-8


def tf32(prober: Prober) -> Iterator[Trial]:
    """With TensorFloat32 allowed, errors exceed float32's bound and stay within that of 11-bit factors."""
    case = Case.parse(_LARGE)
    answer = prober.call(case, tf32=True)
    trial = fault(answer, case)
    if trial is not None:
        yield trial
        return
    expected = prober.problem(case).reference[Check.VALUES]
    if answer.shape != expected.values.shape:
        yield differs(f"the output has the shape {list(answer.shape or ())}", case)
        return
    error = worst(answer.arrays["values"], expected)
    # both factors are cut, and the sum is in float32
    float32 = (float(expected.terms.max()) + 1) * _FLOAT32
    if error > 2 * _TF32 + _TF32**2 + float32:
        yield differs(f"the error is {error:.2e} A, larger than TensorFloat32 explains", case)
    elif error > float32:
        yield passed(case)
    else:
        yield reported(f"the error is {error:.2e} A: the device computed in float32 nevertheless", case)


def rocm_float16(prober: Prober) -> Iterator[Trial]:
    """Gradients of float16 may have the precision of bfloat16, and no worse."""
    case = Case.parse(_LARGE).replace(dtype="float16")
    answer = prober.call(case)
    trial = fault(answer, case)
    if trial is not None:
        yield trial
        return
    reference = prober.problem(case).reference
    for check in (Check.GRAD_INPUT, Check.GRAD_WEIGHT):
        if str(check) not in answer.arrays:
            yield differs(f"{check}: not returned", case)
            continue
        error = worst(answer.arrays[str(check)], reference[check])
        if error > 3 * _BFLOAT16:
            yield differs(f"{check}: the error is {error:.2e} A, larger than bfloat16 explains", case)
        elif error > 3 * _FLOAT16:
            yield passed(case, f"{check} has a lower precision than float16")
        else:
            yield passed(case, f"{check} has the precision of float16 on this device")


def worst(found: Array, expected: Expected) -> float:
    """Returns the largest error in units of A."""
    errors = np.abs(found.astype(np.float64) - expected.values)
    return float(np.divide(errors, expected.scale, out=np.zeros_like(errors), where=expected.scale > 0).max())
