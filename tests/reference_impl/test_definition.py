"""Both paths against the definition in exact arithmetic, on integers: equal, no tolerance."""

import numpy as np
import pytest

from conv_transpose_conformance.reference_impl import Geometry, backward, error_model, forward
from tests.support import definition
from tests.support.problems import draw_problem


def compare(p, backend, convert=lambda a: a, **options):
    bias = None if p.bias is None else convert(p.bias)
    x, w, grad = convert(p.x), convert(p.w), convert(p.grad)
    expected = definition.evaluate(p.x, p.w, p.bias, p.grad, p.geometry)
    y = forward(x, w, bias, geometry=p.geometry, backend=backend, **options)
    g = backward(x, w, grad, geometry=p.geometry, backend=backend, **options)
    for name, actual in {"y": y, "x": g.x, "w": g.w, "bias": g.bias}.items():
        assert actual.shape == expected[name].shape
        assert np.array_equal(actual, expected[name]), name
    return y, g


@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_equals_the_definition_on_integers(backend, ndim):
    for seed in range(120):
        y, _ = compare(draw_problem(seed, ndim), backend)
        assert y.dtype == np.float64


@pytest.mark.parametrize("precision", ["working", "compensated"])
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_int64_equals_the_definition(backend, ndim, precision):
    for seed in range(30):
        p = draw_problem(seed, ndim)
        y, g = compare(p, backend, convert=lambda a: a.astype(np.int64), precision=precision)
        assert y.dtype == g.x.dtype == g.w.dtype == g.bias.dtype == np.int64


def test_terms_and_scale_equal_the_definition(backend):
    for seed in range(60):
        p = draw_problem(seed)
        size = {
            "x": abs(p.x),
            "w": abs(p.w),
            "bias": None if p.bias is None else abs(p.bias),
            "grad": abs(p.grad),
        }
        expected = definition.evaluate(**size, geometry=p.geometry)
        counted = definition.terms(p.x, p.w, None, p.grad, p.geometry)
        model = error_model(p.x, p.w, p.bias, p.grad, geometry=p.geometry, backend=backend)
        for name in ("y", "x", "w", "bias"):
            bound = getattr(model, name)
            assert np.array_equal(bound.scale, expected[name]), name
            terms = np.broadcast_to(bound.terms, bound.scale.shape)
            assert terms.dtype == np.int64
            assert all(terms[at] == len(counted[name][at]) for at in np.ndindex(*terms.shape)), name


def test_int64_beyond_float64_is_exact(backend):
    for seed in range(40):
        p = draw_problem(seed)
        grown = type(p)(
            p.geometry, p.x * 2**27 + 1, p.w * 2**27 + 1, p.bias if p.bias is None else p.bias * 2**40, p.grad
        )
        y, _ = compare(grown, backend, convert=lambda a: a.astype(np.int64))
        assert y.dtype == np.int64


def test_int64_that_could_overflow_is_refused(backend):
    x, w = np.full((1, 1, 2), 2**31), np.full((1, 1, 2), 2**31)
    geometry = Geometry.from_parameters(2, 2)
    with pytest.raises(ValueError, match=r"y sums int64 products to as much as 9\.22e"):
        forward(x, w, geometry=geometry, backend=backend)
    with pytest.raises(ValueError, match="the gradient of x"):
        backward(x * 0, w, np.full((1, 1, 3), 2**32), geometry=geometry, backend=backend)
    assert forward(x, w - 1, geometry=Geometry((2,), (2,), (2,), (1,), (0,), (4,)), backend=backend)[
        0, 0, 0
    ] == 2**31 * (2**31 - 1)
