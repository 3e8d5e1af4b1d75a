import pytest

from conv_transpose_conformance.reference_impl import has_kernels

BACKENDS = ["numpy", pytest.param("cython", marks=pytest.mark.skipif(not has_kernels(), reason="not built"))]


@pytest.fixture(params=BACKENDS)
def backend(request):
    return request.param
