"""bfloat16 crosses to PyTorch and back, though NumPy knows none."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.frameworks
@pytest.mark.parametrize("name", ["torch.nn.ConvTranspose1d", "torch.nn.functional.conv_transpose1d"])
@pytest.mark.parametrize("recipe", ["int", "real"])
def test_values_and_gradients_in_bfloat16_pass(name, recipe):
    case = f"v1_1d_n2_ci3_co2_i4_k3_s2_p1_b_bf16_{recipe}.2"
    done = subprocess.run(
        [sys.executable, "-m", "conv_transpose_conformance", "replay", case, "--implementation", name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "grad_bias    pass" in done.stdout
