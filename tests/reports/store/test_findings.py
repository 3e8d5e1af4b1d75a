"""One count of a run: headline, lead, matrix, filter, JUnit, annotations and exit code agree on it."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rich.console import Console

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.causes.failures import Observed
from conv_transpose_conformance.commands.recorder import Recorder
from conv_transpose_conformance.commands.run_document import run_document
from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.expectations import Expectations
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.judging.verdicts import Check, Verdict
from conv_transpose_conformance.reports.divergences import Scripts, divergences
from conv_transpose_conformance.reports.grouping import grouped
from conv_transpose_conformance.reports.pages.annotations import workflow_commands
from conv_transpose_conformance.reports.pages.html import html
from conv_transpose_conformance.reports.pages.junit import junit
from conv_transpose_conformance.reports.pages.markdown import markdown
from conv_transpose_conformance.reports.pages.terminal import print_summary
from conv_transpose_conformance.reports.pages.words import headline, sentences
from conv_transpose_conformance.reports.scripts.execution import Executions
from conv_transpose_conformance.reports.store.findings import findings
from conv_transpose_conformance.reports.store.folder import RunFolder, read
from conv_transpose_conformance.reports.store.strict_json import dumps
from conv_transpose_conformance.requirements.base.requirement import Result
from conv_transpose_conformance.requirements.base.trial import Trial, differs
from conv_transpose_conformance.requirements.catalogue import catalogue
from tests.support.run_folders import INFO, NAME, call, causes_of, record

FUNCTION, TWO = "torch.nn.functional.conv_transpose1d", "torch.nn.ConvTranspose2d"
FLAT = Case.parse("v1_2d_n1_ci1_co1_i2x2_k2x2_f32_int.1")
KNOWN = {"all": True, "covered": 1, "of": 1, "entries": [{"line": 3, "reason": "an old friend", "link": ""}]}


def result(name, trial, implementation=NAME, **more):
    requirement = catalogue()[name]
    found = Result(name, implementation, "torch", probed=True, differing=requirement.severity)
    found.add(trial)
    return {**found.plain(), **more}


@pytest.fixture
def made(cases, tmp_path):
    """A run with each kind of finding: ``made(fail_on)``."""
    wrong = next(case for case in cases if case.bias)
    right = next(case for case in cases if not case.bias)

    def make(fail_on):
        folder = RunFolder.create(tmp_path / "run")
        with Recorder(folder.records) as recorder:
            for name in (NAME, FUNCTION):  # one cause with two names
                for case in cases:
                    recorder.add(call(case, case.bias, implementation=name))
            recorder.add(call(FLAT, False, implementation=TWO))
            refused = FLAT.replace(stride=(2, 2))
            recorder.add([record(refused, verdict=Verdict.ERROR, implementation=TWO, message="no")])
        found = divergences(causes_of(recorder.observed), recorder.summary, Scripts(Executions({}), {}))
        found = grouped(found)
        results = [
            result("relation.adjoint", differs("repeats it", wrong)),
            result("relation.batch", differs("on its own", right), FUNCTION),
            result("relation.groups", Trial(Verdict.CRASH, "SIGSEGV"), FUNCTION),
            result("reject.stride.zero", differs("known"), FUNCTION, expected=KNOWN),
            result("T1.padding", differs("not so", right)),
            result("T2.padding-grows-input", differs("as the article has it", FLAT), TWO),
        ]
        about = {
            key: value for key, value in INFO.items() if key not in ("schema", "exit_code", "frameworks")
        }
        document = run_document(
            {**about, **({"fail_on": fail_on} if fail_on else {})},
            frameworks=INFO["frameworks"],
            implementations=recorder.summary.implementations(),
            requirements=[catalogue()[one["requirement"]] for one in results],
            results=results,
            divergences=found,
            expectations=Expectations(Path("none")),
            drift=[],
            readings=[],
        )
        folder.write(document, recorder.summary, found)
        return read(folder.path)

    return make


def marked(page, tag):
    """How many elements of a kind the filter "any failing" shows."""
    return len(re.findall(rf"<{tag}[^>]*data-verdicts=\"[^\"]*failing\"", page))


@pytest.mark.parametrize(
    ("fail_on", "failing"), [(None, 5), ("document", 6), ("refused", 5), ("crash", 4), ("values", 3)]
)
def test_every_page_and_the_exit_code_count_the_same(made, fail_on, failing):
    run, found = made(fail_on)
    counts = findings(run, found)
    number, named = len(counts.found), len(counts.implementations)
    assert (number, len(counts.documents), counts.expected, named) == (6, 1, 1, 3)
    assert len(counts.failing) == failing
    assert run["exit_code"] == 1

    line = headline(run, found)
    assert line.startswith(f"{number} findings in {named} of 3 implementations")
    of_implementations = failing - (fail_on == "document")
    assert line.endswith(f", {of_implementations} of which fail the run")
    lead = " ".join(sentences(run, found))
    assert f"{number} findings: 2 divergences and 4 requirements; 1 expected" in lead
    assert f"{of_implementations} failing the run" in lead
    assert "1 failing statement is the fault of its document" in lead

    page = html(run, found)
    matrix = "".join(re.findall(r'<td class="findings">(.*?)</td>', page))
    assert len(set(re.findall(r'href="#(.*?)"', matrix))) == number
    assert marked(page, 'tr class="row"') == named
    assert marked(page, 'article class="divergence"') + marked(page, 'div class="failing-claim"') == number
    assert f">{line}</h1>" in page

    assert ET.fromstring(junit(run, found)).get("failures") == str(failing)
    annotations = workflow_commands(run, found)
    assert sum(text.startswith("::error") for text in annotations) == failing
    assert len(annotations) == number + len(counts.documents)

    stream = io.StringIO()
    print_summary(Console(file=stream, width=400), run, found, "out")
    assert line in stream.getvalue()
    assert line in markdown(run, found).replace("\\", "")


def test_what_is_not_grave_enough_does_not_fail_the_run(made):
    run, found = made("values")
    kept = [{**one, "expected": KNOWN} for one in run["requirements"]["results"]]
    run = {**run, "requirements": {**run["requirements"], "results": kept}}
    only = [one for one in found if one["severity"] == "refused"]
    counts = findings(run, only)
    assert counts.failing == ()
    assert headline({**run, "exit_code": 0}, only).endswith(", none of which fails the run")
    assert "documented call refused, below --fail-on values" in junit(run, only)


def test_one_cause_of_two_implementations_is_one_finding_with_two_names(made):
    run, found = made(None)
    first = findings(run, found).found[0]
    assert first.severity is Severity.VALUES
    assert first.implementations == (NAME, FUNCTION)
    assert len(found) == 2
    for page in (html(run, found), markdown(run, found).replace("\\", ""), junit(run, found)):
        assert FUNCTION in page[page.index("D1") :]


def test_a_cause_is_expected_only_where_it_is_in_all_its_implementations(made):
    run, (first, *others) = made(None)
    half = {**first, "expected": KNOWN}
    whole = {**half, "also": [{**one, "expected": KNOWN} for one in first["also"]]}
    expected = [findings(run, [cause, *others]).found[0].expected for cause in (first, half, whole)]
    assert expected == [False, False, True]


def test_a_requirement_that_repeats_a_cause_links_to_it(made):
    run, found = made(None)
    repeats = {r["requirement"]: r.get("repeats") for r in run["requirements"]["results"]}
    assert repeats["relation.adjoint"] == ["D1"]
    assert repeats["relation.batch"] is None
    page = html(run, found)
    assert '; repeats <a href="#divergence-1">D1</a>' in page


def test_the_error_of_a_document_has_its_own_section(made):
    run, found = made(None)
    page = html(run, found)
    section = page[page.index('<section id="documents"') : page.index('<section id="divergences"')]
    assert "as the article has it" in section
    assert "the document’s fault" in section.replace("&#39;", "’")
    assert page.count("as the article has it</pre>") == 1
    assert "### Errors of documents" in markdown(run, found)
    test = next(
        t
        for t in ET.fromstring(junit(run, found)).iter("testcase")
        if t.get("name") == "T2.padding-grows-input"
    )
    assert [child.tag for child in test] == ["skipped"]


def test_a_run_that_says_nothing_of_faults_counts_each_failing_probe():
    old = {"requirement": "X", "implementation": NAME, "probed": True, "verdict": "diverge", "counts": {}}
    run = {"requirements": {"catalogue": [{"id": "X"}], "results": [old]}}
    (finding,) = findings(run, []).failing
    assert finding.severity is Severity.VALUES


def test_causes_come_in_the_order_of_severity(cases, made):
    observed = Observed()
    for case in cases[:40]:
        refused = record(case, Check.ACCEPTANCE, Verdict.ERROR, message="no")
        observed.add([refused] if case.bias else [record(case, Check.ACCEPTANCE)])
        observed.add(call(case, case.bias, implementation=FUNCTION))  # the later name
    assert [cause.severity for cause in causes_of(observed)] == [Severity.VALUES, Severity.REFUSED]
    counted = [finding.severity.rank for finding in findings(*made(None)).found]
    assert counted == sorted(counted)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d["also"][0].update(id="D9"), "must be .*as that of the cause around it"),
        (lambda d: d["also"][0].update(also=[]), "must not be within another cause"),
        (lambda d: d["also"].pop(), "its counts differ"),
        (lambda d: d.update(severity="grave"), "severity must be one of values, gradients"),
    ],
)
def test_a_broken_cause_of_several_implementations_is_named(made, tmp_path, change, said):
    _, found = made(None)
    change(found[0])
    (tmp_path / "run" / "divergences.json").write_text(dumps(found))
    with pytest.raises(BadRunFolder, match=said):
        read(tmp_path / "run")
