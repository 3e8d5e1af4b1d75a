"""Reads and writes records.parquet: one row per case, implementation and check."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

# pyarrow ships no type information
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.judging.verdicts import Record
from conv_transpose_conformance.reports.store.files import RECORDS, RUN, partial, reason
from conv_transpose_conformance.reports.store.schema import read_run
from conv_transpose_conformance.text import encodable

if TYPE_CHECKING:
    import pandas as pd

ROW_GROUP: Final = 20_000

_WORD: Final = pa.dictionary(pa.int32(), pa.string())
_DIMENSIONS: Final = (0, 1)


def _field(name: str, kind: pa.DataType, *, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable)


def _per_dimension(*names: str) -> list[pa.Field]:
    return [_field(f"{name}_{d}", pa.int64(), nullable=True) for name in names for d in _DIMENSIONS]


_RECORD_FIELDS: Final = [
    _field("implementation", _WORD),
    _field("framework", _WORD),
    _field("framework_version", _WORD),
    _field("check", _WORD),
    _field("verdict", _WORD),
    _field("level", _WORD),
    _field("met", _WORD),
    _field("error", pa.float64(), nullable=True),
    _field("escape", pa.float64(), nullable=True),
    _field("microseconds", pa.float64(), nullable=True),
    _field("message", _WORD),
    *_per_dimension("observed_crop", "observed_size"),
]
_CASE_FIELDS: Final = [
    _field("case", _WORD),
    _field("ndim", pa.int64()),
    _field("batch", pa.int64(), nullable=True),
    _field("in_channels", pa.int64()),
    _field("out_channels", pa.int64()),
    *_per_dimension("input_size", "kernel_size", "stride", "padding_before", "padding_after"),
    _field("padding_mode", _WORD),
    *_per_dimension("output_padding", "output_size", "dilation"),
    _field("groups", pa.int64()),
    _field("bias", pa.bool_()),
    _field("dtype", _WORD),
    _field("layout", _WORD),
    _field("spelling", _WORD),
    _field("recipe", _WORD),
    _field("seed", pa.uint64()),
]
_NEWER: Final = frozenset(f"observed_{name}_{d}" for name in ("crop", "size") for d in _DIMENSIONS)
COLUMNS: Final = tuple(field.name for field in (*_RECORD_FIELDS, *_CASE_FIELDS))


def _pandas_dtype(field: pa.Field) -> dict[str, Any]:
    kind = str(field.type)
    numpy_type = "Int64" if kind == "int64" and field.nullable else {"double": "float64"}.get(kind, kind)
    return {
        "name": field.name,
        "field_name": field.name,
        "pandas_type": "unicode" if field.type == _WORD else numpy_type.lower(),
        "numpy_type": "object" if field.type == _WORD else numpy_type,
        "metadata": None,
    }


def _schema() -> pa.Schema:
    """Returns the columns, with metadata that makes ``pandas.read_parquet`` use nullable integers."""
    fields = [*_RECORD_FIELDS, *_CASE_FIELDS]
    note = {
        "index_columns": [],
        "column_indexes": [],
        "columns": [_pandas_dtype(field) for field in fields],
        "pandas_version": "2.2.0",
    }
    return pa.schema(fields, metadata={"pandas": json.dumps(note)})


SCHEMA: Final = _schema()


def _pair(values: tuple[int, ...] | None) -> tuple[int | None, int | None]:
    if values is None:
        return (None, None)
    return (values[0], values[1] if len(values) > 1 else None)


def _parameters(case: Case) -> tuple[Any, ...]:
    """Returns the values of ``_CASE_FIELDS`` in their order."""
    explicit = not isinstance(case.padding, str)
    before = tuple(pair[0] for pair in case.padding) if not isinstance(case.padding, str) else None
    after = tuple(pair[1] for pair in case.padding) if not isinstance(case.padding, str) else None
    return (
        case.id,
        case.ndim,
        case.batch,
        case.in_channels,
        case.out_channels,
        *_pair(case.input_size),
        *_pair(case.kernel_size),
        *_pair(case.stride),
        *_pair(before),
        *_pair(after),
        "explicit" if explicit else case.padding,
        *_pair(case.output_padding),
        *_pair(case.output_size),
        *_pair(case.dilation),
        case.groups,
        case.bias,
        case.dtype,
        case.layout,
        case.spelling,
        case.recipe.kind,
        case.recipe.seed,
    )


class RecordWriter:
    """Writes records to a Parquet file that gets its name only when it is complete.

    Until :meth:`close` the rows are in a temporary file beside it, so that a run that fails does not change
    the file of an earlier run.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Creates the file.

        Raises:
            BadRunFolder: if it cannot be written.
        """
        self.path = Path(path)
        self._partial = partial(self.path)
        self._rows: list[tuple[Any, ...]] = []
        # row numbers of the buffered cases by identity; _cases keeps the cases alive
        self._numbers: dict[int, int] = {}
        self._cases: list[Case] = []
        self._closed = False
        try:
            self._writer = pq.ParquetWriter(self._partial, SCHEMA, compression="zstd")
        except OSError as error:
            raise BadRunFolder(f"cannot write {self.path}: {reason(error)}") from None

    def write(self, records: Iterable[Record]) -> None:
        """Adds records."""
        rows, numbers, cases = self._rows, self._numbers, self._cases
        for record in records:
            case = record.case
            number = numbers.get(id(case))
            if number is None:
                number = numbers[id(case)] = len(cases)
                cases.append(case)
            rows.append(
                (
                    record.implementation,
                    record.framework,
                    record.framework_version,
                    record.check.value,
                    record.verdict.value,
                    record.level,
                    record.met,
                    record.error,
                    record.escape,
                    record.microseconds,
                    record.message,
                    *_pair(None if record.observed is None else record.observed.crop_before),
                    *_pair(None if record.observed is None else record.observed.output_size),
                    number,
                )
            )
            if len(rows) >= ROW_GROUP:
                self._flush()

    def _flush(self) -> None:
        if not self._rows:
            return
        *columns, numbers = zip(*self._rows, strict=True)
        parameters = zip(*map(_parameters, self._cases), strict=True)
        of_case = pa.array(numbers, pa.int32())
        arrays = [_array(values, field) for values, field in zip(columns, _RECORD_FIELDS, strict=True)]
        arrays += [
            _array(values, field).take(of_case)
            for values, field in zip(parameters, _CASE_FIELDS, strict=True)
        ]
        try:
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA))
        except OSError as error:
            raise BadRunFolder(f"cannot write {self.path}: {reason(error)}") from None
        self._rows.clear()
        self._numbers.clear()
        self._cases.clear()

    def close(self) -> None:
        """Writes the buffer and gives the file its name; a second call does nothing."""
        if self._closed:
            return
        self._flush()
        self._closed = True
        try:
            self._writer.close()
            os.replace(self._partial, self.path)
        except OSError as error:
            raise BadRunFolder(f"cannot write {self.path}: {reason(error)}") from None

    def discard(self) -> None:
        """Deletes the temporary file; the file of an earlier run stays unchanged."""
        if not self._closed:
            self._closed = True
            self._writer.close()
            self._partial.unlink(missing_ok=True)

    def __enter__(self) -> RecordWriter:
        """Returns the writer."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file, also after an error, to keep the records so far."""
        self.close()


def _array(values: tuple[Any, ...], field: pa.Field) -> pa.Array:
    if field.type != _WORD:
        return pa.array(values, field.type)
    try:
        words = pa.array(values, pa.string())
    except UnicodeEncodeError:  # a message with undecodable bytes
        words = pa.array([encodable(value) for value in values], pa.string())
    return words.dictionary_encode()


def load_run(directory: str | os.PathLike[str]) -> pd.DataFrame:
    """Returns the records of a run as a DataFrame, with the content of run.json in ``.attrs["run"]``.

    Raises:
        BadRunFolder: if the folder or one of the two files is missing or cannot be read.
    """
    folder = Path(directory)
    run = read_run(folder / RUN)
    path = folder / RECORDS
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadRunFolder(f"{path}: {reason(error)}") from None
    try:
        return _frame(path, content, run)
    except (pa.ArrowException, OSError, KeyError, ValueError):
        raise BadRunFolder(f"{path}: not a Parquet file, or damaged") from None


def _frame(path: Path, content: bytes, run: dict[str, Any]) -> pd.DataFrame:
    table = pq.read_table(pa.BufferReader(content))
    for name in _NEWER.difference(table.column_names):  # the suite wrote the file before it had them
        table = table.append_column(SCHEMA.field(name), pa.nulls(len(table), pa.int64()))
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise BadRunFolder(f"{path}: lacks the column(s) {', '.join(missing)}")
    wrong = [field.name for field in SCHEMA if table.schema.field(field.name).type != field.type]
    if wrong:
        name = wrong[0]
        raise BadRunFolder(
            f"{path}: column {name} is of type {table.schema.field(name).type}, not {SCHEMA.field(name).type}"
        )
    frame: pd.DataFrame = table.select(list(COLUMNS)).to_pandas()
    frame.attrs["run"] = run
    return frame
