"""Arithmetic with too little precision; wrong refusals and acceptances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from conv_transpose_conformance.cases.meaning import output_size
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES, SIGNIFICAND_BITS
from conv_transpose_conformance.faults.model import FaultModel, Refusal, Result, Unread
from conv_transpose_conformance.faults.operator import REFUSED, Operator, clean, fault
from conv_transpose_conformance.judging.judge import Array
from conv_transpose_conformance.judging.problem import Problem


def truncated(array: Array, bits: int) -> Array:
    """Returns ``array`` truncated to ``bits`` significand bits."""
    fraction, exponent = np.frexp(array)
    found: Array = np.ldexp(np.trunc(np.ldexp(fraction, bits)), exponent - bits)
    return found


def rounded(array: Array, bits: int) -> Array:
    """Returns ``array`` rounded to ``bits`` significand bits."""
    fraction, exponent = np.frexp(array)
    found: Array = np.ldexp(np.rint(np.ldexp(fraction, bits)), exponent - bits)
    return found


def _inputs(change: Callable[[Array], Array]) -> Callable[[Operator], Operator]:
    return lambda op: op.but(x=change(op.x), w=change(op.w), g=change(op.g))


def _results(change: Callable[[Operator, Array], Array]) -> Callable[[Operator], Any]:
    return lambda op: {check: change(op, array) for check, array in op.outputs().items()}


def _significand(op: Operator) -> int:
    return SIGNIFICAND_BITS[op.problem.case.dtype]


def _accumulated(dtype: Any) -> Callable[[Operator], Any]:
    """Returns a fault that accumulates the output in ``dtype``, tap by tap and channel by channel."""

    def apply(op: Operator) -> Any:
        groups, (per_in, per_out) = op.geometry.groups, (len(op.w) // op.geometry.groups, op.w.shape[1])
        total = np.zeros(op.g.shape, dtype)
        for tap in np.ndindex(op.geometry.kernel_size):
            for channel in range(per_in):
                alone = np.zeros_like(op.w)
                rows = slice(channel, None, per_in)
                alone[(rows, slice(None), *tap)] = op.w[(rows, slice(None), *tap)]
                with np.errstate(over="ignore", invalid="ignore"):
                    total = (total + op.but(w=alone, b=None).y()).astype(dtype)
        assert total.shape[1] == groups * per_out
        y = total.astype(np.float64)
        if op.b is not None:
            y = y + op.b.reshape(-1, *[1] * op.geometry.ndim)
        return op.outputs(values=y)

    return apply


def _float32(array: Array) -> Array:
    with np.errstate(over="ignore"):
        return array.astype(np.float32).astype(np.float64)


def _wrapped(op: Operator, array: Array) -> Array:
    """Returns integers wrapped around at 16 bits."""
    if op.problem.case.recipe.kind == "real":
        return array
    return np.asarray((array.astype(np.int64) + 2**15) % 2**16 - 2**15, np.float64)


def _always(problem: Problem, wrong: Callable[[Problem], Result | None]) -> Result:
    found = wrong(problem)
    return clean(problem) if found is None else found


def _model(name: str, description: str, wrong: Callable[[Problem], Result | None]) -> FaultModel:
    return FaultModel(
        name, description, f"behaves as: {description}", lambda problem: _always(problem, wrong)
    )


def _sizes_unchecked(problem: Problem) -> Result | None:
    """Returns a tensor of negative size for calls that must be refused because of it, else None."""
    case = problem.case
    positive = min(*case.stride, *case.dilation, *case.kernel_size, case.groups, case.in_channels) > 0
    if problem.geometry is not None or isinstance(case.padding, str) or not positive:
        return None
    size = output_size(case, case.output_padding)
    lead = () if case.batch is None else (case.batch,)
    return Unread((*lead, case.out_channels, *size)) if min(size) < 0 else None


def _groups_unchecked(problem: Problem) -> Result | None:
    """Returns an output without the surplus channels if groups does not divide the channels, else None."""
    case = problem.case
    if problem.geometry is not None or isinstance(case.padding, str) or case.groups < 2:
        return None
    if case.in_channels % case.groups == 0 == case.out_channels % case.groups or min(case.kernel_size) < 1:
        return None
    size = output_size(case, case.output_padding)
    lead = () if case.batch is None else (case.batch,)
    return Unread((*lead, case.out_channels // case.groups * case.groups, *size)) if min(size) > 0 else None


def _refuses(name: str, description: str, when: Callable[[Problem], bool]) -> FaultModel:
    return _model(
        name,
        description,
        lambda problem: Refusal("ValueError: not supported") if problem.geometry and when(problem) else None,
    )


def _zeros(check: str) -> Callable[[Operator], Any]:
    def apply(op: Operator) -> Any:
        found = op.outputs()
        return {name: np.zeros_like(a) if str(name) == check else a for name, a in found.items()}

    return apply


FAULTS: Final[tuple[FaultModel, ...]] = (
    fault(
        "truncates",
        "results are truncated instead of rounded",
        _results(lambda op, array: truncated(array, _significand(op))),
    ),
    fault(
        "inputs-truncated",
        "inputs are truncated to the upper half of their bits",
        lambda op: _inputs(lambda array: truncated(array, _significand(op) // 2))(op),
    ),
    fault(
        "inputs-tf32",
        "inputs are rounded to 11 significand bits, as by TF32",
        _inputs(lambda a: rounded(a, 11)),
    ),
    fault("accumulates-float16", "sums are accumulated in float16", _accumulated(np.float16)),
    fault("accumulates-bfloat16", "sums are accumulated in bfloat16", _accumulated(NUMPY_DTYPES["bfloat16"])),
    fault(
        "float64-as-float32",
        "float64 is computed in float32",
        lambda op: op if op.problem.case.dtype == "float32" else _inputs(_float32)(op),
    ),
    fault("integers-wrap", "integers wrap around at 16 bits", _results(_wrapped)),
    fault("grad-input-zero", "the gradient of the input is zero", _zeros("grad_input")),
    fault("grad-weight-zero", "the gradient of the weight is zero", _zeros("grad_weight")),
    _model("negative-size-accepted", "an output of negative size is not refused", _sizes_unchecked),
    _model("groups-unchecked", "groups that do not divide the channels are not refused", _groups_unchecked),
    _refuses(
        "refuses-output-padding",
        "every output padding is refused",
        lambda problem: any(problem.case.output_padding),
    ),
    _refuses(
        "refuses-output-padding-beyond-stride",
        "an output padding is refused from the stride on, although the dilation is larger",
        lambda problem: any(
            o >= s for o, s in zip(problem.case.output_padding, problem.case.stride, strict=True) if o
        ),
    ),
    _refuses(
        "refuses-dilated-stride",
        "dilation together with a stride is refused",
        lambda problem: max(problem.case.dilation) > 1 and max(problem.case.stride) > 1,
    ),
    _refuses(
        "refuses-unbatched",
        "an input without a batch dimension is refused",
        lambda problem: problem.case.batch is None,
    ),
    _refuses(
        "refuses-nested-padding",
        "the nested spelling of paddings is refused",
        lambda problem: problem.case.spelling == "nested",
    ),
)

__all__ = ["FAULTS", "REFUSED", "rounded", "truncated"]
