"""Faults of kernels that work in blocks of channels, positions or groups; only larger shapes show them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from conv_transpose_conformance.faults.model import FaultModel
from conv_transpose_conformance.faults.operator import Change, Operator, fault
from conv_transpose_conformance.reference_impl import backward

_LANES: Final = 16
_BLOCK: Final = 32


def _inputs_lost(first: Any) -> Change:
    """Returns a fault that leaves out the input channels from ``first(channels)`` on."""

    def apply(op: Operator) -> Any:
        start = first(op.x.shape[1])
        kept = op.x.copy()
        kept[:, start:] = 0
        gradient = backward(op.x, op.w, op.g, geometry=op.geometry).x
        gradient[:, start:] = 0
        return op.but(x=kept).outputs(grad_input=gradient)

    return apply


def _whole_blocks(size: int) -> int:
    """Returns the part of a size that whole blocks cover, all of it if there is no whole block."""
    return size // _LANES * _LANES or size


def _outputs_lost(op: Operator) -> Operator:
    kept = np.ones((op.g.shape[1], *op.geometry.output_size))
    kept[_BLOCK:] = 0
    return op.but(products=kept)


def _positions_lost(op: Operator) -> Operator:
    if op.g.shape[1] <= _LANES:
        return op
    kept = np.ones(op.geometry.output_size)
    kept[..., _whole_blocks(op.geometry.output_size[-1]) :] = 0
    return op.but(products=kept)


def _groups_repeat(op: Operator) -> Any:
    """Returns the operator in which groups past the lanes compute with the weights of the first groups."""
    groups = op.geometry.groups
    if groups <= _LANES:
        return op
    blocks = op.w.reshape(groups, -1, *op.w.shape[1:])
    taken = np.arange(groups) % _LANES
    changed = op.but(w=blocks[taken].reshape(op.w.shape))
    gradient = backward(op.x, changed.w, op.g, geometry=op.geometry).w.reshape(blocks.shape)
    summed = np.zeros_like(blocks)
    np.add.at(summed, taken, gradient)
    return changed.outputs(grad_weight=summed.reshape(op.w.shape))


FAULTS: Final[tuple[FaultModel, ...]] = (
    fault(
        "block-inputs-lost",
        f"input channels past the {_BLOCK}nd are left out",
        _inputs_lost(lambda channels: _BLOCK),
    ),
    fault(
        "block-inputs-remainder-lost",
        f"input channels past the last whole block of {_LANES} are left out",
        _inputs_lost(_whole_blocks),
    ),
    fault(
        "block-outputs-lost",
        f"output channels past the {_BLOCK}nd get no products",
        _outputs_lost,
    ),
    fault(
        "block-positions-remainder-lost",
        f"with more than {_LANES} output channels, positions past the last whole block of {_LANES} of the "
        "last dimension get no products",
        _positions_lost,
    ),
    fault(
        "block-groups-repeat",
        f"groups past the {_LANES}th compute with the weights of the first ones",
        _groups_repeat,
    ),
)
