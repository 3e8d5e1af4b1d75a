"""Invalid calls with tensors that do not fit each other or the arguments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.requirements.base.probe import Prober
from conv_transpose_conformance.requirements.refusals.invalid_call import (
    InvalidCall,
    base,
    meant,
    rejection,
    tensors,
)

Array = NDArray[Any]


def _with(case: Case, words: str, readings: dict[str, Array] | None = None, **changed: Array) -> InvalidCall:
    """Returns an invalid call with some of the case's tensors replaced."""
    return InvalidCall(words=words, case=case, arrays={**tensors(case), **changed}, readings=readings or {})


def _shape(array: Array) -> str:
    return str(list(array.shape))


def _input_rank(prober: Prober) -> Iterator[InvalidCall]:
    case = base(prober)
    x = tensors(case)["x"]
    mapped = {case.id: meant(tensors(case), case)[case.id][None]} if prober.declared.maps_batch else {}
    for other in (x[0, 0], x[None], x[None, None], x[0, 0, 0] if prober.ndim == 2 else x[0, 0, :0]):
        # under a map over the batch, a batch of batches is a batch of a layer's inputs
        yield _with(
            case, f"an input of shape {_shape(other)}", mapped if other.ndim == x.ndim + 1 else {}, x=other
        )
    single = case.replace(batch=None)
    if not prober.expresses(single):  # not documented, but it can be read as a batch of one
        yield _with(
            case,
            f"an input of shape {_shape(x[0])}",
            {single.id: meant(tensors(case), case)[case.id][0]},
            x=x[0],
        )


def _input_channels(prober: Prober) -> Iterator[InvalidCall]:
    for case in (base(prober), base(prober).replace(groups=2)):
        x = tensors(case)["x"]
        for other in (x[:, :3], x[:, :1], x[:, :2], np.repeat(x, 2, axis=1), x[:, :0]):
            words = (
                f"an input of shape {_shape(other)} for {case.in_channels} channels in {case.groups} groups"
            )
            yield _with(case, words, x=other)


def _input_dtype(prober: Prober) -> Iterator[InvalidCall]:
    case = base(prober)
    x = tensors(case)["x"]
    readings = meant(tensors(case), case)
    for dtype in ("float64", "int64", "int32", "float16"):
        yield _with(case, f"{dtype} input, float32 weight", readings, x=x.astype(dtype))
    truth = meant({**tensors(case), "x": (x > 0).astype("float32")}, case)
    yield _with(case, "bool input, float32 weight", truth, x=x > 0)


def _input_empty(prober: Prober) -> Iterator[InvalidCall]:
    case = base(prober)
    sizes = ((0,) * prober.ndim, (0, *case.input_size[1:]), (*case.input_size[:-1], 0))
    for size in dict.fromkeys(sizes):
        empty = case.replace(input_size=size)
        yield InvalidCall(words=f"an input of size {size}", case=empty, readings=meant(tensors(empty), empty))


def _weight_shape(prober: Prober) -> Iterator[InvalidCall]:
    if prober.module:
        return
    case = base(prober)
    w = tensors(case)["w"]
    for other in (w[0], w[None], w[:3], w[:1], np.repeat(w, 2, axis=0), w[..., :0], w[:0]):
        yield _with(case, f"a weight of shape {_shape(other)} for 4 channels", w=other)
    nothing = case.replace(out_channels=0)
    yield InvalidCall(
        words="a weight without output channels", case=nothing, readings=meant(tensors(nothing), nothing)
    )


def _weight_dtype(prober: Prober) -> Iterator[InvalidCall]:
    if prober.module:
        return
    case = base(prober)
    given = tensors(case)
    readings = meant(given, case)
    for dtype in ("float64", "int64"):
        yield _with(case, f"float32 input, {dtype} weight", readings, w=given["w"].astype(dtype))
    both = {name: array.astype("int64") for name, array in given.items()}
    yield _with(case, "int64 input, int64 weight", readings, **both)


def _bias_shape(prober: Prober) -> Iterator[InvalidCall]:
    if prober.module:
        return
    case = base(prober).replace(bias=True)
    given = tensors(case)
    b, readings = given["b"], meant(given, case)
    for other in (b[:3], np.concatenate([b, b[:1]]), np.repeat(b, 2), b[:0], b[None, None, None, :]):
        yield _with(case, f"a bias of shape {_shape(other)} for 4 channels", b=other)
    for other in (b[:, None], b[None]):
        yield _with(case, f"a bias of shape {_shape(other)} for 4 channels", readings, b=other)
    one = meant({**given, "b": np.repeat(b[:1], 4)}, case)
    for other in (b[:1], b[0].reshape(())):
        yield _with(case, f"a bias of shape {_shape(other)} for 4 channels", one, b=other)


def _bias_dtype(prober: Prober) -> Iterator[InvalidCall]:
    if prober.module:
        return
    case = base(prober).replace(bias=True)
    given = tensors(case)
    for dtype in ("float64", "int64"):
        yield _with(case, f"float32 input, {dtype} bias", meant(given, case), b=given["b"].astype(dtype))


def _pairs(prober: Prober) -> Iterator[InvalidCall]:
    """Yields two tensors that fit each other, but not the function."""
    if prober.module:
        return
    case = base(prober).replace(bias=True)
    given = tensors(case)
    x, w, b = (given[name] for name in "xwb")
    yield _with(case, "an input and a weight with one dimension more", x=x[..., None], w=w[..., None])
    yield _with(case, "an input and a weight with one dimension less", x=x[..., 0], w=w[..., 0])
    yield _with(case, "a weight and a bias for different channels", w=w[:, :3], b=b[:2])
    wide = {name: given[name].astype("float64") for name in "xw"}
    yield _with(case, "float64 input and weight, float32 bias", meant(given, case), **wide)
    whole = {name: given[name].astype("int64") for name in "wb"}
    yield _with(case, "float32 input, int64 weight and bias", meant(given, case), **whole)


REQUIREMENTS: Final = (
    rejection(
        "input.rank",
        "An input with an undocumented number of dimensions must be refused; one without a batch may be "
        "read as a batch of one.",
        _input_rank,
    ),
    rejection(
        "input.channels", "An input whose channel count is not in_channels must be refused.", _input_channels
    ),
    rejection(
        "input.dtype",
        "An input whose dtype is not the weight's must be refused, or be converted without loss.",
        _input_dtype,
    ),
    rejection(
        "input.empty",
        "An input without positions must be refused, or give what the formula of the output size says.",
        _input_empty,
    ),
    rejection(
        "weight.shape",
        "A weight with a wrong number of dimensions, for other channels or without a tap must be refused.",
        _weight_shape,
    ),
    rejection(
        "weight.dtype",
        "A weight whose dtype is not the input's must be refused, or be converted without loss; this "
        "includes integers.",
        _weight_dtype,
    ),
    rejection(
        "bias.shape",
        "A bias for other channels must be refused; a single number, or extra dimensions of size 1, may "
        "be accepted.",
        _bias_shape,
    ),
    rejection(
        "bias.dtype",
        "A bias whose dtype is not the input's must be refused, or be converted without loss.",
        _bias_dtype,
    ),
    rejection(
        "tensors.pairs",
        "Two tensors with dimensions, channels or dtypes that the function does not take must be refused, "
        "or be converted without loss.",
        _pairs,
    ),
)
