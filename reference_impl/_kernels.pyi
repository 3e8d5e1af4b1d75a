from typing import Any

from numpy.typing import NDArray

from conv_transpose_conformance.reference_impl.arguments import Array

def instruction_set(level: int = 2) -> int: ...
def all_finite(array: Array) -> bool: ...
def forward(
    x: Array,
    w: Array,
    bias: Array | None,
    y: Array,
    numbers: NDArray[Any],
    direct: bool,
    finite: bool,
    split: int,
    first: int,
    last: int,
) -> None: ...
def gradient_x(
    dx: Array,
    w: Array,
    y: Array,
    numbers: NDArray[Any],
    direct: bool,
    finite: bool,
    split: int,
    channel_split: int,
    first: int,
    last: int,
) -> None: ...
def gradient_w(
    x: Array,
    dw: Array,
    y: Array,
    numbers: NDArray[Any],
    direct: bool,
    finite: bool,
    split: int,
    first: int,
    last: int,
) -> None: ...
def sums(y: Array, out: Array, first: int, last: int) -> None: ...
