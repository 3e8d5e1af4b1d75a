"""What each API's own documents say that its arguments mean.

One module per framework turns a case into a :class:`Meaning`: the geometry that the documents demand
and whether they demand that the call be accepted.  Where they are silent or contradict themselves the
meaning is *unspecified*, and nothing is held against an implementation.

=============  ====================================================================
``meaning``    the words, and what is the same everywhere: sizes, groups, lengths
``torch``      PyTorch's ``ConvTranspose1d/2d`` and functional forms
``paddle``     PaddlePaddle's ``Conv1DTranspose/Conv2DTranspose`` and functional forms
``mindspore``  MindSpore's ``nn.Conv1dTranspose/Conv2dTranspose`` and ``mint``
``r_torch``    R torch's ``nn_conv_transpose1d/2d`` and functional forms
=============  ====================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from conv_transpose_conformance.adapters import framework_of
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance, Meaning
from conv_transpose_conformance.frameworks import mindspore, paddle, r_torch, torch

__all__ = ["Acceptance", "Meaning", "interpret"]

_BY_FRAMEWORK: Final[dict[str, Callable[[Case, str], Meaning]]] = {
    "torch": torch.interpret,
    "paddle": paddle.interpret,
    "mindspore": mindspore.interpret,
    "r.torch": r_torch.interpret,
}


def interpret(case: Case, implementation: str) -> Meaning:
    """What the implementation's documents demand of a case that it can express."""
    return _BY_FRAMEWORK[framework_of(implementation)](case, implementation)
