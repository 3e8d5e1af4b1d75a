"""Arrays of subclasses, sizes far beyond memory with nothing in them, and what a call leaves behind."""

import threading
import warnings

import ml_dtypes
import numpy as np
import pytest

from conv_transpose_conformance.reference_impl import (
    Geometry,
    backward,
    error_model,
    forward,
    forward_error_model,
    second_order,
    threads,
)
from tests.support import definition
from tests.support.problems import Problem, draw_problem

GEOMETRY = Geometry.from_parameters((4,), 3, stride=2)
X, W, GRAD = np.arange(8.0).reshape(1, 2, 4), np.arange(12.0).reshape(2, 2, 3), np.ones((1, 2, 9))


@pytest.mark.parametrize(
    "dtype", ["int32", "bool", "U3", "datetime64[s]", "V8", ml_dtypes.float8_e5m2, object]
)
@pytest.mark.parametrize("name", ["x", "w", "bias", "grad_y"])
def test_every_function_refuses_the_same_dtypes(name, dtype):
    arguments = {"x": X, "w": W, "bias": np.ones(2), "grad_y": GRAD}
    arguments[name] = np.zeros(arguments[name].shape, dtype)
    x, w, bias, grad = arguments.values()
    calls = [lambda: error_model(x, w, bias, grad, geometry=GEOMETRY)]
    if name != "grad_y":
        calls.append(lambda: forward_error_model(x, w, bias, geometry=GEOMETRY))
        calls.append(lambda: forward(x, w, bias, geometry=GEOMETRY))
    if name != "bias":
        calls.append(lambda: backward(x, w, grad, geometry=GEOMETRY))
        calls.append(lambda: second_order(x, w, grad, geometry=GEOMETRY))
    for call in calls:
        with pytest.raises(TypeError, match=f"{name} has dtype .*, which is not supported"):
            call()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (X.tolist(), "x must be a numpy array, got list"),
        (None, "x must be a numpy array, got NoneType"),
        (np.ma.masked_array(X, X > 3), r"x is a masked array.*x\.filled\(0\)"),
    ],
)
def test_what_is_no_plain_array_is_refused(given, words):
    for call in (forward, forward_error_model):
        with pytest.raises(TypeError, match=words):
            call(given, W, geometry=GEOMETRY)
    with pytest.raises(TypeError, match=words):
        second_order(given, W, GRAD, geometry=GEOMETRY)


def test_a_missing_cotangent_is_refused():
    for call in (
        lambda: backward(X, W, None, geometry=GEOMETRY),
        lambda: error_model(X, W, None, None, geometry=GEOMETRY),
        lambda: second_order(X, W, None, geometry=GEOMETRY),
    ):
        with pytest.raises(TypeError, match="grad_y must be a numpy array, got NoneType"):
            call()


@pytest.mark.parametrize(
    ("cotangents", "error", "words"),
    [
        ((X, W.astype(np.int32)), TypeError, "grad_w has dtype int32"),
        ((X, W.tolist()), TypeError, "grad_w must be a numpy array"),
        ((X, W, np.ones(3)), ValueError, r"grad_bias must have shape \(2,\)"),
    ],
)
def test_second_order_names_the_cotangent(cotangents, error, words):
    with pytest.raises(error, match=words):
        second_order(X, W, GRAD, *cotangents, geometry=GEOMETRY)


class Obstinate(np.ndarray):
    def __array_ufunc__(self, *_, **__):
        raise AssertionError("computed with the subclass's own operations")


@pytest.mark.parametrize("precision", ["working", "compensated"])
def test_subclasses_are_taken_as_the_arrays_they_are(backend, precision):
    options = {"geometry": GEOMETRY, "backend": backend}
    exact = {**options, "precision": precision}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        matrix = np.matrix(X[0])
    y, g = forward(X[0], W, **options), backward(X[0], W, GRAD[0], **options)
    for odd in (matrix, X[0].view(Obstinate)):
        assert np.array_equal(forward(odd, W, **exact), y)
        assert all(np.array_equal(a, b) for a, b in zip(backward(odd, W, GRAD[0], **exact), g, strict=True))
        assert type(forward(odd, W, **exact)) is np.ndarray
        assert forward_error_model(odd, W, **options).scale.shape == y.shape
        second = second_order(odd, W, GRAD[0], odd, **exact)
        assert np.array_equal(second.grad_y, forward(X[0], W, **options))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"kernel_size": 2**24 + 1}, r"kernel_size\[0\] must be at most 2\*\*24"),
        ({"input_size": (1,) * 31}, "at most 30 spatial dimensions, got 31"),
        ({"stride": 10**5000}, r"stride must be below 2\*\*60 in magnitude, got a number of 16610 bits"),
        ({"stride": -(10**5000)}, "stride must be below"),
        ({"padding": ((1, 1, 1),)}, r"padding\[0\] must have 2 entries, before and after"),
    ],
)
def test_geometry_refuses(arguments, words):
    with pytest.raises(ValueError, match=words):
        Geometry.from_parameters(**{"input_size": (4,), "kernel_size": 3, **arguments})


def test_an_array_without_dimensions_is_one_number_for_all():
    zero = Geometry.from_parameters((4, 5), np.array(3), stride=np.array(2), padding=np.array(1))
    assert zero == Geometry.from_parameters((4, 5), 3, stride=2, padding=1)


def test_thirty_dimensions(backend):
    ones = np.ones((1,) * 32)
    geometry = Geometry.from_parameters((1,) * 30, 1)
    assert forward(ones, ones, geometry=geometry, backend=backend).shape == ones.shape
    assert backward(ones, ones, ones, geometry=geometry, backend=backend).w.shape == ones.shape


def test_output_channels_beyond_64_bits_are_refused():
    geometry = Geometry.from_parameters((4,), 3, groups=2**59)
    with pytest.raises(
        ValueError, match=r"w's second dimension 3 times groups = 576460752303423488 .* 2\*\*60"
    ):
        forward(np.ones((1, 0, 4)), np.ones((0, 3, 3)), geometry=geometry)


@pytest.mark.parametrize("precision", ["working", "compensated"])
@pytest.mark.parametrize("dtype", [np.float64, np.complex128, np.int64])
def test_nothing_among_sizes_beyond_memory(backend, precision, dtype):
    """Results are empty or as small as the other arguments, and so is the work."""
    options = {"backend": backend, "precision": precision}
    taps, places = 2**24, 2**40
    wide = Geometry((4,), (taps,), (1,), (1,), (0,), (3,))
    bias, grad = np.array([7], dtype), np.array([[[1, 2, 4]]], dtype)
    x, w = np.ones((1, 0, 4), dtype), np.ones((0, 1, taps), dtype)
    assert forward(x, w, bias, geometry=wide, **options).tolist() == [[[7, 7, 7]]]
    g = backward(x, w, grad, geometry=wide, **options)
    assert (g.x.shape, g.w.shape, g.bias.tolist()) == (x.shape, w.shape, [7])
    long = Geometry((2,), (3,), (1,), (1,), (0,), (places,))
    x, w = np.ones((0, 1, 2), dtype), np.ones((1, 1, 3), dtype)
    assert forward(x, w, bias, geometry=long, **options).shape == (0, 1, places)
    g = backward(x, w, np.ones((0, 1, places), dtype), geometry=long, **options)
    assert (g.w.tolist(), g.bias.tolist()) == ([[[0, 0, 0]]], [0])


def test_the_gradient_of_bias_is_exact_or_refused_without_inputs(backend):
    geometry = Geometry((0,), (3,), (1,), (1,), (0,), (3,))
    x, w = np.ones((1, 1, 0)), np.ones((1, 1, 3))
    grad = np.array([[[1e16, 1.0, -1e16]]])
    options = {"geometry": geometry, "backend": backend}
    assert backward(x, w, grad, precision="compensated", **options).bias.tolist() == [1.0]
    with pytest.raises(ValueError, match="the gradient of bias sums int64"):
        backward(x.astype(int), w.astype(int), np.full((1, 1, 3), 2**62), **options)


@pytest.mark.parametrize("precision", ["working", "compensated"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, ml_dtypes.bfloat16, np.complex64])
def test_the_callers_floating_point_flags_do_not_matter(backend, precision, dtype):
    options = {"geometry": GEOMETRY, "backend": backend, "precision": precision}
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        for scale in (1e-35, 1e-300, 1e38, 1e308):
            with np.errstate(all="ignore"):
                x, w, grad = ((a * scale).astype(dtype) for a in (X, W, GRAD))
            forward(x, w, **options)
            backward(x, w, grad, **options)
            error_model(x, w, None, grad, geometry=GEOMETRY, backend=backend)
        signalling = np.full(X.shape, 0x7FA00000, np.uint32).view(np.float32)
        assert np.isnan(forward(signalling, W, **options)).all()


def test_the_sign_of_zero_does_not_depend_on_the_path():
    """Compensated results are the same bits by both, a sum of negative zeros included."""
    values = np.array([-1.0, 0.0, -0.0, 1.0, -5e-324, 1e-200])
    alone = Geometry((1,), (1,), (1,), (1,), (0,), (1,))
    one, zero = np.full((1, 1, 1), -1.0), np.zeros((1, 1, 1))
    cases = [Problem(alone, one, one, None, zero)]
    cases += [draw_problem(seed, fill=lambda rng, shape: rng.choice(values, shape)) for seed in range(40)]
    for p in cases:
        results = []
        for backend in ("numpy", None):
            options = {"geometry": p.geometry, "backend": backend, "precision": "compensated"}
            results.append((forward(p.x, p.w, p.bias, **options), *backward(p.x, p.w, p.grad, **options)))
        for a, b in zip(*results, strict=True):
            assert np.array_equal(a, b)
            assert np.array_equal(np.signbit(a), np.signbit(b))


def test_remembered_terms_cannot_be_overwritten():
    for bound in error_model(X, W, None, GRAD, geometry=GEOMETRY):
        with pytest.raises(ValueError, match="read-only"):
            bound.terms[...] = 0


def test_threads_of_any_integer_type():
    assert np.array_equal(
        forward(X, W, geometry=GEOMETRY, threads=np.int64(2)), forward(X, W, geometry=GEOMETRY)
    )
    with pytest.raises(ValueError, match="at most 4096, got 1180591620717411303424"):
        forward(X, W, geometry=GEOMETRY, threads=2**70)


def test_calls_at_once_leave_the_number_of_blas_threads_as_it_was(monkeypatch):
    """The first to come is not the last to go."""
    current = [4]

    class Limited:
        def __init__(self, limits):
            self.before, current[0] = current[0], limits

        def restore_original_limits(self):
            current[0] = self.before

    class Libraries:
        def limit(self, limits, user_api):
            assert user_api == "blas"
            return Limited(limits)

    monkeypatch.setattr(threads, "_libraries", Libraries)
    first, second = threads.blas_threads(1), threads.blas_threads(2)
    with threads.blas_threads(None):
        first.__enter__()
        assert current == [1]
        second.__enter__()
        assert current == [2]
        first.__exit__(None, None, None)
        assert current == [2]
        second.__exit__(None, None, None)
    assert current == [4]


def test_calls_from_several_threads_give_what_one_gives(backend):
    problems = [draw_problem(seed) for seed in range(8)]
    expected = [definition.evaluate(p.x, p.w, p.bias, p.grad, p.geometry)["y"] for p in problems]
    wrong = []

    def work(order):
        for at in order:
            p = problems[at]
            y = forward(p.x, p.w, p.bias, geometry=p.geometry, backend=backend, threads=2)
            if not np.array_equal(y, expected[at]):
                wrong.append(at)

    workers = [
        threading.Thread(target=work, args=(np.roll(range(8), turn).tolist() * 5,)) for turn in range(6)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert wrong == []
