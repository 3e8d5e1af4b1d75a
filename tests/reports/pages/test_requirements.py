"""Requirements on every page: by document, with the sentence beside what happened."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET

import pytest
from rich.console import Console

from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.reports.pages.annotations import workflow_commands
from conv_transpose_conformance.reports.pages.html import html
from conv_transpose_conformance.reports.pages.junit import junit
from conv_transpose_conformance.reports.pages.markdown import markdown
from conv_transpose_conformance.reports.pages.requirements import documents, sentence
from conv_transpose_conformance.reports.pages.terminal import print_summary
from conv_transpose_conformance.reports.pages.words import headline
from conv_transpose_conformance.reports.store.schema import read_run
from conv_transpose_conformance.reports.store.strict_json import dumps


def test_a_document_shows_only_the_implementations_it_speaks_of(requiring):
    run, _ = requiring
    page, suite = documents(run)
    assert page.columns == ["torch.nn.ConvTranspose1d"]
    assert suite.columns == ["torch.nn.ConvTranspose1d", "torch.nn.functional.conv_transpose1d"]
    assert [f.requirement["id"] for f in page.failing] == ["T1.shape"]
    assert [f.known for f in suite.failing] == ["", "an old friend"]
    assert suite.failing[0].share == "3 of 8 trials"


def test_what_an_api_cannot_express_is_not_counted(requiring):
    run, _ = requiring
    results = [{**r, "counts": {**r["counts"], "not-applicable": 80}} for r in run["requirements"]["results"]]
    counted = documents({**run, "requirements": {**run["requirements"], "results": results}})
    before, after = (
        [(cell and cell.tried) for page in pages for row in page.rows for cell in row.cells]
        for pages in (documents(run), counted)
    )
    assert after == before
    assert counted[1].failing[0].share == "3 of 8 trials"


def test_a_document_of_what_took_no_part_says_so(requiring):
    run, divergences = requiring
    results = [r for r in run["requirements"]["results"] if not r["requirement"].startswith("T1.")]
    run = {**run, "requirements": {**run["requirements"], "results": results}}
    assert documents(run)[0].columns == []
    assert "No implementation that it applies to was examined." in html(run, divergences)


def test_the_sentence_and_the_headline_count_them(requiring):
    run, divergences = requiring
    assert ": 5 verdicts, 3 failing (1 repeats divergences of cases, 1 is expected)." in sentence(run)
    assert headline(run, divergences) == "2 findings in 2 of 2 implementations, 1 of which fails the run"


def test_a_run_of_requirements_alone_has_a_headline(requiring):
    run, divergences = requiring
    run = {**run, "implementations": {}}
    assert headline(run, []) == "2 findings in 2 of 2 implementations, 1 of which fails the run"
    results = [r for r in run["requirements"]["results"] if r["verdict"] == "unsupported"]
    alone = {**run, "requirements": {**run["requirements"], "results": results}}
    assert headline(alone, []) == "Nothing was judged"
    assert "only requirements were examined" in html(run, divergences)


def test_the_page_has_the_sentence_beside_what_happened(requiring):
    page = html(*requiring)
    at = page.index('class="failing-claim"')
    claim = page[at : page.index("</article>", at)]
    assert "The document states" in claim
    assert "It is the adjoint of Conv1d." in claim
    assert "shapes of its cases differ" in claim
    assert "conformance run --requirement T1.shape --implementation torch.nn.ConvTranspose1d" in claim
    assert page.count('class="failing-claim"') == 3


def test_every_link_of_the_matrix_leads_to_its_account(requiring):
    page = html(*requiring)
    for document in documents(requiring[0]):
        for row in document.rows:
            for cell in row.cells:
                if cell is not None and cell.link:
                    assert f'href="#{cell.link}"' in page
                    assert f'id="{cell.link}"' in page


def test_junit_has_a_test_for_each_requirement_and_implementation(requiring):
    tests = {
        (t.get("classname"), t.get("name")): t for t in ET.fromstring(junit(*requiring)).iter("testcase")
    }
    module, function = "torch.nn.ConvTranspose1d", "torch.nn.functional.conv_transpose1d"
    assert list(tests[module, "T1.adjoint"]) == []
    assert (function, "T1.adjoint") not in tests
    assert tests[module, "T1.tf32"].find("skipped") is not None
    assert tests[module, "T1.shape"].find("skipped") is not None
    failure = tests[module, "relation.linear"].find("failure")
    assert failure is not None
    assert "f(2x) is not 2 f(x)" in (failure.text or "")
    assert "as expected" in tests[function, "relation.linear"].find("skipped").get("message")


def test_markdown_and_annotations_name_what_does_not_hold(requiring):
    text = markdown(*requiring)
    assert "found: f\\(2x) is not 2 f\\(x)" in text or "found: f(2x) is not 2 f(x)" in text
    lines = workflow_commands(*requiring)
    assert [line.split(" ")[0] for line in lines] == ["::error", "::notice"]


def test_the_terminal_names_them_with_the_line_that_examines_them_again(requiring, tmp_path):
    stream = io.StringIO()
    print_summary(Console(file=stream, width=200), *requiring, tmp_path)
    text = stream.getvalue()
    assert "found f(2x) is not 2 f(x)" in text
    assert "conformance run --requirement relation.linear" in text


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda r: r["catalogue"][0].pop("statement"), "statement"),
        (lambda r: r["results"][0].update(requirement="T9.x"), "requirement"),
        (lambda r: r["results"][0].update(verdict="splendid"), "verdict"),
        (lambda r: r["results"][0].update(counts={"pass": -1}), "counts"),
        (lambda r: r["results"][0].update(case="v9"), "case"),
        (lambda r: r["results"][0].update(severity="grave"), "severity must be one of values"),
        (lambda r: r["results"][0].update(attribution="nobody"), "attribution must be one of"),
        (lambda r: r["results"][0].update(repeats=[None]), "repeats"),
        (lambda r: r["catalogue"][0].update(official="yes"), "official"),
        (lambda r: r["catalogue"][0].update(contradicts="T1.x"), "contradicts"),
    ],
)
def test_a_broken_entry_is_named_with_its_key(tmp_path, requiring, change, named):
    run, _ = requiring
    change(run["requirements"])
    path = tmp_path / "run.json"
    path.write_text(dumps(run))
    with pytest.raises(BadRunFolder, match=rf"requirements\..*{named}"):
        read_run(path)
