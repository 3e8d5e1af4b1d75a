"""Builds ``conformance/generation/corpus.txt``, the core corpus.

Run ``python -m tools.corpus`` from the repository's root.

The corpus changes what every run judges and is versioned: raise its version when it is built anew.  Needs
``covertable`` (the ``dev`` extra), which makes covering arrays under constraints; the coverage itself is
recomputed by ``tests/conformance/generation/test_corpus.py``, without it.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterator
from itertools import product

import covertable

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.recipe import Recipe
from conv_transpose_conformance.generation.corpus import PATH
from conv_transpose_conformance.generation.factors import (
    AXIS,
    WHOLE,
    Axis,
    Levels,
    Space,
    axis_table,
    factors,
    levels,
)

VERSION = 3
# What every parameter set is run with anyway, and so need not be part of the array.
VARIED = ("dtype", "recipe")
# What the API that can say least can say.
NARROW = {
    "padding": ("none", "even", "limit"),
    "extra": ("none",),
    "mode": ("explicit",),
    "via": ("output_padding",),
    "batch": ("1", "2+"),
    "layout": ("channels_first",),
    "spelling": ("plain",),
}
# In 2-D all can say output paddings; a dilation up to the input's size is documented by all.
NARROW_2D = NARROW | {
    "input": ("2", "4+"),
    "kernel": ("1", "2", "3"),
    "dilation": ("1", "2"),
    "extra": ("none", "some", "most"),
    "spelling": ("plain", "tuple"),
}
CHANNELS = {  # (in, out, groups)
    "single": [(1, 1, 1)],
    "narrower": [(3, 2, 1), (2, 2, 1), (4, 1, 1)],
    "wider": [(2, 3, 1), (1, 2, 1), (3, 4, 1)],
    "grouped": [(4, 6, 2), (6, 4, 2), (4, 2, 2), (6, 3, 3), (6, 9, 3)],
    "depthwise": [(3, 3, 3), (2, 2, 2), (4, 4, 4)],
    "multiplier": [(2, 4, 2), (3, 6, 3), (2, 6, 2)],
}


def array(ndim: int, strength: int, only: dict[str, tuple[str, ...]], salt: str) -> list[Levels]:
    """Rows of levels in which every possible combination of ``strength`` of them occurs."""
    known = Space(ndim, only)
    allowed = {
        name: [level for level in values if level in only.get(name.split("[")[0], values)]
        for name, values in factors(ndim).items()
        if name not in VARIED
    }
    fixed = {name: values[0] for name, values in allowed.items() if len(values) == 1}
    free = {name: values for name, values in allowed.items() if len(values) > 1}

    def fits(row: Levels) -> bool | None:
        if not known.possible({**fixed, **row}):
            return False
        return True if len(row) == len(free) else None

    rows = covertable.make(
        free,
        strength=strength,
        constraints=[{"operator": "fn", "requires": [], "evaluate": fits}],
        salt=salt,
    )
    return [{**fixed, **row} for row in rows]


def concrete(row: Levels, ndim: int, pick: int) -> Case:
    """A case with these levels; ``pick`` chooses among those that have them."""

    def choose(options: tuple[Axis, ...], at: int) -> Axis:
        # Small and unequal: of the smallest few, another one each time.
        few = sorted(options, key=lambda a: (a.room + a.extra + a.before + a.after, a.stride, a.kernel))[:4]
        return few[(pick // (3**at)) % len(few)]

    axes = [choose(axis_table()[tuple(row[f"{name}[{at}]"] for name in AXIS)], at) for at in range(ndim)]
    inputs, outputs, groups = CHANNELS[row["channels"]][pick % len(CHANNELS[row["channels"]])]
    extra = tuple(axis.extra for axis in axes)
    sized = row["via"] == "output_size"
    return Case(
        input_size=tuple(axis.input for axis in axes),
        batch={"none": None, "1": 1, "2+": 2 + pick % 2}[row["batch"]],
        in_channels=inputs,
        out_channels=outputs,
        groups=groups,
        kernel_size=tuple(axis.kernel for axis in axes),
        stride=tuple(axis.stride for axis in axes),
        dilation=tuple(axis.dilation for axis in axes),
        padding=row["mode"]  # type: ignore[arg-type]
        if row["mode"] != "explicit"
        else tuple((axis.before, axis.after) for axis in axes),
        output_padding=(0,) * ndim if sized else extra,
        output_size=tuple(a.room + 1 - a.before - a.after + a.extra for a in axes) if sized else None,
        bias=row["bias"] == "yes",
        dtype="float32",
        layout=row["layout"],  # type: ignore[arg-type]
        spelling=row["spelling"],  # type: ignore[arg-type]
        recipe=Recipe("int", 0),
    )


def seeded(case: Case) -> Case:
    """The case with a seed of its own that does not depend on its place."""
    digest = hashlib.sha256(case.id.encode()).digest()
    return case.replace(recipe=Recipe("int", int.from_bytes(digest[:2], "big")))


def parameter_sets() -> Iterator[Case]:
    """The parameter sets of the corpus: of everything, then of what the narrowest API can say."""
    for number, (ndim, strength, only) in enumerate(PLANS):
        started = time.monotonic()
        rows = array(ndim, strength, only, str(number))
        sys.stderr.write(
            f"{ndim}-D, strength {strength}: {len(rows)} rows in {time.monotonic() - started:.0f} s\n"
        )
        for pick, row in enumerate(rows):
            case = concrete(row, ndim, pick)
            found = levels(case)
            assert found is not None, case.id
            assert all(found[name] == level for name, level in row.items()), (case.id, row)
            yield seeded(case)


assert set(VARIED) < set(WHOLE)


PLANS: list[tuple[int, int, dict[str, tuple[str, ...]]]] = [
    (1, 3, {}),
    (2, 3, {}),
    (1, 4, NARROW),
    (2, 4, NARROW_2D),
]


# Where kernels work in blocks: 16 to 64 channels, some of no round number; outputs wider than 16 positions;
# many groups.  Every implementation with values can be asked for some of them.
LARGE = (
    "v1_1d_n2_ci32_co17_i17_k4_s2_p1_b_f32_int.0",
    "v1_1d_n1_ci64_co32_i31_k3_s2_p1_op1_b_f32_int.0",
    "v1_1d_n1_ci33_co64_i20_k5_p2_d2_f32_int.0",
    "v1_1d_n1_ci64_co64_i19_k3_s2_g32_b_f32_int.0",
    "v1_1d_n1_ci48_co48_i32_k3_g48_f32_int.0",
    "v1_2d_n1_ci16_co32_i9x17_k3x3_s2x2_p1x1_op1x1_b_f32_int.0",
    "v1_2d_n2_ci33_co18_i5x32_k2x3_p0x1_f32_int.0",
    "v1_2d_n1_ci64_co64_i7x9_k3x3_p1x1_g32_b_f32_int.0",
    "v1_2d_n1_ci32_co64_i6x11_k3x2_s1x2_d2x2_f32_int.0",
    "v1_2d_n1_ci40_co40_i10x18_k3x3_s2x1_p1x1_g40_b_f32_int.0",
)


def at(values: tuple[int, ...], place: int, value: int) -> tuple[int, ...]:
    """The values with another one in its place."""
    return tuple(value if axis == place else old for axis, old in enumerate(values))


def padded(case: Case, *sides: tuple[int, int]) -> Case:
    """The case with these paddings, and none in the dimensions left."""
    return case.replace(padding=(*sides, *((0, 0),) * case.ndim)[: case.ndim])


def words_beyond() -> Iterator[Case]:
    """Paddings in words with a stride beyond the kernel's extent, or just within it: nothing is cut.

    Their levels are those of others; what is rare is the relation between two of them.
    """
    for ndim in (1, 2):
        for number, (mode, (kernel, dilation, stride)) in enumerate(
            product(("valid", "same"), ((1, 1, 2), (1, 1, 3), (2, 1, 3), (2, 2, 3), (2, 2, 4)))
        ):
            inputs, outputs, groups = ((1, 1, 1), (2, 3, 1), (4, 2, 2), (3, 3, 3))[number % 4]
            one = Case(
                input_size=(4, 3)[:ndim],
                batch=1 + number % 2,
                in_channels=inputs,
                out_channels=outputs,
                groups=groups,
                kernel_size=(kernel, 1)[:ndim],
                stride=(stride, 2)[:ndim],
                dilation=(dilation, 1)[:ndim],
                padding=mode,  # type: ignore[arg-type]
                output_padding=(0,) * ndim,
                bias=number % 3 == 0,
                dtype="float32",
                recipe=Recipe("int", 0),
            )
            yield seeded(one)
            if ndim == 2:  # in the width alone
                yield seeded(one.replace(kernel_size=(3, kernel), stride=(2, stride), dilation=(1, dilation)))


def forbidden() -> Iterator[Case]:
    """Calls that the documents of some API forbid, each for one reason, in plain surroundings."""
    for ndim in (1, 2):
        base = Case(
            input_size=(4, 5)[:ndim],
            batch=2,
            in_channels=2,
            out_channels=4,
            kernel_size=(3, 2)[:ndim],
            stride=(2, 3)[:ndim],
            padding=((0, 0),) * ndim,
            output_padding=(0,) * ndim,
            dilation=(1,) * ndim,
            groups=2,
            bias=True,
            dtype="float32",
            recipe=Recipe("int", 0),
        )
        small = base.replace(input_size=(1,) * ndim)

        for bias in (True, False):
            for axis in range(ndim):
                front = ((0, 0),) * axis
                kernel = small.kernel_size[axis]
                yield padded(small.replace(bias=bias), *front, (kernel, kernel))
                yield padded(small.replace(bias=bias), *front, (0, kernel + 1))
                yield padded(base.replace(bias=bias), *front, (9, 9))
            if ndim == 2:  # two negative sizes make a positive number of elements
                yield padded(small.replace(bias=bias), (3, 3), (3, 3))
                yield padded(base.replace(bias=bias), (9, 9), (9, 9))
        for inputs, outputs, groups in ((3, 4, 2), (4, 3, 2), (3, 3, 2), (2, 4, 3)):
            yield base.replace(in_channels=inputs, out_channels=outputs, groups=groups)
        for axis in range(ndim):
            stride = base.stride[axis]
            zeros = base.output_padding
            yield base.replace(output_padding=at(zeros, axis, stride))
            yield base.replace(output_padding=at(zeros, axis, stride + 2))
            wide = base.replace(dilation=at(base.dilation, axis, stride + 1))
            yield wide.replace(output_padding=at(zeros, axis, stride + 1))
            yield base.replace(output_padding=at(zeros, axis, -1))
            yield base.replace(padding=tuple((-1, -1) if a == axis else (0, 0) for a in range(ndim)))
            yield base.replace(kernel_size=at(base.kernel_size, axis, 0))
            for value in (0, -1):
                yield base.replace(stride=at(base.stride, axis, value))
                yield base.replace(dilation=at(base.dilation, axis, value))
        yield base.replace(groups=0)
        yield base.replace(groups=-1)


HEADER = """\
# The core corpus: parameter sets as case ids, in an order of their own. Made by tools/corpus.py.
# Every possible combination of three levels of the parameters occurs (see conformance/generation/factors.py);
# of what every API can say, every combination of four; to them come paddings in words with a stride beyond
# the kernel's extent. Large are shapes at which kernels work in blocks.
# version {version}
"""


def main() -> None:
    """Writes the file."""
    # By their digest: every stretch of a run holds something of everything.
    every = dict.fromkeys([*parameter_sets(), *words_beyond()])
    sets = sorted(every, key=lambda c: hashlib.sha256(c.id.encode()).digest())
    refused = list(dict.fromkeys(forbidden()))
    large = [seeded(Case.parse(text)) for text in LARGE]
    parts = {"[large]": large, "[forbidden]": refused}
    lines = [case.id for case in sets]
    for name, cases in parts.items():
        lines += [name, *(case.id for case in cases)]
    PATH.write_text(HEADER.format(version=VERSION) + "\n".join(lines) + "\n", encoding="utf-8")
    sys.stderr.write(f"{len(sets) + len(large)} parameter sets, {len(refused)} forbidden calls in {PATH}\n")


if __name__ == "__main__":
    main()
