"""A framework on NumPy, with one fault: with several groups it adds the bias twice."""

from itertools import product

import numpy as np

__version__ = "1.2.3"


def conv_transpose1d(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    return _output(x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(x, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    return _output(x, weight, bias, stride, padding, output_padding, groups, dilation)


def _each(value, ndim):
    values = [value] * ndim if isinstance(value, int) else list(value)
    if len(values) != ndim or not all(isinstance(one, int) and not isinstance(one, bool) for one in values):
        raise TypeError(f"one integer for each of {ndim} dimensions is needed, not {value!r}")
    return values


def _output(x, weight, bias, stride, padding, output_padding, groups, dilation):
    ndim = weight.ndim - 2
    stride, padding, extra, dilation = (_each(v, ndim) for v in (stride, padding, output_padding, dilation))
    for name, values in (("stride", stride), ("dilation", dilation), ("kernel_size", weight.shape[2:])):
        if min(values) < 1:
            raise ValueError(f"{name} must be positive, not {values}")
    if groups < 1 or x.shape[1] % groups or x.shape[1] != weight.shape[0]:
        raise ValueError(f"groups {groups} do not fit {x.shape[1]} channels")
    size = [
        (i - 1) * s - 2 * p + d * (k - 1) + 1 + e
        for i, s, p, d, k, e in zip(x.shape[2:], stride, padding, dilation, weight.shape[2:], extra)
    ]
    if min(size) < 1:
        raise ValueError(f"an output of the size {size}")
    whole, places = _room(x, weight, size, stride, padding, dilation, groups)
    grouped, filters = _by_group(x, weight, groups)
    for k, where in places:
        part = np.einsum("ngc...,gco->ngo...", grouped, filters[(Ellipsis, *k)])
        whole[where] += part.reshape(x.shape[0], -1, *x.shape[2:])
    y = whole[_inside(padding, size)]
    if bias is None:
        return y
    times = 2 if groups > 1 else 1  # the fault
    return y + times * bias.reshape(-1, *[1] * ndim)


def gradients(x, weight, grad, stride=1, padding=0, groups=1, dilation=1):
    ndim = weight.ndim - 2
    stride, padding, dilation = (_each(v, ndim) for v in (stride, padding, dilation))
    whole, places = _room(x, weight, grad.shape[2:], stride, padding, dilation, groups)
    whole[_inside(padding, grad.shape[2:])] = grad
    grouped, filters = _by_group(x, weight, groups)
    of_x, of_w = np.zeros_like(grouped), np.zeros_like(filters)
    for k, where in places:
        part = whole[where].reshape(x.shape[0], groups, -1, *x.shape[2:])
        of_x += np.einsum("ngo...,gco->ngc...", part, filters[(Ellipsis, *k)])
        spatial = "yz"[:ndim]
        of_w[(Ellipsis, *k)] = np.einsum(f"ngc{spatial},ngo{spatial}->gco", grouped, part)
    return of_x.reshape(x.shape), of_w.reshape(weight.shape), grad.sum(axis=(0, *range(2, grad.ndim)))


def _by_group(x, weight, groups):
    return x.reshape(x.shape[0], groups, -1, *x.shape[2:]), weight.reshape(groups, -1, *weight.shape[1:])


def _inside(padding, size):
    return (slice(None), slice(None), *(slice(p, p + s) for p, s in zip(padding, size)))


def _room(x, weight, size, stride, padding, dilation, groups):
    spatial = list(zip(x.shape[2:], stride, dilation, weight.shape[2:], padding, size))
    room = [max((i - 1) * s + d * (k - 1) + 1, p + out) for i, s, d, k, p, out in spatial]
    places = [
        (k, (..., *(slice(a * d, a * d + (i - 1) * s + 1, s) for a, (i, s, d, _, _, _) in zip(k, spatial))))
        for k in product(*map(range, weight.shape[2:]))
    ]
    return np.zeros((x.shape[0], weight.shape[1] * groups, *room), x.dtype), places
