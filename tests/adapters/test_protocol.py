"""Frames: whatever goes in comes out, and what is no frame is refused before memory is asked for."""

from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from conv_transpose_conformance.adapters.protocol import (
    DTYPES,
    MAX_HEADER,
    MAX_NDIM,
    MAX_PAYLOAD,
    Decoder,
    ProtocolError,
    encode,
)

texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=10)
headers = st.dictionaries(
    texts.filter(lambda key: key != "arrays"),
    st.none() | st.booleans() | st.integers(-(2**63), 2**64) | texts | st.lists(st.integers(), max_size=3),
    max_size=4,
)


@st.composite
def arrays(draw):
    found = {}
    for name in draw(st.lists(texts, max_size=4, unique=True)):
        dtype = draw(st.sampled_from(sorted(DTYPES)))
        shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
        found[name] = (dtype, draw(hnp.arrays(DTYPES[dtype], shape)))
    return found


def frame(header: object, payload: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + payload


def decode(data: bytes):
    decoder = Decoder()
    decoder.feed(data)
    return decoder.next()


def same(one, other) -> bool:
    return one.keys() == other.keys() and all(
        one[name][0] == other[name][0]
        and one[name][1].shape == other[name][1].shape
        and one[name][1].tobytes() == other[name][1].tobytes()
        for name in one
    )


@given(headers, arrays())
def test_round_trip(header, listed):
    decoder = Decoder()
    decoder.feed(encode(header, listed))
    read = decoder.next()
    assert read is not None
    assert read[0] == header
    assert same(read[1], listed)
    assert not decoder.pending
    assert decoder.next() is None


@given(st.lists(st.tuples(headers, arrays()), min_size=1, max_size=3), st.data())
def test_bytes_may_come_in_any_pieces(frames, data):
    stream = b"".join(encode(*one) for one in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    decoder, read = Decoder(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        decoder.feed(stream[start:end])
        while (found := decoder.next()) is not None:
            read.append(found)
    assert [header for header, _ in read] == [header for header, _ in frames]
    assert all(same(one, other) for (_, one), (_, other) in zip(read, frames, strict=True))


def test_byte_by_byte():
    listed = {"x": ("float32", np.arange(6, dtype=np.float32).reshape(2, 3))}
    stream = encode({"id": 1}, listed) + encode({"id": 2}, {})
    decoder, ends = Decoder(), []
    for position in range(len(stream)):
        decoder.feed(stream[position : position + 1])
        found = decoder.next()
        if found is not None:
            ends.append((position + 1, found[0]["id"]))
            assert not decoder.pending
        else:
            assert decoder.pending
    first = len(encode({"id": 1}, listed))
    assert ends == [(first, 1), (len(stream), 2)]


def test_strided_and_big_endian_arrays_travel_as_what_they_mean():
    array = np.arange(24.0).reshape(4, 6)[::2, ::-3].astype(">f4")
    _, read = decode(encode({}, {"x": ("float32", array)}))
    assert np.array_equal(read["x"][1], array)


def test_special_values_keep_their_bits():
    bits = np.array([0x7FC12345, 0xFF800000, 0x80000000, 0x00000001], np.uint32).view(np.float32)
    _, read = decode(encode({}, {"x": ("float32", bits)}))
    assert read["x"][1].tobytes() == bits.tobytes()


MALFORMED = {
    "no JSON": frame(b"not json at all"),
    "no UTF-8": frame(b'{"arrays": [], "t": "\xff"}'),
    "a list": frame([]),
    "a number": frame(b"17"),
    "deep": frame(b"[" * 100_000),
    "no arrays": frame({"type": "answer"}),
    "arrays no list": frame({"arrays": {}}),
    "an entry no list": frame({"arrays": ["x"]}),
    "an entry too short": frame({"arrays": [["x", "float32"]]}),
    "an entry too long": frame({"arrays": [["x", "float32", [1], 0]]}),
    "a name no text": frame({"arrays": [[1, "float32", [1]]]}),
    "a name twice": frame({"arrays": [["x", "float32", [1]], ["x", "float32", [1]]]}),
    "an unknown dtype": frame({"arrays": [["x", "object", [1]]]}),
    "a dtype no text": frame({"arrays": [["x", ["float32"], [1]]]}),
    "a shape no list": frame({"arrays": [["x", "float32", 4]]}),
    "a negative dimension": frame({"arrays": [["x", "float32", [-1]]]}),
    "two negative dimensions": frame({"arrays": [["x", "float32", [-2, -2]]]}),
    "a fractional dimension": frame({"arrays": [["x", "float32", [1.0]]]}),
    "a boolean dimension": frame({"arrays": [["x", "float32", [True]]]}),
    "too many dimensions": frame({"arrays": [["x", "float32", [1] * (MAX_NDIM + 1)]]}),
    "a huge array": frame({"arrays": [["x", "float32", [MAX_PAYLOAD // 4 + 1]]]}),
    "huge together": frame({"arrays": [[f"x{n}", "float32", [MAX_PAYLOAD // 12]] for n in range(4)]}),
    "huge before zero": frame({"arrays": [["x", "float32", [2**62, 2**62, 0]], ["y", "float32", [2**40]]]}),
    "an empty header": frame(b""),
    "a header of one byte": frame(b"1"),
    "a header beyond the limit": (MAX_HEADER + 1).to_bytes(8, "little"),
    "the longest length": b"\xff" * 8,
    "text in place of a length": b"Segmentation fault (core dumped)\n",
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_what_is_no_frame_is_refused_at_once(kind):
    with pytest.raises(ProtocolError):
        decode(MALFORMED[kind])


def test_no_memory_is_asked_for_on_a_liars_word():
    tracemalloc.start()
    try:
        for data in MALFORMED.values():
            with pytest.raises(ProtocolError):
                decode(data)
        decoder = Decoder()  # a legal announcement: the memory comes with the bytes
        decoder.feed(frame({"arrays": [["x", "float32", [MAX_PAYLOAD // 4]]]}))
        assert decoder.next() is None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 << 20


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_waited_for_or_refused(data):
    try:
        decode(data)
    except ProtocolError as error:
        assert str(error)  # noqa: PT017


@given(headers, arrays(), st.data())
def test_a_changed_byte_never_raises_anything_else(header, listed, data):
    stream = bytearray(encode(header, listed))
    at = data.draw(st.integers(0, len(stream) - 1))
    stream[at] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(stream))
    except ProtocolError as error:
        assert str(error)  # noqa: PT017
