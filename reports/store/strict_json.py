"""JSON that every reader accepts: no NaN literals, no lone surrogates, plain types only."""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Mapping
from enum import Enum
from typing import Any

from conv_transpose_conformance.text import encodable, plain


def jsonable(value: Any) -> Any:
    """Returns ``value`` as plain data: arrays and tuples as lists, NaN and infinities as strings."""
    if isinstance(value, Enum):
        return jsonable(value.value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, float):
        # float() also removes NumPy's subclass
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, Mapping):
        return {encodable(str(key)): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy's arrays and scalars, without importing NumPy
        return jsonable(value.tolist())
    raise TypeError(f"{type(value).__name__} has no place in a report")


def dumps(data: Any) -> str:
    """Returns ``data`` as indented JSON that ends with a new line."""
    return json.dumps(jsonable(data), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def as_json(run: dict[str, Any], divergences: list[dict[str, Any]]) -> str:
    """Returns one JSON document with the whole result, for ``--format json``."""
    return dumps({"run": run, "divergences": divergences})


def replay_command(case: str, implementation: str) -> str:
    """Returns the shell command that replays a case."""
    return (
        f"conformance replay {shlex.quote(plain(case))} --implementation {shlex.quote(plain(implementation))}"
    )
