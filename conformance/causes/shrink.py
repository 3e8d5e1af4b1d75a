"""Shrinks a failing case to the smallest that still fails.

:func:`shrink` lowers parameters one at a time until none can be lowered further; :mod:`causes.one_hot`
then finds a single wrong product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import output_size
from conv_transpose_conformance.cases.recipe import Recipe
from conv_transpose_conformance.causes.one_hot import Located, Wrong, locate

__all__ = ["Located", "Wrong", "locate", "shrink", "simpler"]

# The plain value of a parameter that has one number per dimension.
PLAIN: Final = {"input_size": 1, "kernel_size": 1, "stride": 1, "dilation": 1, "output_padding": 0}


def shrink(case: Case, implementation: str, fails: Callable[[Case], bool]) -> Case:
    """Returns the case with the smallest parameters that still show the same failure.

    Args:
        case: a failing case.
        implementation: its name; cases that its API cannot express are skipped.
        fails: whether a case shows the same failure.  Each case is asked once.

    Returns:
        A failing case that passes once any single parameter is lowered further.
    """
    from conv_transpose_conformance.frameworks.registry import cannot_run

    known: dict[Case, bool] = {case: True}

    def failing(candidate: Case) -> bool:
        if candidate not in known:
            known[candidate] = cannot_run(implementation, candidate) is None and fails(candidate)
        return known[candidate]

    found: Case | None = case
    while found is not None:
        case, found = found, next(filter(failing, simpler(found)), None)
    return case


def simpler(case: Case) -> Iterator[Case]:
    """Yields cases with one parameter lowered, largest steps first, or with several related ones."""
    yield from _words(case)
    for name, plain in PLAIN.items():
        yield from _sizes(case, name, plain)
    yield from _padding(case)
    yield from _channels(case)
    if case.batch is None:
        yield case.replace(batch=1)
    else:
        for batch in _lower(case.batch, 1):
            yield case.replace(batch=batch)
    recipe = case.recipe
    if recipe.kind == "real":
        yield case.replace(recipe=Recipe("int", recipe.seed))
    for seed in _lower(min(recipe.seed, 2), 0):
        yield case.replace(recipe=Recipe(recipe.kind, seed))


def _words(case: Case) -> Iterator[Case]:
    """Yields the case with a non-numeric parameter set to its plain value."""
    if case.bias:
        yield case.replace(bias=False)
    if case.dtype != "float32":
        yield case.replace(dtype="float32")
    if case.layout != "channels_first":
        yield case.replace(layout="channels_first")
    if case.spelling != "plain":
        yield case.replace(spelling="plain")
    if isinstance(case.padding, str):
        yield case.replace(padding=((0, 0),) * case.ndim)
    if case.output_size is not None:
        yield case.replace(output_size=None)
        extra = tuple(a - b for a, b in zip(case.output_size, _least(case), strict=True))
        yield case.replace(output_size=None, output_padding=extra)
        for axis in range(case.ndim):
            for lower in _lower(extra[axis], 0):
                yield case.replace(output_size=_at(case.output_size, axis, _least(case)[axis] + lower))


def _sizes(case: Case, name: str, plain: int) -> Iterator[Case]:
    """Yields the case with one parameter lowered in all dimensions, then in single ones."""
    values: tuple[int, ...] = getattr(case, name)
    if values != (plain,) * case.ndim:
        yield _moved(case, **{name: (plain,) * case.ndim})
    for axis, value in enumerate(values):
        for lower in _lower(value, plain):
            yield _moved(case, **{name: _at(values, axis, lower)})


def _padding(case: Case) -> Iterator[Case]:
    if isinstance(case.padding, str):
        return
    if any(side for pair in case.padding for side in pair):
        yield _moved(case, padding=((0, 0),) * case.ndim)
    for axis, (before, after) in enumerate(case.padding):
        pairs = [(low, low) for low in _lower(before, 0)] if before == after else []
        pairs += [(low, after) for low in _lower(before, 0)] + [(before, low) for low in _lower(after, 0)]
        for pair in pairs:
            yield _moved(case, padding=(*case.padding[:axis], pair, *case.padding[axis + 1 :]))


def _channels(case: Case) -> Iterator[Case]:
    inputs, outputs, groups = case.in_channels, case.out_channels, case.groups
    divides = groups > 0 and inputs % groups == 0 == outputs % groups
    for fewer in _lower(groups, 1):
        if not divides:
            yield case.replace(groups=fewer)
            continue
        # Keeps the number of channels per group.
        yield case.replace(
            groups=fewer, in_channels=fewer * inputs // groups, out_channels=fewer * outputs // groups
        )
        if inputs % fewer == 0 == outputs % fewer:
            yield case.replace(groups=fewer)
    for name, value in (("in_channels", inputs), ("out_channels", outputs)):
        for fewer in _lower(value, 1):
            if not divides or fewer % groups == 0:
                yield case.replace(**{name: fewer})


def _moved(case: Case, **changes: object) -> Case:
    """Returns the case with changes; a requested output size keeps its distance from the least one."""
    moved = case.replace(**changes)
    if case.output_size is None or isinstance(case.padding, str):
        return moved
    distances = zip(case.output_size, _least(case), _least(moved), strict=True)
    return moved.replace(output_size=tuple(size - old + new for size, old, new in distances))


def _least(case: Case) -> tuple[int, ...]:
    sides = ((0, 0),) * case.ndim if isinstance(case.padding, str) else case.padding
    return output_size(case.replace(padding=sides), (0,) * case.ndim)


def _at(values: tuple[int, ...], axis: int, value: int) -> tuple[int, ...]:
    return (*values[:axis], value, *values[axis + 1 :])


def _lower(value: int, plain: int) -> list[int]:
    """Returns values nearer to the plain one, nearest first; of a long range its ends and middle only."""
    step = 1 if value > plain else -1
    way = range(plain, value, step)
    if len(way) <= 24:
        return list(way)
    return [*way[:8], way[len(way) // 2], *way[-8:]]
