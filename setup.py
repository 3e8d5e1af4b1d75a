"""The compiled half of the reference; everything else is in pyproject.toml.

Built where a C compiler is found; without one the NumPy path does the whole job.
"""

import atexit
import shutil
import tempfile
from pathlib import Path

from setuptools import Extension, setup

FOLDER = "src/conv_transpose_conformance/reference_impl"
# A folder of its own for each build: what an earlier one left in build/ would be packed again.
BUILD = tempfile.mkdtemp(prefix="conv-transpose-conformance-")
atexit.register(shutil.rmtree, BUILD, ignore_errors=True)
PARTS = sorted(str(path) for end in ("h", "pxi") for path in Path(FOLDER).glob(f"*.{end}"))


def kernel(name: str, *flags: str) -> Extension:
    """An optional extension module of the reference."""
    return Extension(
        f"conv_transpose_conformance.reference_impl.{name}",
        [f"{FOLDER}/{name}.pyx"],
        depends=PARTS,
        include_dirs=[FOLDER],
        extra_compile_args=["-O3", *flags],
        optional=True,
    )


setup(
    options={"build": {"build_base": BUILD}},
    ext_modules=[
        kernel("_kernels"),
        # Error-free transformations: a product fused with a sum would lose what they are there to keep.
        kernel("_compensated", "-ffp-contract=off"),
    ],
)
