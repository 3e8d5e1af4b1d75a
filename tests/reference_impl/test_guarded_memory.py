"""Nothing beside the caller's arrays is read: they lie between pages that may not be touched."""

import subprocess
import sys

import pytest

from conv_transpose_conformance.reference_impl import has_kernels

PROGRAM = """
import ctypes, mmap
import numpy as np
from conv_transpose_conformance.reference_impl import Geometry, backward, forward

page = mmap.PAGESIZE
protect = ctypes.CDLL(None, use_errno=True).mprotect
protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]

def guarded(array, backwards):
    # pages filled by it entirely, with one on each side that ends the process when it is touched
    count = array.nbytes // page
    assert count * page == array.nbytes
    memory = mmap.mmap(-1, (count + 2) * page)
    inside = np.frombuffer(memory, np.float64, array.size, page).reshape(array.shape)
    inside = inside[backwards]
    inside[...] = array
    start = np.frombuffer(memory, np.uint8).ctypes.data
    for at in (start, start + (count + 1) * page):
        assert protect(at, page, 0) == 0
    kept.append(memory)
    return inside

kept, rng = [], np.random.default_rng(0)
plain, last, rows = np.s_[:], np.s_[..., ::-1], np.s_[:, :, ::-1]
for geometry in (
    Geometry((24,), (24,), (8,), (1,), (90,), (128,)),
    Geometry((128,), (6,), (2,), (3,), (19,), (256,)),
    Geometry((16, 16), (3, 5), (2, 2), (1, 1), (3, 4), (32, 32)),
    Geometry((16, 16), (4, 4), (3, 3), (2, 1), (-2, 7), (32, 32)),
):
    for deep, wide in ((64, 4), (64, 1), (1, 4)):
        x = rng.integers(-9, 10, (64, deep, *geometry.input_size)).astype(float)
        w = rng.integers(-9, 10, (deep, wide, *geometry.kernel_size)).astype(float)
        grad = rng.integers(-9, 10, (64, wide, *geometry.output_size)).astype(float)
        for backwards in (plain, last, rows):
            a, g = guarded(x, backwards), guarded(grad, backwards)
            found = (forward(a, w, geometry=geometry), *backward(a, w, g, geometry=geometry))
            options = {"geometry": geometry, "backend": "numpy"}
            expected = (forward(x, w, **options), *backward(x, w, grad, **options))
            assert all(np.array_equal(p, q) for p, q in zip(found, expected))
"""


@pytest.mark.skipif(
    not has_kernels() or sys.platform != "linux", reason="of the kernels, with Linux's mprotect"
)
def test_views_of_either_direction_are_read_only_where_they_are():
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr or f"ended by signal {-run.returncode}"
