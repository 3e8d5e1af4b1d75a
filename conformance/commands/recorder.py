"""Writes a run's records to the dataset and to all the sums that reports need."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from conv_transpose_conformance.causes.failures import Observed
from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.generation.coverage import Coverage
from conv_transpose_conformance.judging.verdicts import Record, Verdict
from conv_transpose_conformance.reports.store.dataset import RecordWriter
from conv_transpose_conformance.reports.store.summary import Summary
from conv_transpose_conformance.requirements.base.requirement import Requirement
from conv_transpose_conformance.requirements.tally import Tally


class Recorder:
    """Writes the dataset at ``path`` and adds up the reports' numbers; a context manager.

    Attributes:
        summary: counts and smallest failing cases, for run.json.
        observed: each implementation's failures and passes, for causes.
        coverage: the judged values of the parameters.
        tally: the ``requirements`` that records decide.
    """

    def __init__(self, path: Path, requirements: Iterable[Requirement] = ()) -> None:
        self.summary = Summary()
        self.observed = Observed()
        self.coverage = Coverage()
        self.tally = Tally.of(requirements)
        self._path = path
        self._writer: RecordWriter | None = None

    def add(self, records: list[Record]) -> None:
        """Adds the records of one call.

        Raises:
            BadRunFolder: if the dataset cannot be written.
        """
        assert self._writer is not None, "not entered"
        self._writer.write(records)
        self.observed.add(records)
        self.tally.readings.add(records)
        if records[0].verdict is not Verdict.NOT_APPLICABLE:
            self.coverage.add(records[0].case)
        for record in records:
            self.summary.add(record)
            self.tally.add(record)

    def close(self) -> None:
        """Completes the dataset; a second call does nothing.

        Raises:
            BadRunFolder: if it cannot be written.
        """
        if self._writer is not None:
            self._writer.close()

    def __enter__(self) -> Self:
        self._writer = RecordWriter(self._path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Completes the dataset; if this run cannot use the folder, the dataset of an earlier run stays."""
        if self._writer is not None and isinstance(error, BadRunFolder):
            self._writer.discard()
        self.close()
