"""The command line called in this process, and run folders read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from conv_transpose_conformance import cli, load_run

FILES = {"run.json", "records.parquet", "divergences.json", "junit.xml", "index.html"}


@frozen
class Done:
    """What a command left."""

    code: int
    out: str
    err: str

    def refused(self, code: int, *words: str) -> None:
        """One clear line on stderr, nothing else, and this exit code."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert lines[0].startswith("error: ")
        assert len(lines[0]) < 600
        for word in words:
            assert word in lines[0]
        assert self.out == ""
        assert self.code == code


class Command:
    """``conformance ARGUMENTS``; made by the fixture of this name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: object) -> Done:
        self._monkeypatch.setattr("sys.argv", ["conformance", *map(str, arguments)])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            cli.main()
        captured = self._capsys.readouterr()
        code = caught.value.code
        return Done(0 if code is None else int(code), captured.out, captured.err)


def run_data(folder: Path) -> dict[str, Any]:
    """run.json."""
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def divergences(folder: Path) -> list[dict[str, Any]]:
    """divergences.json."""
    return json.loads((folder / "divergences.json").read_text(encoding="utf-8"))


def rows(folder: Path) -> set[tuple[str, ...]]:
    """The records of a run, but for the times that calls took."""
    return {tuple(map(str, row)) for row in load_run(folder).drop(columns="microseconds").itertuples(False)}
