"""Frames between host and worker.

A frame consists of the length of its header (8 bytes, little-endian), the header (UTF-8 JSON, an object), and
the arrays that the header lists under ``"arrays"`` as ``[name, dtype, shape]``, one after another,
little-endian and in C order.  bfloat16, which NumPy does not have, travels as its 16 bits.

Nothing is unpickled, and every length is checked against a limit before memory is allocated.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

PROTOCOL = 1
MAX_HEADER = 1 << 24
MAX_PAYLOAD = 1 << 30
MAX_NDIM = 8

# name on the wire -> NumPy dtype
DTYPES: dict[str, np.dtype[Any]] = {
    "float16": np.dtype("<f2"),
    "bfloat16": np.dtype("<u2"),
    "float32": np.dtype("<f4"),
    "float64": np.dtype("<f8"),
    "complex64": np.dtype("<c8"),
    "complex128": np.dtype("<c16"),
    "int32": np.dtype("<i4"),
    "int64": np.dtype("<i8"),
    "bool": np.dtype("?"),
}

Arrays = dict[str, tuple[str, "np.ndarray[Any, Any]"]]  # name -> (dtype on the wire, array)


class ProtocolError(Exception):
    """The other side sent bytes that are no frame; it cannot be trusted any longer."""


def encode(header: dict[str, Any], arrays: Arrays) -> bytes:
    """Returns one frame as bytes.  ``header`` must not have the key ``"arrays"``."""
    listed: list[list[Any]] = []
    chunks: list[bytes] = []
    for name, (dtype, array) in arrays.items():
        listed.append([name, dtype, list(array.shape)])
        chunks.append(np.ascontiguousarray(array, dtype=DTYPES[dtype]).tobytes())
    text = json.dumps({**header, "arrays": listed}, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)  # so that the next array is aligned
    return b"".join([len(text).to_bytes(8, "little"), text, *chunks])


class Decoder:
    """Cuts a stream of bytes into frames.

    ``feed`` takes bytes as they arrive; ``next`` returns the next complete frame, or None.  The arrays of a
    frame are read-only views of the fed bytes; they are copied only if they span two feeds or are unaligned.
    """

    def __init__(self) -> None:
        self._data: bytes | bytearray = b""
        self._at = 0  # how much of _data has been consumed
        self._growing = False  # whether _data is a bytearray without views
        self._header: dict[str, Any] = {}
        self._sizes: list[tuple[str, str, tuple[int, ...], int]] = []
        self._needed = 8
        self._state = "length"

    def feed(self, data: bytes) -> None:
        """Appends bytes."""
        if self._at == len(self._data):
            self._data, self._at, self._growing = data, 0, False
        elif self._growing:
            self._data += data
        else:
            self._data = bytearray(memoryview(self._data)[self._at :]) + data
            self._at, self._growing = 0, True

    def next(self) -> tuple[dict[str, Any], Arrays] | None:
        """Returns the next frame, None if it is not complete yet.

        Raises:
            ProtocolError: if the bytes are no frame.
        """
        while len(self._data) - self._at >= self._needed:
            start = self._at
            self._at += self._needed
            if self._state == "length":
                self._needed = int.from_bytes(self._data[start : self._at], "little")
                if not 2 <= self._needed <= MAX_HEADER:
                    raise ProtocolError(f"a header of {self._needed} bytes; the limit is {MAX_HEADER}")
                self._state = "header"
            elif self._state == "header":
                self._header, self._sizes = _read_header(bytes(self._data[start : self._at]))
                self._needed = sum(size for _, _, _, size in self._sizes)
                self._state = "payload"
            else:
                self._growing = False  # arrays view it from here on, and a viewed bytearray cannot grow
                self._state, self._needed = "length", 8
                return self._header, self._views(start)
        return None

    def _views(self, start: int) -> Arrays:
        arrays: Arrays = {}
        for name, dtype, shape, size in self._sizes:
            kind = DTYPES[dtype]
            count = size // kind.itemsize
            flat = np.frombuffer(self._data, kind, count, start) if count else np.empty(0, kind)
            flat = flat if flat.flags.aligned else flat.copy()
            flat.flags.writeable = False
            arrays[name] = (dtype, flat.reshape(shape))
            start += size
        return arrays

    @property
    def pending(self) -> bool:
        """Whether a frame is incomplete."""
        return self._at < len(self._data) or self._state != "length"


def _read_header(text: bytes) -> tuple[dict[str, Any], list[tuple[str, str, tuple[int, ...], int]]]:
    try:
        header = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a header that is not JSON: {error}") from None
    if not isinstance(header, dict) or not isinstance(header.get("arrays"), list):
        raise ProtocolError("a header that is not an object with a list of arrays")
    sizes: list[tuple[str, str, tuple[int, ...], int]] = []
    total = 0
    for entry in header.pop("arrays"):
        if not isinstance(entry, list) or len(entry) != 3:
            raise ProtocolError(f"an array described by {entry!r} rather than [name, dtype, shape]")
        name, dtype, shape = entry
        if not isinstance(name, str) or name in {other for other, _, _, _ in sizes}:
            raise ProtocolError(f"an array without a unique name: {name!r}")
        if not isinstance(dtype, str) or dtype not in DTYPES:
            raise ProtocolError(f"array {name!r} of unknown dtype {dtype!r}")
        if not isinstance(shape, list) or len(shape) > MAX_NDIM:
            raise ProtocolError(f"array {name!r} of shape {shape!r}")
        size = DTYPES[dtype].itemsize
        for dimension in shape:
            if type(dimension) is not int or dimension < 0:
                raise ProtocolError(f"array {name!r} of shape {shape!r}")
            size *= dimension
        total += size
        if total > MAX_PAYLOAD:
            raise ProtocolError(f"arrays of more than {MAX_PAYLOAD} bytes")
        sizes.append((name, dtype, tuple(shape), size))
    return header, sizes
