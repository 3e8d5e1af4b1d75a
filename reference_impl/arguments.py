"""Checks arguments and converts them to one form for the kernels.

Inside the package a tensor is always ``(N, C, *spatial)`` of float64, complex128 or int64, possibly a strided
view. Unbatched tensors get a batch dimension, and channels-last ones are transposed views.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.reference_impl.geometry import LIMIT, Geometry

__all__ = ["LAYOUTS", "PRECISIONS", "Array", "Tensors", "prepare", "restore"]

Array = NDArray[Any]

LAYOUTS = ("channels_first", "channels_last")
PRECISIONS = ("working", "compensated")

FLOAT, COMPLEX, INTEGER = np.dtype(np.float64), np.dtype(np.complex128), np.dtype(np.int64)
_COMPUTED: dict[np.dtype[Any], np.dtype[Any]] = {
    np.dtype(np.float64): FLOAT,
    np.dtype(np.float32): FLOAT,
    np.dtype(np.float16): FLOAT,
    np.dtype(np.complex64): COMPLEX,
    np.dtype(np.complex128): COMPLEX,
    np.dtype(np.int64): INTEGER,
}
_SUPPORTED = "float16, bfloat16, float32, float64, complex64, complex128, int64"


@dataclass(slots=True)
class Tensors:
    """The arguments of one call in the package's form; ``bias`` or ``grad`` may be absent."""

    x: Array
    w: Array
    bias: Array | None
    grad: Array | None
    dtype: np.dtype[Any]
    batched: bool
    last: bool


def computed_in(name: str, array: object) -> np.dtype[Any]:
    """Returns the dtype that an argument is computed in."""
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name} must be a numpy array, got {type(array).__name__}; use numpy.asarray")
    if type(array) is not np.ndarray and isinstance(array, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array, and what is masked has no value here; fill it: {name}.filled(0)"
        )
    found = _COMPUTED.get(array.dtype)
    if found is None:
        found = _COMPUTED.get(array.dtype.newbyteorder("=")) if array.dtype.kind in "fci" else None
        if found is None and array.dtype.name == "bfloat16":
            found = FLOAT
        if found is None:
            raise TypeError(
                f"{name} has dtype {array.dtype}, which is not supported; convert it to one of {_SUPPORTED}"
            )
        _COMPUTED[array.dtype] = found
    return found


def _common(names: list[str], kinds: list[np.dtype[Any]]) -> np.dtype[Any]:
    """Returns one dtype for all arguments: real and complex mix, integers mix with neither."""
    if INTEGER in kinds:
        odd = next((at for at, kind in enumerate(kinds) if kind != INTEGER), None)
        if odd is not None:
            whole = names[kinds.index(INTEGER)]
            raise TypeError(
                f"{whole} is int64 but {names[odd]} is computed in {kinds[odd]}; integers are computed "
                "exactly and only among themselves: convert one of them"
            )
        return INTEGER
    return COMPLEX if COMPLEX in kinds else FLOAT


def _tensor(
    name: str,
    array: Array,
    spatial: tuple[int, ...],
    what: str,
    last: bool,
) -> tuple[Array, bool]:
    """Returns a view of a tensor as (N, C, *spatial), and whether it was batched."""
    ndim = len(spatial)
    batched = array.ndim == ndim + 2
    if not batched:
        if array.ndim != ndim + 1:
            raise ValueError(
                f"{name} must have {ndim + 2} dimensions (batched) or {ndim + 1} (unbatched) for "
                f"{ndim} spatial ones, got shape {array.shape}"
            )
        array = array[None]
    if last:
        array = array.transpose(0, ndim + 1, *range(1, ndim + 1))
    if array.shape[2:] != spatial:
        raise ValueError(
            f"{name} has spatial size {array.shape[2:]}, but the geometry's {what} is {spatial}"
            + (" (layout is channels_last: channels come last)" if last else "")
        )
    return array, batched


def plain(array: Array) -> Array:
    """Returns a plain array, without the operators of a subclass such as a matrix."""
    return array if type(array) is np.ndarray else np.asarray(array)


def _usable(array: Array, dtype: np.dtype[Any]) -> Array:
    """Returns an array in the dtype and aligned; a field of a packed record may not be aligned."""
    if array.dtype != dtype:
        with np.errstate(all="ignore"):  # a signalling NaN is a NaN
            return array.astype(dtype)
    return array if array.flags.aligned else array.copy()


def prepare(
    x: Array,
    w: Array,
    bias: Array | None,
    grad: Array | None,
    geometry: Geometry,
    layout: str,
    *,
    x_name: str = "x",
    w_name: str = "w",
    bias_name: str = "bias",
) -> Tensors:
    """Checks that the arguments fit each other and returns them converted.

    Raises:
        TypeError: if an argument is not a numpy array, is masked or has an unsupported dtype, if integers are
            mixed with floats, or if the geometry is not a Geometry.
        ValueError: if shapes disagree with each other or with the geometry, or if the layout is unknown.
    """
    if not isinstance(geometry, Geometry):
        raise TypeError(f"geometry must be a reference_impl.Geometry, got {type(geometry).__name__}")
    if layout not in LAYOUTS:
        raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}, got {layout!r}")
    last = layout == "channels_last"
    dtype = computed_in(x_name, x)
    kind = computed_in(w_name, w)
    same = kind == dtype
    if bias is not None:
        same = computed_in(bias_name, bias) == dtype and same
    if grad is not None:
        same = computed_in("grad_y", grad) == dtype and same
    if not same:
        given = [(x_name, x), (w_name, w), (bias_name, bias), ("grad_y", grad)]
        present = [(name, a) for name, a in given if a is not None]
        dtype = _common([name for name, _ in present], [computed_in(name, a) for name, a in present])

    groups = geometry.groups
    w = plain(w)
    x, batched = _tensor(x_name, plain(x), geometry.input_size, "input_size", last)
    if w.ndim != geometry.ndim + 2 or w.shape[2:] != geometry.kernel_size:
        raise ValueError(
            f"{w_name} must have shape (C_in, C_out / groups, *{geometry.kernel_size}) for this geometry, "
            f"got {w.shape}"
        )
    if x.shape[1] != w.shape[0]:
        raise ValueError(
            f"{x_name} has {x.shape[1]} channels but {w_name} has {w.shape[0]} input channels "
            "(its first dimension)"
        )
    if x.shape[1] % groups:
        raise ValueError(f"{x_name} has {x.shape[1]} channels, not a multiple of groups = {groups}")
    channels = w.shape[1] * groups
    if channels >= LIMIT:
        raise ValueError(
            f"{w_name}'s second dimension {w.shape[1]} times groups = {groups} gives {channels} output "
            "channels, which must stay below 2**60"
        )
    if bias is not None and bias.shape != (channels,):
        raise ValueError(
            f"{bias_name} must have shape ({channels},): w's second dimension {w.shape[1]} times "
            f"groups = {groups}, got {bias.shape}"
        )
    if grad is not None:
        grad, also = _tensor("grad_y", plain(grad), geometry.output_size, "output_size", last)
        if also != batched or grad.shape[0] != x.shape[0]:
            raise ValueError(
                f"grad_y and {x_name} must agree in their batch: grad_y has "
                f"{grad.shape[0] if also else 'none'}, {x_name} has {x.shape[0] if batched else 'none'}"
            )
        if grad.shape[1] != channels:
            raise ValueError(
                f"grad_y has {grad.shape[1]} channels, but w and groups = {groups} give {channels} "
                f"(w's second dimension {w.shape[1]} times groups)"
            )
        grad = _usable(grad, dtype)
    x, w = _usable(x, dtype), _usable(w, dtype)
    if bias is not None:
        bias = _usable(plain(bias), dtype)
    return Tensors(x, w, bias, grad, dtype, batched, last)


def restore(array: Array, batched: bool, last: bool) -> Array:
    """Returns (N, C, *spatial) in the caller's layout and batch."""
    if last:
        array = array.transpose(0, *range(2, array.ndim), 1)
    return array if batched else array[0]


def empty(shape: tuple[int, ...], dtype: np.dtype[Any], last: bool) -> Array:
    """Returns an uninitialised (N, C, *spatial) array whose memory has the caller's layout."""
    if not last:
        return np.empty(shape, dtype)
    array = np.empty((shape[0], *shape[2:], shape[1]), dtype)
    return array.transpose(0, array.ndim - 1, *range(1, array.ndim - 1))
