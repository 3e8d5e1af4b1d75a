"""A document that has drifted is named on every page, and nothing is said of others."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.reports.pages.drift import drift_line
from conv_transpose_conformance.reports.pages.html import html
from conv_transpose_conformance.reports.pages.markdown import markdown
from conv_transpose_conformance.reports.pages.terminal import print_summary
from conv_transpose_conformance.reports.store.schema import read_run
from conv_transpose_conformance.reports.store.strict_json import dumps

ENTRY = {
    "implementation": "torch.nn.ConvTranspose1d",
    "framework": "torch",
    "version": "2.14.0",
    "recorded": "2.13.0",
    "new": 2,
    "gone": 1,
    "sentences": ["output_padding must be <small>.", "It is refused."],
}
SAID = (
    "the docstring of torch.nn.ConvTranspose1d in torch 2.14.0 differs from the one that its statements were "
    "written for (2.13.0): 2 sentences new, 1 gone"
)


@pytest.fixture
def drifting(requiring):
    run, divergences = requiring
    return {**run, "document_drift": [ENTRY]}, divergences


def terminal(run, divergences):
    console = Console(file=io.StringIO(), width=1000)
    print_summary(console, run, divergences, "out")
    return console.file.getvalue()


def test_a_run_says_it_in_one_line(drifting):
    run, divergences = drifting
    assert f"Document drift: {SAID}.\n" in terminal(run, divergences)
    assert "Document drift: the docstring of torch" in markdown(run, divergences)


def test_several_are_one_line_too(drifting):
    run, _ = drifting
    other = {**ENTRY, "implementation": "torch.nn.ConvTranspose2d", "new": 1}
    line = drift_line({**run, "document_drift": [other, ENTRY, ENTRY]})
    assert "1 sentence new, 1 gone; and 2 more, all in the report." in line


def test_the_report_quotes_the_new_sentences_as_text(drifting):
    page = html(*drifting)
    assert f"T{SAID[1:]}." in page
    assert "<li>output_padding must be &lt;small&gt;.</li>" in page


def test_without_drift_nothing_is_said(requiring):
    run, divergences = requiring
    for one in (run, {**run, "document_drift": []}):
        assert drift_line(one) == ""
        pages = (html(one, divergences), markdown(one, divergences), terminal(one, divergences))
        assert not any("drift" in page for page in pages)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"new": -1}, "document_drift[0].new"),
        ({"sentences": [1]}, "document_drift[0].sentences[0]"),
        ({"version": None}, "document_drift[0].version"),
    ],
)
def test_a_run_json_with_a_wrong_entry_names_the_key(drifting, tmp_path, change, said):
    run, _ = drifting
    path = tmp_path / "run.json"
    path.write_text(dumps({**run, "document_drift": [{**ENTRY, **change}]}))
    with pytest.raises(BadRunFolder, match="document_drift") as refusal:
        read_run(path)
    assert said in str(refusal.value)
    path.write_text(dumps(run))
    assert read_run(path)["document_drift"] == [ENTRY]
