"""R torch: ``nn_conv_transpose1d/2d`` and ``nnf_conv_transpose1d/2d`` of the R package torch.

What is declared here the host reads; what is done happens in ``r_torch_worker.R`` and ``r_torch_calls.R``.
"""

from __future__ import annotations

import os
from typing import ClassVar

from conv_transpose_conformance.adapters.base import Adapter, CaseData, is_symmetric, leaves_rest


class RTorchAdapter(Adapter):
    """R torch on the CPU."""

    framework = "r.torch"
    module = "torch"
    language = "R"
    implementations: ClassVar = {
        "r.torch.nn_conv_transpose1d": {"ndim": 1, "module": True},
        "r.torch.nn_conv_transpose2d": {"ndim": 2, "module": True},
        "r.torch.nnf_conv_transpose1d": {"ndim": 1, "module": False},
        "r.torch.nnf_conv_transpose2d": {"ndim": 2, "module": False},
    }

    @classmethod
    def command(cls, interpreter: str) -> list[str]:
        """``Rscript``, without the files that a user's or a site's sessions begin with."""
        return [interpreter, "--vanilla", os.path.join(os.path.dirname(__file__), "r_torch_worker.R")]

    @staticmethod
    def cannot_express(implementation: str, case: CaseData) -> str | None:
        """Padding is symmetric, the layout channels first; only the modules take an output size."""
        if isinstance(case["padding"], str):
            return "padding is given in numbers only"
        if not is_symmetric(case):
            return "padding is the same on both sides of a dimension"
        if case["spelling"] not in ("plain", "tuple"):
            return "padding is one number per dimension"
        if case["layout"] != "channels_first":
            return "no data-format argument: the input is channels first"
        if RTorchAdapter.implementations[implementation]["module"]:
            return None
        if case["output_size"] is not None:
            return "the functional form takes no output_size"
        if leaves_rest(case):
            return (
                "the functional form takes the output channels from the weight: groups times a whole number"
            )
        return None


ADAPTER = RTorchAdapter
