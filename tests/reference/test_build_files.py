"""The kernels' headers and included parts: a source distribution without them would fall back to NumPy."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_part_is_declared_to_the_build():
    tool = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    declared = {path for module in tool["setuptools"]["ext-modules"] for path in module["depends"]}
    parts = [path for end in ("h", "pxi") for path in (ROOT / "reference_impl").glob(f"*.{end}")]
    assert declared == {f"reference_impl/{path.name}" for path in parts}
