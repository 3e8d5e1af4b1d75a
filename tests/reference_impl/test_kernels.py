"""Beyond one tile, one thread and one instruction set; infinities; positions beyond 32 bits."""

import warnings
from dataclasses import replace
from math import prod

import numpy as np
import pytest

from conv_transpose_conformance.reference_impl import (
    Geometry,
    backward,
    error_model,
    forward,
    has_kernels,
    numpy_backend,
)
from tests.support import definition
from tests.support.problems import draw_problem, integers

compiled = pytest.mark.skipif(not has_kernels(), reason="not built")

# Chosen to cross the tiles' borders: 24 columns, 8 rows, 128 positions, 256 deep.
# (batch, channels in and out, size, kernel, stride, padding, dilation, groups)
LARGER = [
    (1, 5, 3, (700,), 3, 2, 1, 1, 1),
    (2, 70, 9, (65,), 5, 3, 2, 1, 1),
    (1, 300, 4, (50,), 2, 1, 0, 3, 1),
    (1, 20, 40, (7,), 33, 8, 5, 1, 1),
    (1, 4, 4, (3,), 300, 256, 9, 1, 1),
    (3, 6, 10, (17, 29), 3, 2, 1, 1, 2),
    (1, 9, 25, (30, 31), (4, 2), (2, 3), (1, 0), 1, 1),
    (2, 40, 40, (12, 10), 3, 2, 1, 1, 1),
    (2, 33, 17, (13, 8), (1, 5), (1, 4), (0, 3), (1, 2), 1),
    (2, 8, 8, (33, 26), 4, 2, 1, 1, 8),
    (1, 3, 9, (19, 40), 5, 3, 2, 1, 3),
    (1, 2, 2, (40, 24), 3, 1, 1, 2, 2),
    (1, 1, 1, (900,), 7, 4, 3, 1, 1),
    (1, 1, 2, (16, 16), 2, 3, 0, 1, 1),
]


def larger(case, seed=0):
    batch, c_in, c_out, size, kernel, stride, padding, dilation, groups = case
    geometry = Geometry.from_parameters(
        size, kernel, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    rng = np.random.default_rng(seed)
    shapes = (
        (batch, c_in, *size),
        (c_in, c_out // groups, *geometry.kernel_size),
        (c_out,),
        (batch, c_out, *geometry.output_size),
    )
    return geometry, *(integers(rng, shape) for shape in shapes)


def same(a, b):
    return all(np.array_equal(p, q, equal_nan=True) for p, q in zip(a, b, strict=True))


@compiled
@pytest.mark.parametrize("case", LARGER)
def test_both_paths_agree_beyond_one_tile(case):
    geometry, x, w, bias, grad = larger(case)
    expected = forward(x, w, bias, geometry=geometry, backend="numpy")
    gradients = backward(x, w, grad, geometry=geometry, backend="numpy")
    for threads in (None, 1, 3):
        options = {"geometry": geometry, "backend": "cython", "threads": threads}
        assert np.array_equal(forward(x, w, bias, **options), expected)
        assert same(backward(x, w, grad, **options), gradients)
        last = [np.ascontiguousarray(np.moveaxis(a, 1, -1)) for a in (x, grad)]
        y = forward(last[0], w, bias, layout="channels_last", **options)
        g = backward(last[0], w, last[1], layout="channels_last", **options)
        assert np.array_equal(np.moveaxis(y, -1, 1), expected)
        assert same((np.moveaxis(g.x, -1, 1), g.w, g.bias), gradients)


@compiled
@pytest.mark.parametrize("case", LARGER)
def test_rounding_does_not_depend_on_the_number_of_threads(case):
    geometry, x, w, bias, grad = larger(case)
    x, w, bias, grad = x / 3, w / 7, bias / 3, grad / 11
    first = None
    for threads in (1, 2, 5):
        options = {"geometry": geometry, "backend": "cython", "threads": threads}
        results = (forward(x, w, bias, **options), *backward(x, w, grad, **options))
        assert first is None or same(first, results)
        first = results


@compiled
@pytest.mark.parametrize("level", [0, 1, 2])
def test_every_instruction_set(level):
    from conv_transpose_conformance.reference_impl import _kernels

    best = _kernels.instruction_set()
    try:
        if _kernels.instruction_set(level) != level:
            pytest.skip("this processor has not got it")
        for case in LARGER[1:9:2]:
            geometry, x, w, bias, grad = larger(case)
            y, g = forward(x, w, bias, geometry=geometry), backward(x, w, grad, geometry=geometry)
            assert np.array_equal(y, forward(x, w, bias, geometry=geometry, backend="numpy"))
            assert same(g, backward(x, w, grad, geometry=geometry, backend="numpy"))
    finally:
        _kernels.instruction_set(best)


@pytest.mark.parametrize("case", LARGER[1:9:3])
def test_numpy_tiles_agree_with_one_tile(case, monkeypatch):
    geometry, x, w, bias, grad = larger(case)
    y, g = (
        forward(x, w, bias, geometry=geometry, backend="numpy"),
        backward(x, w, grad, geometry=geometry, backend="numpy"),
    )
    monkeypatch.setattr(numpy_backend, "TILE", 100)
    assert np.array_equal(forward(x, w, bias, geometry=geometry, backend="numpy"), y)
    assert same(backward(x, w, grad, geometry=geometry, backend="numpy"), g)


SPECIAL = [np.nan, np.inf, -np.inf]


def poisoned(rng, array):
    """A few special values among integers, some of them zero."""
    spoiled = np.where(rng.random(array.shape) < 0.3, 0.0, array)
    for _ in range(int(rng.integers(0, 3))):
        if spoiled.size:
            spoiled.flat[rng.integers(spoiled.size)] = rng.choice(SPECIAL)
    return spoiled


def plain_sum(parts):
    """The definition in floating point: zero times anything special is NaN, opposite infinities are too."""
    with np.errstate(invalid="ignore"):
        return np.sum([np.float64(a) * np.float64(b) for a, b in parts]) if parts else 0.0


@pytest.mark.parametrize("precision", ["working", "compensated"])
def test_nothing_special_is_lost_or_made(backend, precision):
    for seed in range(60):
        p = draw_problem(seed)
        rng = np.random.default_rng(seed)
        x, w, grad = (poisoned(rng, a) for a in (p.x, p.w, p.grad))
        expected = definition.terms(x, w, p.bias, grad, p.geometry)
        options = {"geometry": p.geometry, "backend": backend, "precision": precision}
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            y, g = forward(x, w, p.bias, **options), backward(x, w, grad, **options)
        for name, actual in {"y": y, "x": g.x, "w": g.w, "bias": g.bias}.items():
            for at, parts in expected[name].items():
                assert np.array_equal(actual[at], plain_sum(parts), equal_nan=True), (seed, name, at)


@pytest.mark.parametrize("value", SPECIAL)
@pytest.mark.parametrize("case", [LARGER[5], LARGER[9], LARGER[10]])
def test_special_values_reach_exactly_their_partners(backend, case, value):
    """Checked against the number of special terms, which the operator on indicators counts."""
    geometry, x, w, bias, grad = larger(case)
    x, w, grad = abs(x) + 1, abs(w) + 1, abs(grad) + 1
    for name in ("x", "w", "grad"):
        arrays = {"x": x.copy(), "w": w.copy(), "grad": grad.copy()}
        arrays[name].flat[[0, arrays[name].size // 2]] = value
        clean = {key: np.where(np.isfinite(a), a, 0.0) for key, a in arrays.items()}
        marks = {key: np.ones_like(a) for key, a in arrays.items()} | {
            name: (~np.isfinite(arrays[name])).astype(float)
        }
        with np.errstate(invalid="ignore"):
            found = (
                forward(arrays["x"], arrays["w"], bias, geometry=geometry, backend=backend),
                *backward(arrays["x"], arrays["w"], arrays["grad"], geometry=geometry, backend=backend),
            )
        usual = (
            forward(clean["x"], clean["w"], bias, geometry=geometry),
            *backward(clean["x"], clean["w"], clean["grad"], geometry=geometry),
        )
        hits = (
            forward(marks["x"], marks["w"], geometry=geometry),
            *backward(marks["x"], marks["w"], marks["grad"], geometry=geometry),
        )
        for at, (a, u, h) in enumerate(zip(found, usual, hits, strict=True)):
            counted = {"x": (0, 2), "w": (0, 1), "grad": (1, 2, 3)}[name]
            expected = np.where(h > 0, value, u) if at in counted else u
            assert np.array_equal(a, expected, equal_nan=True), (name, at)


def test_positions_beyond_32_bits(backend):
    """Five positions at 2**33, reached from an input of 2**31 + 8 that is one number in memory."""
    size = 2**31 + 8
    geometry = Geometry((size,), (3,), (4,), (2,), (2**33,), (5,), 1)
    x = np.broadcast_to(2.0, (1, 1, size))
    w = np.array([[[1.0, 10.0, 100.0]]])
    for precision in ("working", "compensated"):
        y = forward(x, w, geometry=geometry, backend=backend, precision=precision)
        assert y[0, 0].tolist() == [202.0, 0.0, 20.0, 0.0, 202.0]


def test_a_stride_beyond_32_bits(backend):
    geometry = Geometry((2, 3), (1, 2), (2**40, 2**35), (1, 2**34), (2**40, 2**35 + 2**34 - 1), (2, 3), 1)
    x, w = np.arange(1.0, 7).reshape(1, 1, 2, 3), np.array([[[[7.0, 11.0]]]])
    grad = np.arange(1.0, 7).reshape(1, 1, 2, 3)
    y = forward(x, w, geometry=geometry, backend=backend)
    assert y[0, 0].tolist() == [[0, 55.0, 0], [0, 0, 0]]
    g = backward(x, w, grad, geometry=geometry, backend=backend)
    assert g.x[0, 0].tolist() == [[0, 0, 0], [0, 22.0, 0]]
    assert g.w[0, 0].tolist() == [[0, 10.0]]
    assert error_model(x, w, None, grad, geometry=geometry).y.terms.sum() == 1


def test_one_dimension_is_two_with_a_single_row(backend):
    for seed in range(20):
        p = draw_problem(seed, 1)
        g = p.geometry
        flat = replace(
            g,
            **{
                name: (1, *getattr(g, name))
                for name in ("input_size", "kernel_size", "stride", "dilation", "output_size")
            },
            crop_before=(0, *g.crop_before),
        )
        y = forward(p.x, p.w, p.bias, geometry=g, backend=backend)
        flat_y = forward(p.x[:, :, None], p.w[:, :, None], p.bias, geometry=flat, backend=backend)
        assert np.array_equal(y, flat_y[:, :, 0])
        assert prod(y.shape) == prod(flat_y.shape)
