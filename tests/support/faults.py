"""Operators that are wrong in one way each: what the judge exists to find.

Each takes a problem and gives the tensors that such an implementation would return, in float64 before
their rounding to the case's dtype, or None where the fault does not show in the case's parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from conv_transpose_conformance.judging.problem import Problem
from tests.support.judging import Array, remap, tensors

Fault = Callable[[Problem], "dict[str, Array] | None"]
FAULTS: dict[str, Fault] = {}


def fault(function: Fault) -> Fault:
    """Enters a fault in the table under its own name."""
    FAULTS[function.__name__] = function
    return function


def _bias(problem: Problem) -> Array:
    b = problem.data.b
    assert b is not None
    return b.astype(np.float64).reshape(-1, *[1] * problem.case.ndim)


def _beyond(problem: Problem) -> Any:
    """Where only the output padding reaches."""
    geometry = problem.geometry
    assert geometry is not None
    return np.broadcast_to(geometry.output_terms() == 0, tensors(problem)["values"].shape)


def _with(problem: Problem, name: str, value: Array) -> dict[str, Array]:
    return {**tensors(problem), name: value}


@fault
def output_padding_filled_with_zeros_after_the_bias(problem):
    if problem.data.b is None or not any(problem.case.output_padding):
        return None
    values = tensors(problem)["values"]
    for axis, extra in enumerate(problem.case.output_padding, start=values.ndim - problem.case.ndim):
        if extra:
            np.moveaxis(values, axis, 0)[-extra:] = 0
    return _with(problem, "values", values)


@fault
def output_padding_filled_with_the_bias(problem):
    if not any(problem.case.output_padding):
        return None
    values = tensors(problem)["values"]
    bias = 0.0 if problem.data.b is None else _bias(problem)
    for axis, extra in enumerate(problem.case.output_padding, start=values.ndim - problem.case.ndim):
        if extra:
            where = [slice(None)] * values.ndim
            where[axis] = slice(-extra, None)
            values[tuple(where)] = np.broadcast_to(bias, values.shape)[tuple(where)]
    return _with(problem, "values", values)


@fault
def bias_left_out_where_no_term_reaches(problem):
    if problem.data.b is None:
        return None
    values = tensors(problem)["values"]
    return _with(problem, "values", np.where(_beyond(problem), 0.0, values))


@fault
def kernel_flipped(problem):
    axes = tuple(range(2, 2 + problem.case.ndim))
    return remap(problem, lambda given: given.update(w=np.flip(given["w"], axes)))


@fault
def kernel_transposed(problem):
    if problem.case.ndim != 2 or problem.case.kernel_size[0] != problem.case.kernel_size[1]:
        return None
    return remap(problem, lambda given: given.update(w=np.swapaxes(given["w"], -1, -2).copy()))


@fault
def cropped_on_one_side_only(problem):
    g = problem.geometry
    crop = tuple(2 * before for before in g.crop_before)
    return remap(problem, lambda given: given.update(geometry=replace(g, crop_before=crop)))


@fault
def padding_sides_swapped(problem):
    if problem.case.symmetric:
        return None
    after = tuple(pair[1] for pair in problem.case.padding)
    return remap(problem, lambda given: given.update(geometry=replace(problem.geometry, crop_before=after)))


@fault
def dilation_ignored(problem):
    one = (1,) * problem.case.ndim
    return remap(problem, lambda given: given.update(geometry=replace(problem.geometry, dilation=one)))


@fault
def stride_axes_swapped(problem):
    if problem.case.ndim == 1:
        return None
    g = problem.geometry
    return remap(problem, lambda given: given.update(geometry=replace(g, stride=g.stride[::-1])))


@fault
def dilation_axes_swapped(problem):
    if problem.case.ndim == 1:
        return None
    g = problem.geometry
    return remap(problem, lambda given: given.update(geometry=replace(g, dilation=g.dilation[::-1])))


@fault
def output_padding_put_in_front(problem):
    g, extra = problem.geometry, problem.case.output_padding
    crop = tuple(before - e for before, e in zip(g.crop_before, extra, strict=True))
    return remap(problem, lambda given: given.update(geometry=replace(g, crop_before=crop)))


@fault
def groups_interleaved(problem):
    case = problem.case
    if case.groups == 1:
        return None
    per_out = case.out_channels // case.groups
    order = np.arange(case.out_channels).reshape(case.groups, per_out).T.reshape(-1)
    values = tensors(problem)["values"]
    return _with(problem, "values", np.take(values, order, axis=values.ndim - 1 - case.ndim))


@fault
def groups_of_the_input_reversed(problem):
    case = problem.case
    if case.groups == 1:
        return None
    per_in = case.in_channels // case.groups
    order = np.arange(case.in_channels).reshape(case.groups, per_in)[::-1].reshape(-1)

    def change(given):
        given["x"] = np.take(given["x"], order, axis=given["x"].ndim - 1 - case.ndim)

    return remap(problem, change)


@fault
def bias_twice(problem):
    if problem.data.b is None:
        return None
    return _with(problem, "values", tensors(problem)["values"] + _bias(problem))


@fault
def bias_missing(problem):
    if problem.data.b is None:
        return None
    return _with(problem, "values", tensors(problem)["values"] - _bias(problem))


@fault
def bias_of_the_first_channel_for_all(problem):
    if problem.data.b is None:
        return None
    bias = _bias(problem)
    return _with(problem, "values", tensors(problem)["values"] - bias + bias[:1])


@fault
def last_column_dropped(problem):
    values = tensors(problem)["values"]
    values[..., -1] = 0
    return _with(problem, "values", values)


@fault
def last_input_column_dropped(problem):
    def change(given):
        given["x"] = given["x"].copy()
        given["x"][..., -1] = 0

    return remap(problem, change)


@fault
def second_sample_repeats_the_first(problem):
    if (problem.case.batch or 1) < 2:
        return None
    values = tensors(problem)["values"]
    values[1] = values[0]
    return _with(problem, "values", values)


@fault
def grad_weight_of_the_first_sample_only(problem):
    if (problem.case.batch or 1) < 2:
        return None

    def first(given):
        given["x"] = given["x"].copy()
        given["x"][1:] = 0

    return _with(problem, "grad_weight", remap(problem, first)["grad_weight"])


@fault
def grad_weight_divided_by_the_batch(problem):
    if (problem.case.batch or 1) < 2:
        return None
    return _with(problem, "grad_weight", tensors(problem)["grad_weight"] / problem.case.batch)


@fault
def grad_input_doubled(problem):
    return _with(problem, "grad_input", 2 * tensors(problem)["grad_input"])


@fault
def grad_input_of_the_flipped_kernel(problem):
    axes = tuple(range(2, 2 + problem.case.ndim))
    flipped = remap(problem, lambda given: given.update(w=np.flip(given["w"], axes)))
    return _with(problem, "grad_input", flipped["grad_input"])


@fault
def grad_bias_averaged(problem):
    if problem.data.b is None:
        return None
    count = problem.data.g.size // problem.case.out_channels
    return _with(problem, "grad_bias", tensors(problem)["grad_bias"] / count)


@fault
def grad_bias_zero(problem):
    if problem.data.b is None:
        return None
    return _with(problem, "grad_bias", 0 * tensors(problem)["grad_bias"])


@fault
def float16_inside(problem):
    values = tensors(problem)["values"]
    with np.errstate(over="ignore"):
        return _with(problem, "values", values.astype(np.float16).astype(np.float64))


@fault
def inputs_cut_to_ten_bits(problem):
    """What TF32 hardware does to a float32 product."""

    def cut(array):
        bits = array.astype(np.float32).view(np.uint32) & np.uint32(0xFFFFE000)
        return bits.view(np.float32).astype(array.dtype)

    return remap(problem, lambda given: given.update(x=cut(given["x"]), w=cut(given["w"])))


@fault
def values_cut_to_sixteen_bits(problem):
    bits = tensors(problem)["values"].astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
    return _with(problem, "values", bits.view(np.float32).astype(np.float64))


@fault
def one_element_off_by_one_part_in_a_thousand(problem):
    values = tensors(problem)["values"]
    at = np.unravel_index(np.argmax(np.abs(values)), values.shape)
    values[at] *= 1.001
    return _with(problem, "values", values)


@fault
def nan_for_everything(problem):
    return {name: np.full_like(array, np.nan) for name, array in tensors(problem).items()}


@fault
def infinity_in_one_place(problem):
    values = tensors(problem)["values"]
    values.reshape(-1)[0] = np.inf
    return _with(problem, "values", values)


@fault
def zero_for_everything(problem):
    return {name: np.zeros_like(array) for name, array in tensors(problem).items()}
