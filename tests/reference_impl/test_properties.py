"""Laws of the operator, exact on integers, and an independent witness."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from conv_transpose_conformance.reference_impl import (
    Geometry,
    backward,
    error_model,
    forward,
    has_kernels,
    second_order,
)
from tests.support.problems import Problem, draw_problem, integers, problems

PATHS = ("numpy", "cython") if has_kernels() else ("numpy",)
CYCLES = settings(deadline=None, max_examples=60)


@CYCLES
@given(p=problems())
def test_adjoint_exactly(p: Problem):
    for path in PATHS:
        y = forward(p.x, p.w, geometry=p.geometry, backend=path)
        g = backward(p.x, p.w, p.grad, geometry=p.geometry, backend=path)
        assert np.sum(y * p.grad) == np.sum(p.x * g.x) == np.sum(p.w * g.w)
        assert np.array_equal(g.bias, p.grad.sum(axis=(0, *range(2, p.grad.ndim))))


@CYCLES
@given(p=problems(), seed=st.integers(0, 2**32 - 1), a=st.integers(-5, 5), b=st.integers(-5, 5))
def test_linear_in_each_argument(p: Problem, seed: int, a: int, b: int):
    rng = np.random.default_rng(seed)
    x, w = integers(rng, p.x.shape), integers(rng, p.w.shape)

    def apply(x, w, bias=None):
        return forward(x, w, bias, geometry=p.geometry)

    assert np.array_equal(apply(a * p.x + b * x, p.w), a * apply(p.x, p.w) + b * apply(x, p.w))
    assert np.array_equal(apply(p.x, a * p.w + b * w), a * apply(p.x, p.w) + b * apply(p.x, w))
    if p.bias is not None:
        shift = p.bias.reshape(-1, *(1,) * p.geometry.ndim)
        assert np.array_equal(apply(p.x, p.w, p.bias), apply(p.x, p.w) + shift)


@CYCLES
@given(p=problems(), seed=st.integers(0, 2**32 - 1), a=st.integers(-5, 5), b=st.integers(-5, 5))
def test_gradients_are_linear_in_each_argument(p: Problem, seed: int, a: int, b: int):
    rng = np.random.default_rng(seed)
    first = {"x": p.x, "w": p.w, "grad_y": p.grad}
    second = {name: integers(rng, array.shape) for name, array in first.items()}
    for path in PATHS:
        one = backward(**first, geometry=p.geometry, backend=path)
        for varied, fixed in (("x", "x"), ("w", "w"), ("grad_y", None)):
            other = backward(**{**first, varied: second[varied]}, geometry=p.geometry, backend=path)
            mixed = {**first, varied: a * first[varied] + b * second[varied]}
            found = backward(**mixed, geometry=p.geometry, backend=path)
            for name, result in found._asdict().items():
                if name == fixed or (name == "bias" and fixed):  # what it does not depend on
                    assert np.array_equal(result, getattr(one, name))
                else:
                    assert np.array_equal(result, a * getattr(one, name) + b * getattr(other, name))


@CYCLES
@given(p=problems())
def test_groups_are_separate_operators_side_by_side(p: Problem):
    alone = replace(p.geometry, groups=1)
    parts = range(p.geometry.groups)
    deep, wide = len(p.w) // len(parts), p.w.shape[1]
    x = [p.x[:, g * deep : (g + 1) * deep] for g in parts]
    w = [p.w[g * deep : (g + 1) * deep] for g in parts]
    grad = [p.grad[:, g * wide : (g + 1) * wide] for g in parts]
    y = np.concatenate([forward(x[g], w[g], geometry=alone) for g in parts], axis=1)
    assert np.array_equal(forward(p.x, p.w, geometry=p.geometry), y)
    each = [backward(x[g], w[g], grad[g], geometry=alone) for g in parts]
    together = backward(p.x, p.w, p.grad, geometry=p.geometry)
    assert np.array_equal(together.x, np.concatenate([one.x for one in each], axis=1))
    assert np.array_equal(together.w, np.concatenate([one.w for one in each], axis=0))


@CYCLES
@given(p=problems())
def test_dilation_is_a_kernel_with_zeros_between(p: Problem):
    g = p.geometry
    spread = tuple(d * (k - 1) + 1 for d, k in zip(g.dilation, g.kernel_size, strict=True))
    w = np.zeros((*p.w.shape[:2], *spread))
    w[(..., *(slice(None, None, d) for d in g.dilation))] = p.w
    plain = Geometry(g.input_size, spread, g.stride, (1,) * g.ndim, g.crop_before, g.output_size, g.groups)
    one, other = backward(p.x, p.w, p.grad, geometry=g), backward(p.x, w, p.grad, geometry=plain)
    assert np.array_equal(forward(p.x, p.w, geometry=g), forward(p.x, w, geometry=plain))
    assert np.array_equal(one.x, other.x)
    assert np.array_equal(one.w, other.w[(..., *(slice(None, None, d) for d in g.dilation))])


@CYCLES
@given(p=problems())
def test_stride_is_an_input_with_zeros_between_convolved_by_scipy(p: Problem):
    g = p.geometry
    full = tuple(
        (n - 1) * s + 1 + d * (k - 1) if n else 0
        for n, s, d, k in zip(g.input_size, g.stride, g.dilation, g.kernel_size, strict=True)
    )
    expected = np.zeros((len(p.x), p.w.shape[1] * g.groups, *g.output_size))
    deep = len(p.w) // g.groups
    if all(full):
        for n, ci, co in product(range(len(p.x)), range(len(p.w)), range(p.w.shape[1])):
            sparse = np.zeros([(size - 1) * s + 1 for size, s in zip(g.input_size, g.stride, strict=True)])
            sparse[tuple(slice(None, None, s) for s in g.stride)] = p.x[n, ci]
            kernel = np.zeros([(k - 1) * d + 1 for k, d in zip(g.kernel_size, g.dilation, strict=True)])
            kernel[tuple(slice(None, None, d) for d in g.dilation)] = p.w[ci, co]
            whole = signal.convolve(sparse, kernel, mode="full", method="direct")
            here, there = [], []
            for size, crop, out in zip(full, g.crop_before, g.output_size, strict=True):
                first, last = max(0, -crop), max(0, min(out, size - crop))
                here.append(slice(min(first, last), last))
                there.append(slice(min(first, last) + crop, last + crop))
            expected[(n, ci // deep * p.w.shape[1] + co, *here)] += whole[tuple(there)]
    assert np.array_equal(forward(p.x, p.w, geometry=g), expected)


@CYCLES
@given(p=problems())
def test_terms_are_the_operator_on_ones(p: Problem):
    ones = [np.ones_like(a) for a in (p.x, p.w, p.grad)]
    model = error_model(p.x, p.w, None, p.grad, geometry=p.geometry)
    y, g = forward(*ones[:2], geometry=p.geometry), backward(*ones, geometry=p.geometry)
    for bound, count in ((model.y, y), (model.x, g.x), (model.w, g.w), (model.bias, g.bias)):
        assert np.array_equal(np.broadcast_to(bound.terms, bound.scale.shape), count)


@pytest.mark.parametrize("precision", ["working", "compensated"])
def test_second_order_is_the_derivative_of_the_first(backend, precision):
    """The gradients are bilinear, so that difference quotients over whole steps are exact."""
    for seed in range(40):
        p = draw_problem(seed)
        rng = np.random.default_rng(seed)
        cotangents = [integers(rng, a.shape) for a in (p.x, p.w)]
        cotangents.append(integers(rng, (p.w.shape[1] * p.geometry.groups,)))
        options = {"geometry": p.geometry, "backend": backend, "precision": precision}

        def pairing(x, w, grad, cotangents=cotangents, options=options):
            first = backward(x, w, grad, **options)
            return sum(np.sum(c * g) for c, g in zip(cotangents, first, strict=True))

        found = second_order(p.x, p.w, p.grad, *cotangents, **options)
        at = pairing(p.x, p.w, p.grad)
        steps = [integers(rng, a.shape) for a in (p.x, p.w, p.grad)]
        assert pairing(p.x + steps[0], p.w, p.grad) - at == np.sum(found.x * steps[0])
        assert pairing(p.x, p.w + steps[1], p.grad) - at == np.sum(found.w * steps[1])
        assert pairing(p.x, p.w, p.grad + steps[2]) - at == np.sum(found.grad_y * steps[2])


def test_second_order_without_cotangents_is_zero_and_layouts_agree(backend):
    p = draw_problem(11, 2)
    none = second_order(p.x, p.w, p.grad, geometry=p.geometry, backend=backend)
    assert [a.shape for a in none] == [p.grad.shape, p.x.shape, p.w.shape]
    assert not any(a.any() for a in none)
    first = second_order(p.x, p.w, p.grad, p.x, p.w, geometry=p.geometry, backend=backend)
    moved = [np.moveaxis(a, 1, -1) for a in (p.x, p.grad)]
    last = second_order(
        moved[0], p.w, moved[1], moved[0], p.w, geometry=p.geometry, backend=backend, layout="channels_last"
    )
    assert np.array_equal(first.grad_y, np.moveaxis(last.grad_y, -1, 1))
    assert np.array_equal(first.x, np.moveaxis(last.x, -1, 1))
    assert np.array_equal(first.w, last.w)


@CYCLES
@given(p=problems(), held=st.sets(st.sampled_from(["grad_x", "grad_w", "grad_bias"])))
def test_an_absent_cotangent_is_a_zero_one_without_products(p: Problem, held: set[str]):
    every = {
        "grad_x": np.roll(p.x, 1),
        "grad_w": np.roll(p.w, 1),
        "grad_bias": p.grad.sum(axis=(0, *range(2, p.grad.ndim))),
    }
    some = {name: value for name, value in every.items() if name in held}
    zeros = {name: value if name in held else np.zeros_like(value) for name, value in every.items()}
    for found, expected in zip(
        second_order(p.x, p.w, p.grad, **some, geometry=p.geometry),
        second_order(p.x, p.w, p.grad, **zeros, geometry=p.geometry),
        strict=True,
    ):
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected)
    infinite = second_order(np.full_like(p.x, np.inf), np.full_like(p.w, np.inf), p.grad, geometry=p.geometry)
    assert not any(part.any() for part in infinite)
