"""What is refused, and in which words; and what is allowed although it looks odd."""

import ml_dtypes
import numpy as np
import pytest

from conv_transpose_conformance.reference_impl import (
    Geometry,
    backward,
    choices,
    error_model,
    forward,
    second_order,
)

GEOMETRY = Geometry.from_parameters((4, 5), 3, stride=2, groups=2)
X, W, BIAS = np.ones((2, 4, 4, 5)), np.ones((4, 3, 3, 3)), np.ones(6)
GRAD = np.ones((2, 6, *GEOMETRY.output_size))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"x": X[:, :3]}, ValueError, "x has 3 channels but w has 4 input channels"),
        (
            {"x": X[..., :4]},
            ValueError,
            r"x has spatial size \(4, 4\), but the geometry's input_size is \(4, 5\)",
        ),
        (
            {"x": X[0, 0]},
            ValueError,
            r"x must have 4 dimensions \(batched\) or 3 \(unbatched\).*got shape \(4, 5\)",
        ),
        ({"x": X.tolist()}, TypeError, "x must be a numpy array, got list"),
        (
            {"x": X.astype(np.int32)},
            TypeError,
            "x has dtype int32, which is not supported; convert it to one of",
        ),
        ({"x": X.astype(bool)}, TypeError, "x has dtype bool"),
        ({"x": X.astype(np.longdouble)}, TypeError, "x has dtype (longdouble|float128)"),
        ({"w": W.astype(object)}, TypeError, "w has dtype object"),
        ({"w": W.astype(ml_dtypes.float8_e5m2)}, TypeError, "w has dtype float8_e5m2"),
        ({"w": W.astype(np.int64)}, TypeError, "w is int64 but x is computed in float64"),
        ({"w": W[:, :, :2]}, ValueError, r"w must have shape \(C_in, C_out / groups, \*\(3, 3\)\).*got"),
        ({"w": W[..., 0]}, ValueError, "w must have shape"),
        ({"bias": np.ones(3)}, ValueError, r"bias must have shape \(6,\).*groups = 2, got \(3,\)"),
        ({"x": X[:, :3], "w": W[:3]}, ValueError, "x has 3 channels, not a multiple of groups = 2"),
        ({"geometry": "same"}, TypeError, "geometry must be a reference_impl.Geometry, got str"),
        ({"layout": "NHWC"}, ValueError, "layout must be one of channels_first, channels_last, got 'NHWC'"),
        ({"precision": "high"}, ValueError, "precision must be one of working, compensated, got 'high'"),
        ({"backend": "cuda"}, ValueError, "backend must be None, 'numpy' or 'cython', got 'cuda'"),
        (
            {"threads": 0},
            ValueError,
            "threads must be None or an integer of at least 1 and at most 4096, got 0",
        ),
        (
            {"threads": 1.5},
            ValueError,
            r"threads must be None or an integer of at least 1 and at most 4096, got 1\.5",
        ),
    ],
)
def test_forward_refuses(change, error, words):
    arguments = {"x": X, "w": W, "bias": BIAS, "geometry": GEOMETRY, **change}
    with pytest.raises(error, match=words):
        forward(**arguments)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"grad_y": GRAD[..., 1:]},
            r"grad_y has spatial size .*, but the geometry's output_size is \(9, 11\)",
        ),
        ({"grad_y": GRAD[:1]}, "grad_y and x must agree in their batch: grad_y has 1, x has 2"),
        ({"grad_y": GRAD[0]}, "grad_y and x must agree in their batch: grad_y has none, x has 2"),
        ({"grad_y": GRAD[:, :4]}, "grad_y has 4 channels, but w and groups = 2 give 6"),
    ],
)
def test_backward_refuses(change, words):
    with pytest.raises(ValueError, match=words):
        backward(**{"x": X, "w": W, "grad_y": GRAD, "geometry": GEOMETRY, **change})
    with pytest.raises(ValueError, match=words):
        error_model(**{"x": X, "w": W, "bias": BIAS, "grad_y": GRAD, "geometry": GEOMETRY, **change})


def test_second_order_refuses_cotangents_of_other_shapes():
    with pytest.raises(ValueError, match="grad_w must have w's shape"):
        second_order(X, W, GRAD, X, W[:2], geometry=GEOMETRY)
    with pytest.raises(ValueError, match=r"bias must have shape \(6,\)"):
        second_order(X, W, GRAD, X, W, np.ones(5), geometry=GEOMETRY)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"input_size": (4,), "kernel_size": 0}, ValueError, "kernel_size must be at least 1, got 0"),
        ({"input_size": (4,), "kernel_size": 3, "stride": 0}, ValueError, "stride must be at least 1, got 0"),
        (
            {"input_size": (4,), "kernel_size": 3, "dilation": (0,)},
            ValueError,
            r"dilation\[0\] must be at least 1",
        ),
        ({"input_size": (-1,), "kernel_size": 3}, ValueError, r"input_size\[0\] must be at least 0, got -1"),
        ({"input_size": (4,), "kernel_size": 3, "groups": 0}, ValueError, "groups must be at least 1, got 0"),
        (
            {"input_size": (4,), "kernel_size": 3, "output_padding": -1},
            ValueError,
            "output_padding must be at least 0",
        ),
        ({"input_size": (4,), "kernel_size": (3, 3)}, ValueError, "kernel_size must have 1 entries"),
        (
            {"input_size": (4,), "kernel_size": 2.0},
            TypeError,
            r"kernel_size must be an integer, got 2\.0 \(float\)",
        ),
        (
            {"input_size": (4,), "kernel_size": 3, "stride": "2"},
            TypeError,
            "stride must be an integer, got '2'",
        ),
        (
            {"input_size": (4,), "kernel_size": 3, "padding": ((1,),)},
            ValueError,
            r"padding\[0\] must have 2 entries",
        ),
        (
            {"input_size": (4,), "kernel_size": 3, "padding": (4, 4)},
            ValueError,
            "padding must have 1 entries",
        ),
        (
            {"input_size": (4,), "kernel_size": 3, "padding": 4},
            ValueError,
            r"crops more than the 6 positions.*be -2",
        ),
        ({"input_size": (0,), "kernel_size": 1, "stride": 2}, ValueError, "the output size would be -1"),
        ({"input_size": (), "kernel_size": 1}, ValueError, "at least one spatial dimension"),
        ({"input_size": (2**59,), "kernel_size": 1, "stride": 4}, ValueError, r"below 2\*\*60"),
        ({"input_size": (2**61,), "kernel_size": 1}, ValueError, r"input_size\[0\] must be below 2\*\*60"),
    ],
)
def test_geometry_refuses(arguments, error, words):
    with pytest.raises(error, match=words):
        Geometry.from_parameters(**arguments)


def test_padding_forms_mean_the_same():
    one = Geometry.from_parameters((9, 9), 3, padding=1)
    assert one == Geometry.from_parameters((9, 9), (3, 3), padding=(1, 1))
    assert one == Geometry.from_parameters([9, 9], np.array([3, 3]), padding=((1, 1), (1, 1)))
    assert Geometry.from_parameters((9,), 3, padding=((0, 2),)).output_size == one.output_size[:1]


def test_without_the_extension_cython_is_refused_clearly(monkeypatch):
    monkeypatch.setattr(choices, "kernels", None)
    with pytest.raises(RuntimeError, match="not built here; install a C compiler"):
        forward(X, W, geometry=GEOMETRY, backend="cython")
    assert forward(X, W, geometry=GEOMETRY).shape == GRAD.shape


@pytest.mark.parametrize(
    ("dtype", "result"),
    [
        (np.float16, np.float64),
        (ml_dtypes.bfloat16, np.float64),
        (np.float32, np.float64),
        (np.float64, np.float64),
        (np.dtype(">f8"), np.float64),
        (np.complex64, np.complex128),
        (np.complex128, np.complex128),
        (np.int64, np.int64),
    ],
)
@pytest.mark.parametrize("precision", ["working", "compensated"])
def test_results_are_of_the_widest_dtype_of_their_kind(backend, dtype, result, precision):
    options = {"geometry": GEOMETRY, "backend": backend, "precision": precision}
    y = forward(X.astype(dtype), W.astype(dtype), BIAS.astype(dtype), **options)
    g = backward(X.astype(dtype), W.astype(dtype), GRAD.astype(dtype), **options)
    assert {y.dtype, g.x.dtype, g.w.dtype, g.bias.dtype} == {np.dtype(result)}
    assert np.array_equal(y, forward(X, W, BIAS, geometry=GEOMETRY))


def test_unbatched_and_channels_last_are_the_same_numbers(backend):
    rng = np.random.default_rng(0)
    x, w, grad = (rng.integers(-9, 9, a.shape).astype(float) for a in (X, W, GRAD))
    for precision in ("working", "compensated"):
        options = {"geometry": GEOMETRY, "backend": backend, "precision": precision}
        y, g = forward(x, w, BIAS, **options), backward(x, w, grad, **options)
        alone = backward(x[1], w, grad[1], **options)
        assert np.array_equal(forward(x[1], w, BIAS, **options), y[1])
        assert np.array_equal(alone.x, g.x[1])
        last = np.ascontiguousarray(np.moveaxis(x, 1, -1)), np.ascontiguousarray(np.moveaxis(grad, 1, -1))
        y_last = forward(last[0], w, BIAS, layout="channels_last", **options)
        g_last = backward(last[0], w, last[1], layout="channels_last", **options)
        assert np.array_equal(np.moveaxis(y_last, -1, 1), y)
        assert np.array_equal(np.moveaxis(g_last.x, -1, 1), g.x)
        assert np.array_equal(g_last.w, g.w)
        assert np.array_equal(g_last.bias, g.bias)
        alone = backward(last[0][1], w, last[1][1], layout="channels_last", **options)
        assert np.array_equal(np.moveaxis(alone.x, -1, 0), g.x[1])
        model = error_model(last[0], w, None, last[1], geometry=GEOMETRY, layout="channels_last")
        assert model.y.scale.shape == y_last.shape
        assert np.broadcast_to(model.x.terms, last[0].shape)[0, 1, 2, 0] == 27


def odd_views(array):
    """The same numbers in memory laid out every other way."""
    yield np.asfortranarray(array)
    yield np.ascontiguousarray(array[..., ::-1])[..., ::-1]
    yield np.ascontiguousarray(array[::-1, :, ::-1])[::-1, :, ::-1]
    gaps = np.zeros((*array.shape[:-1], 3 * array.shape[-1]))
    gaps[..., 1::3] = array
    yield gaps[..., 1::3]
    packed = np.zeros(array.shape, np.dtype([("skip", "i1"), ("value", "f8")]))
    packed["value"] = array
    yield packed["value"]  # neither aligned nor at whole steps
    read_only = array.copy()
    read_only.setflags(write=False)
    yield read_only


def test_views_of_any_layout(backend):
    rng = np.random.default_rng(1)
    x, w, grad = (rng.integers(-9, 9, a.shape).astype(float) for a in (X, W, GRAD))
    for precision in ("working", "compensated"):
        options = {"geometry": GEOMETRY, "backend": backend, "precision": precision}
        y, g = forward(x, w, BIAS, **options), backward(x, w, grad, **options)
        for odd_x, odd_w, odd_grad in zip(odd_views(x), odd_views(w), odd_views(grad), strict=True):
            assert np.array_equal(forward(odd_x, odd_w, BIAS, **options), y)
            odd = backward(odd_x, odd_w, odd_grad, **options)
            assert all(np.array_equal(a, b) for a, b in zip(odd, g, strict=True))
    same = np.broadcast_to(3.0, X.shape)
    assert np.array_equal(
        forward(same, W, geometry=GEOMETRY, backend=backend), forward(3 * X, W, geometry=GEOMETRY)
    )


@pytest.mark.parametrize("precision", ["working", "compensated"])
@pytest.mark.parametrize(
    ("batch", "deep", "wide", "size", "out"),
    [(0, 2, 3, 4, 9), (2, 0, 3, 4, 9), (2, 2, 0, 4, 9), (2, 2, 3, 0, 9), (2, 2, 3, 4, 0), (0, 0, 0, 0, 0)],
)
def test_nothing_in_some_dimension(backend, precision, batch, deep, wide, size, out):
    geometry = Geometry((size,), (3,), (2,), (1,), (0,), (out,))
    x, w, grad = np.ones((batch, deep, size)), np.ones((deep, wide, 3)), np.ones((batch, wide, out))
    bias = np.arange(wide) + 1.0
    options = {"geometry": geometry, "backend": backend, "precision": precision}
    y, g = forward(x, w, bias, **options), backward(x, w, grad, **options)
    assert (y.shape, g.x.shape, g.w.shape, g.bias.shape) == (grad.shape, x.shape, w.shape, bias.shape)
    assert np.array_equal(y, np.broadcast_to(bias[:, None], y.shape))
    assert not g.x.any()
    assert not g.w.any()
    assert np.array_equal(g.bias, np.full(wide, batch * out))
    model = error_model(x, w, bias, grad, geometry=geometry, backend=backend)
    assert model.y.scale.shape == y.shape
    assert np.broadcast_to(model.y.terms, y.shape).sum() == 0
