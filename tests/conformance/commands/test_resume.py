"""``run --resume``: what was asked for is read back, and nothing else may be asked for beside it."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest

from conv_transpose_conformance.cli.app import group
from conv_transpose_conformance.commands.resume import asked
from conv_transpose_conformance.commands.run import suite_version
from conv_transpose_conformance.reports.store.journal import Journal
from tests.support.commands import rows, run_data
from tests.support.hosts import start
from tests.support.processes import wait_until
from tests.support.running import NAME

RUN = group.commands["run"]
HELP = {"help_option_names": ["-h", "--help"]}  # which a command keeps from its first context

OPTIONS = [
    [],
    ["--implementation", "torch.*", "--implementation", "paddle.nn.*"],
    ["--requirement", "accept.*"],
    ["--profile", "full", "--seed", "7", "--examples", "3", "--budget", "2.5"],
    ["--no-explain", "--annotations", "--shard", "1/2"],
    ["--env", "torch==2.6.0", "--device", "cuda", "--expected", "known.toml"],
]


@pytest.mark.parametrize("arguments", OPTIONS, ids=lambda found: " ".join(found) or "none")
def test_the_arguments_kept_give_the_same_options_again(arguments):
    with RUN.make_context("run", [*arguments, "--out", "elsewhere", "--format", "json"], **HELP) as context:
        kept = asked(context)["arguments"]
    again = RUN.make_context("run", kept, **HELP).params
    different = {name for name, value in context.params.items() if again[name] != value}
    assert different <= {"out", "style"}
    assert "elsewhere" not in kept


@pytest.fixture
def killed(fake_cache, tmp_path):
    """The folder of a run that was killed when its worker said nothing more; the worker will answer again."""

    def make(*options: str) -> Path:
        silent = fake_cache(torch={"after": [140, "silent"]})["torch"]
        folder = tmp_path / "killed"
        running = start("run", "--out", str(folder), *options, cwd=tmp_path)
        journal = folder / "journal.jsonl"
        assert wait_until(
            lambda: (silent.is_silent() and b'"call"' in journal.read_bytes()) or running.poll() is not None
        )
        assert running.poll() is None, running.communicate()
        running.kill()
        running.communicate()
        (silent.folder / "plan.json").write_text("{}")
        return folder

    return make


@pytest.mark.slow
def test_a_killed_run_goes_on_with_the_options_it_was_begun_with(killed, command, tmp_path):
    options = ("--implementation", NAME, "--shard", "1/8", "--seed", "3", "--no-explain")
    folder = killed(*options)
    done = command("run", "--resume", folder)
    assert done.code in (0, 1), done.err
    resumed = run_data(folder)
    assert (resumed["seed"], resumed["shard"], resumed["interrupted"]) == (3, [1, 8], False)
    command("run", *options, "--out", tmp_path / "whole")
    assert rows(folder) == rows(tmp_path / "whole")
    command("run", "--resume", folder).refused(2, "nothing to resume")


@pytest.fixture
def journal(tmp_path):
    """A folder with the journal of a run that was asked for something."""

    def make(kept) -> Path:
        with Journal(tmp_path, suite_version(), kept):
            pass
        return tmp_path

    return make


@pytest.mark.parametrize(
    "beside", [("--seed", "1"), ("--implementation", "torch.*"), ("--no-explain",), ("--out", "other")]
)
def test_another_option_beside_it_is_refused(journal, command, beside):
    folder = journal({"arguments": []})
    name = "--explain" if beside[0] == "--no-explain" else beside[0]
    done = command("run", "--resume", folder, *beside)
    done.refused(2, name, "cannot be combined with --resume", "start a new run")


def test_other_interpreters_than_before_are_refused(journal, command):
    folder = journal({"arguments": ["--python", "torch=/a/python"]})
    command("run", "--resume", folder).refused(2, "was started with --python torch=/a/python", "the same")
    command("run", "--resume", folder, "--python", "torch=/b/python").refused(2, "torch=/a/python")


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ({}, "does not contain the options of the run"),
        ({"arguments": "--seed 1"}, "does not contain the options of the run"),
        ({"arguments": [1]}, "does not contain the options of the run"),
        ({"arguments": ["--seed", "-1"]}, "unusable options"),
        ({"arguments": ["--sed", "1"]}, "unusable options"),
        ({"arguments": ["--help"]}, "unusable options"),
    ],
)
def test_a_journal_that_asks_for_what_no_run_is_asked_for_is_refused(journal, command, kept, said):
    command("run", "--resume", journal(kept)).refused(2, said)


def test_a_journal_of_another_suite_is_refused(tmp_path, command):
    text = json.dumps(["run", 1, "0.0.0", {"arguments": []}]).encode()
    (tmp_path / "journal.jsonl").write_bytes(b"%08x %s\n" % (zlib.crc32(text), text))
    command("run", "--resume", tmp_path).refused(2, "0.0.0")


def test_a_folder_without_a_journal_is_refused(tmp_path, command):
    command("run", "--resume", tmp_path).refused(2, "contains no unfinished run")
