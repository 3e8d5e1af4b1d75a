from typing import Any

from numpy.typing import NDArray

from conv_transpose_conformance.reference_impl.arguments import Array

def gather_sums(
    a: Array,
    b: Array,
    start: Array,
    pairs: NDArray[Any],
    first_pair: NDArray[Any],
    unseen: float,
    values: Array,
    certain: Array,
    first: int,
    last: int,
) -> None: ...
def tap_sums(
    a: Array,
    b: Array,
    pairs: NDArray[Any],
    first_pair: NDArray[Any],
    unseen: float,
    values: Array,
    certain: Array,
    first: int,
    last: int,
) -> None: ...
