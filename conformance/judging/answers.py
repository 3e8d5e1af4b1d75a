"""Checks the answers of workers and converts them to plain values before they are used."""

from __future__ import annotations

from enum import StrEnum
from math import prod
from typing import Any

from attrs import field, frozen
from numpy.typing import NDArray

from conv_transpose_conformance.adapters.protocol import DTYPES, MAX_PAYLOAD, Arrays, ProtocolError
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES
from conv_transpose_conformance.judging.observation import Observation


class Outcome(StrEnum):
    """How a call ended."""

    OK = "ok"
    RAISED = "raised"
    UNSUPPORTED = "unsupported"
    CRASH = "crash"
    HANG = "hang"
    INVALID = "invalid"  # the worker's answer contradicts itself
    MISMATCH = "misfit"  # a probe's answer has results of the wrong kind


@frozen(kw_only=True)
class Answer:
    """The checked answer to one call of one implementation."""

    implementation: str
    outcome: Outcome
    stage: str = ""
    fault: str = ""  # how its worker failed, in one or two words: "SIGSEGV", "hang"
    message: str = ""
    parameters: dict[str, tuple[tuple[int, ...], str]] = field(factory=dict)
    shape: tuple[int, ...] | None = None
    dtype: str | None = None
    microseconds: float | None = None
    busy: float | None = None  # microseconds that its worker spent on it in total
    arrays: dict[str, NDArray[Any]] = field(factory=dict)
    facts: dict[str, Any] = field(factory=dict)  # of a probe
    observed: Observation | None = None  # of an accepted call whose geometry no document gives

    @property
    def tainted(self) -> bool:
        """Whether the worker that gave the answer can no longer be trusted."""
        negative = self.shape is not None and min(self.shape, default=0) < 0
        return self.outcome is Outcome.INVALID or (self.outcome is Outcome.OK and negative)


ARRAY_NAMES = frozenset({"values", "grad_input", "grad_weight", "grad_bias"})
PROBE_ARRAYS = frozenset({"x", "w", "b", "weight", "bias", "second_x", "second_w", "second_g"})
STAGES = frozenset({"", "construct", "forward", "infer", "output", "backward"})


def read_answer(header: dict[str, Any], arrays: Arrays, *, probe: bool = False) -> Answer:
    """Returns the answer in a frame, to a call or to a ``probe``.

    An answer that contradicts itself becomes ``Outcome.INVALID`` with the reason.

    Raises:
        ProtocolError: if the frame is no answer.
    """
    if header.get("type") != "answer" or not isinstance(header.get("implementation"), str):
        raise ProtocolError(f"a frame of type {header.get('type')!r} where an answer was due")
    implementation: str = header["implementation"]
    try:
        return Answer(
            implementation=implementation,
            outcome=_outcome(header.get("status")),
            stage=_one_of(header.get("stage"), STAGES, "stage"),
            message=_text(header.get("message")),
            parameters=_parameters(header.get("parameters")),
            shape=None if header.get("shape") is None else _shape(header["shape"]),
            dtype=None if header.get("dtype") is None else _text(header["dtype"]),
            microseconds=_duration(header.get("microseconds")),
            busy=None if header.get("busy") is None else _duration(header["busy"]),
            arrays=_arrays(header, arrays, ARRAY_NAMES | PROBE_ARRAYS if probe else ARRAY_NAMES),
            facts=_facts(header.get("facts", {})),
        )
    except _Contradiction as error:
        return Answer(
            implementation=implementation,
            outcome=Outcome.INVALID,
            message=f"the worker's answer is invalid: {error}",
        )


class _Contradiction(Exception):
    pass


def _outcome(status: Any) -> Outcome:
    if status not in ("ok", "raised", "unsupported"):
        raise _Contradiction(f"unknown status {status!r}")
    return Outcome(status)


def _one_of(value: Any, allowed: frozenset[str], what: str) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise _Contradiction(f"unknown {what} {value!r}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _Contradiction(f"expected text, got {value!r}")
    return value[:2000]


def _shape(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > 8 or not all(type(item) is int for item in value):
        raise _Contradiction(f"expected a shape, got {value!r}")
    return tuple(value)


def _duration(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e15:
        raise _Contradiction(f"expected a duration, got {value!r}")
    return float(value)


def _parameters(value: Any) -> dict[str, tuple[tuple[int, ...], str]]:
    if not isinstance(value, dict) or len(value) > 16:
        raise _Contradiction(f"expected parameters, got {value!r}")
    read = {}
    for name, entry in value.items():
        if not isinstance(entry, list) or len(entry) != 2:
            raise _Contradiction(f"expected shape and dtype of parameter {name!r}, got {entry!r}")
        read[name] = (_shape(entry[0]), _text(entry[1]))
    return read


def _facts(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > 16 or len(repr(value)) > 100_000:
        raise _Contradiction(f"expected facts, got {type(value).__name__}")
    for name, entries in value.items():
        if not isinstance(entries, list) or not all(map(_is_argument, entries)):
            raise _Contradiction(f"expected arguments of {name!r}, got {entries!r:.200}")
    return value


def _is_argument(entry: Any) -> bool:
    """Returns whether an entry is a name and its default or None, with any further items."""
    return (
        isinstance(entry, list)
        and len(entry) > 1
        and isinstance(entry[0], str)
        and (entry[1] is None or isinstance(entry[1], str))
    )


def _arrays(header: dict[str, Any], arrays: Arrays, names: frozenset[str]) -> dict[str, NDArray[Any]]:
    read = {}
    for name, (dtype, array) in arrays.items():
        if name not in names:
            raise _Contradiction(f"unexpected array {name!r}")
        if dtype == "bfloat16":
            array = array.view(NUMPY_DTYPES["bfloat16"])
        read[name] = array
    values = read.get("values")
    if values is not None and (
        list(values.shape) != header.get("shape") or arrays["values"][0] != header.get("dtype")
    ):
        raise _Contradiction(
            f"values of shape {list(values.shape)} and dtype {arrays['values'][0]}, but a stated output of "
            f"shape {header.get('shape')} and dtype {header.get('dtype')}"
        )
    if (
        values is None
        and header.get("status") == "ok"
        and _readable(header.get("shape"), header.get("dtype"))
    ):
        raise _Contradiction(
            f"no values for an output of shape {header['shape']} and dtype {header['dtype']}"
        )
    if header.get("status") == "unsupported" and read:
        raise _Contradiction("arrays in an answer with the status 'unsupported'")
    return read


def _readable(shape: Any, dtype: Any) -> bool:
    """Returns whether workers send the values of such an output: a frame can hold its size and dtype."""
    if shape is None or dtype not in DTYPES or min(shape, default=0) < 0:
        return False
    return bool(4 * prod(shape) * DTYPES[dtype].itemsize <= MAX_PAYLOAD)
