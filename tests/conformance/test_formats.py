"""docs/formats.md holds the numbers, columns, keys and commands that the code has."""

import json
import re

import pytest

from conv_transpose_conformance import expectations
from conv_transpose_conformance.adapters.protocol import PROTOCOL
from conv_transpose_conformance.cases import case
from conv_transpose_conformance.cli.app import group
from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.generation import kept_cases
from conv_transpose_conformance.generation.corpus import core
from conv_transpose_conformance.reports.store import dataset, files, journal, schema
from conv_transpose_conformance.reports.store.folder import RunFolder, read
from conv_transpose_conformance.reports.store.summary import Summary
from tests.support import ROOT, source

PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
NUMBERS = {
    "case id": case.VERSION,
    f"`{files.RUN}`, `{files.DIVERGENCES}`": str(schema.SCHEMA_VERSION),
    f"`{files.RECORDS}`": "that of `run.json`",
    f"`{files.JOURNAL}`": str(journal.FORMAT),
    "corpus": str(core().version),
    f"`{expectations.FILE}`": "none",
    f"`{kept_cases.NAME}`": "that of case ids",
    "worker protocol": str(PROTOCOL),
}


def table(first):
    """The rows of the table whose first heading is ``first``, by their first cell."""
    rows = PAGE.split(f"| {first} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {row[0]: row[1:] for row in cells}


def code(text):
    return re.findall(r"`([^`]+)`", text)


def after(words):
    """The code in the sentence that begins with these words."""
    return code(PAGE.split(words, 1)[1].split(". ", 1)[0])


def test_each_format_has_the_number_of_the_code():
    assert {name: cells[0] for name, cells in table("format").items()} == {
        name: number if " " in number or number == "none" else f"`{number}`"
        for name, number in NUMBERS.items()
    }


def test_the_r_worker_and_the_builder_of_the_corpus_have_the_same_numbers():
    worker = source("adapters/r_torch_worker.R").read_text(encoding="utf-8")
    assert re.search(r"^PROTOCOL <- (\d+)L$", worker, re.MULTILINE)[1] == str(PROTOCOL)
    builder = (ROOT / "tools" / "corpus.py").read_text(encoding="utf-8")
    assert re.search(r"^VERSION = (\d+)$", builder, re.MULTILINE)[1] == str(core().version)


@pytest.mark.parametrize("cells", table("format").values(), ids=table("format"))
def test_where_a_format_is_defined_there_is_a_file(cells):
    assert code(cells[1])
    assert all(source(path).is_file() for path in code(cells[1]))


def test_the_commands_named_are_commands():
    read_by = {word for cells in table("format").values() for word in code(cells[2])}
    versions = {word for row in table("command") for word in code(row)}
    names = {word.split()[0] for word in read_by | versions if not word.startswith("-")} - {"load_run"}
    assert names <= group.commands.keys()


def test_the_columns_are_those_of_the_dataset():
    listed = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)[1].split()
    assert tuple(listed) == dataset.COLUMNS


def test_the_keys_of_an_expectation_are_those_that_are_read():
    assert tuple(after("An entry has the keys ")) == expectations.KEYS


@pytest.mark.parametrize("key", after("always has the keys "))
def test_a_run_without_a_promised_key_is_refused(tmp_path, key):
    folder = RunFolder.create(tmp_path / "run").path
    RunFolder(folder).write(
        {
            "suite": {"name": "s", "version": "1"},
            "started": "2026-01-02T03:04:05+00:00",
            "seconds": 1.0,
            **dict.fromkeys(("profile", "seed", "budget")),
            "interrupted": False,
            "exit_code": 0,
            "host": dict.fromkeys(("python", "numpy", "platform", "cpu", "reference", "cpu_count")),
            "frameworks": {},
        },
        Summary(),
    )
    path = folder / files.RUN
    data = json.loads(path.read_text(encoding="utf-8"))
    assert set(data) == set(after("always has the keys "))
    path.write_text(json.dumps(data | {"unknown": 1}), encoding="utf-8")
    read(folder)
    del data[key]
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(BadRunFolder, match=key):
        read(folder)
