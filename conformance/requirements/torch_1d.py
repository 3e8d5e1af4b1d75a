"""The claims of the reference page of ``torch.nn.ConvTranspose1d``."""

from __future__ import annotations

from typing import Any, Final

from conformance.requirements import relations
from conformance.requirements.parameter_sets import directed
from conformance.requirements.requirement import Judged, Probed, for_each, unsupported
from conformance.verdicts import Check

_ALL: Final = (Check.VALUES, Check.GRAD_INPUT, Check.GRAD_WEIGHT, Check.GRAD_BIAS)


def _judged(identifier: str, statement: str, checks: Any, of: Any, **others: Any) -> Judged:
    return Judged(
        id=f"T1.{identifier}",
        statement=statement,
        source="torch-1d",
        applies=("torch.nn.ConvTranspose1d",),
        checks=checks,
        of=of,
        **others,
    )


def _probed(identifier: str, statement: str, trials: Any, **others: Any) -> Probed:
    return Probed(
        id=f"T1.{identifier}",
        statement=statement,
        source="torch-1d",
        applies=("torch.nn.ConvTranspose1d",),
        trials=trials,
        **others,
    )


REQUIREMENTS: Final = (
    _probed(
        "adjoint",
        "The module is the gradient of Conv1d with respect to its input.",
        for_each(relations.adjoint, directed),
    ),
    _probed(
        "tf32",
        "TensorFloat32 is supported.",
        lambda bench: [unsupported("no check of TensorFloat32 is written for this device")],
        needs="cuda",
    ),
    _judged(
        "output-padding",
        "output_padding enlarges the output on one side only, and what stands there is computed, not zero.",
        (Check.SHAPE, Check.VALUES),
        lambda case: any(case.output_padding),
    ),
    _judged(
        "shape",
        "L_out = (L_in - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1.",
        (Check.SHAPE,),
        lambda case: case.output_size is None,
    ),
)
