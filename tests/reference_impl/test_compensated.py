"""``compensated`` is the correctly rounded value, bit for bit, whatever the numbers."""

import math
from fractions import Fraction

import numpy as np
import pytest

from conv_transpose_conformance.reference_impl import Geometry, backward, compensated, forward
from conv_transpose_conformance.reference_impl.rounding import rounded_dot
from tests.support import definition
from tests.support.problems import cancelling, draw_problem, extreme, ordinary, wide


def check(p, backend):
    exact = definition.evaluate(p.x, p.w, p.bias, p.grad, p.geometry)
    options = {"geometry": p.geometry, "backend": backend, "precision": "compensated"}
    y = forward(p.x, p.w, p.bias, **options)
    g = backward(p.x, p.w, p.grad, **options)
    for name, actual in {"y": y, "x": g.x, "w": g.w, "bias": g.bias}.items():
        expected = np.array([definition.nearest(v) for v in exact[name].ravel()]).reshape(exact[name].shape)
        assert np.array_equal(actual, expected), name


@pytest.mark.parametrize("ndim", [None, 3])
@pytest.mark.parametrize("fill", [ordinary, wide, extreme, cancelling])
def test_correctly_rounded(backend, fill, ndim):
    for seed in range(30 if ndim is None else 5):
        check(draw_problem(seed, ndim, fill), backend)


def test_working_precision_is_not_enough_for_these_cases():
    missed = 0
    for seed in range(30):
        p = draw_problem(seed, fill=cancelling)
        rounded = forward(p.x, p.w, p.bias, geometry=p.geometry, precision="compensated")
        missed += not np.array_equal(rounded, forward(p.x, p.w, p.bias, geometry=p.geometry))
    assert missed > 5


def test_the_certificate_alone_settles_ordinary_numbers(backend, monkeypatch):
    def never(*_):
        raise AssertionError("asked for exact arithmetic")

    monkeypatch.setattr(compensated, "rounded_dot", never)
    for seed in range(20):
        p = draw_problem(seed, fill=ordinary)
        forward(p.x, p.w, p.bias, geometry=p.geometry, backend=backend, precision="compensated")
    p = draw_problem(1, fill=extreme)
    with pytest.raises(AssertionError, match="exact"):
        backward(p.x, p.w, p.grad, geometry=p.geometry, backend=backend, precision="compensated")


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_narrow_inputs_equal_fsum(backend, dtype):
    rng = np.random.default_rng(5)
    for seed in range(30):
        p = draw_problem(seed)
        x, w, grad = (rng.standard_normal(a.shape).astype(dtype) for a in (p.x, p.w, p.grad))
        bias = rng.standard_normal(w.shape[1] * p.geometry.groups).astype(dtype)
        found = definition.terms(x, w, bias, grad, p.geometry)
        options = {"geometry": p.geometry, "backend": backend}
        for precision in ("compensated", "working"):
            y = forward(x, w, bias, precision=precision, **options)
            g = backward(x, w, grad, precision=precision, **options)
            for name, actual in {"y": y, "x": g.x, "w": g.w, "bias": g.bias}.items():
                for at, parts in found[name].items():
                    summed = math.fsum(float(a) * float(b) for a, b in parts)
                    if precision == "compensated":
                        assert actual[at] == summed
                    size = math.fsum(abs(float(a) * float(b)) for a, b in parts)
                    assert abs(actual[at] - summed) <= len(parts) * 2.0**-53 * size


def test_complex_parts_are_correctly_rounded(backend):
    for seed in range(12):
        rng = np.random.default_rng(seed)
        p = draw_problem(seed, fill=ordinary)
        x, w, grad = (a + 1j * rng.standard_normal(a.shape) for a in (p.x, p.w, p.grad))
        options = {"geometry": p.geometry, "backend": backend, "precision": "compensated"}
        y, g = forward(x, w, **options), backward(x, w, grad, **options)
        for name, actual in {"y": y, "x": g.x, "w": g.w, "bias": g.bias}.items():
            for at, parts in definition.terms(x, w, None, grad, p.geometry)[name].items():
                exact = definition.exact
                pairs = [(complex(a), complex(b)) for a, b in parts]
                real = sum(
                    (exact(a.real) * exact(b.real) - exact(a.imag) * exact(b.imag) for a, b in pairs),
                    Fraction(0),
                )
                imag = sum(
                    (exact(a.real) * exact(b.imag) + exact(a.imag) * exact(b.real) for a, b in pairs),
                    Fraction(0),
                )
                assert actual[at] == complex(float(real), float(imag)), name


def test_signed_zero_of_the_bias_survives_where_nothing_else_is(backend):
    geometry = Geometry((1,), (1,), (1,), (1,), (0,), (3,))
    x, w, bias = np.zeros((1, 1, 1)), np.zeros((1, 1, 1)), np.array([-0.0])
    for precision in ("working", "compensated"):
        y = forward(x, w, bias, geometry=geometry, backend=backend, precision=precision)
        assert np.signbit(y[0, 0]).tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("a", "b", "start", "expected"),
    [
        ([1e308, 1e308, -1e308], [10.0, 1.0, 10.0], 0.0, 1e308),
        ([2.0**-600] * 2, [2.0**-474, 2.0**-475], 0.0, 2.0**-1073),
        ([1e308], [10.0], 0.0, math.inf),
        ([1e308], [-10.0], 0.0, -math.inf),
        ([1.0, 2.0**-53], [1.0, 1.0], 0.0, 1.0),
        ([1.0, 2.0**-53, 2.0**-1000], [1.0, 1.0, 1.0], 0.0, 1 + 2.0**-52),
        ([math.inf, 1.0], [1.0, 1e308], 1.0, math.inf),
        ([], [], 0.1, 0.1),
    ],
)
def test_rounded_dot(a, b, start, expected):
    assert rounded_dot(np.array(a), np.array(b), start) == expected


@pytest.mark.parametrize(("a", "b"), [([math.inf, -math.inf], [1, 1]), ([math.inf], [0]), ([math.nan], [0])])
def test_rounded_dot_of_special_values_is_nan(a, b):
    assert math.isnan(rounded_dot(np.array(a), np.array(b, float)))
