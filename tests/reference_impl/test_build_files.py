"""The kernels' headers and included parts: a source distribution without them would fall back to NumPy."""

from __future__ import annotations

import re

from tests.support import ROOT, source

FOLDER = source("reference_impl")


def test_what_the_kernels_include_is_packed():
    packed = (ROOT / "MANIFEST.in").read_text(encoding="utf-8")
    files = [*FOLDER.glob("*.pyx"), *FOLDER.glob("*.pxi"), *FOLDER.glob("*.h")]
    assert files
    for path in files:
        assert f"*{path.suffix}" in packed
        for name in re.findall(r'(?:include|from) "(\w+\.\w+)"', path.read_text(encoding="utf-8")):
            assert (FOLDER / name).exists()
