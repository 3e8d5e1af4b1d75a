import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from conv_transpose_conformance.judging.verdicts import Check, Evidence, Verdict
from conv_transpose_conformance.reports.pages.html import html
from conv_transpose_conformance.reports.store.folder import RunFolder, read

VOID = {"meta", "link", "img", "br", "input", "hr", "wbr"}


class Page(HTMLParser):
    """The elements of a page with their attributes, their text, and whether all are closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        for tag in set(self.open):
            self.texts.setdefault(tag, []).append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def text(self, tag="body"):
        return "".join(self.texts.get(tag, []))


@pytest.fixture
def page(run_folder):
    return html(*read(run_folder.path))


def test_every_element_is_closed_and_every_link_leads_somewhere(page):
    parsed = Page(page)
    assert parsed.open == []
    ids = [attributes["id"] for _, attributes in parsed.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = [attributes["href"] for attributes in parsed.all("a")]
    assert targets
    assert {target[1:] for target in targets} <= set(ids)
    labels = [a[k] for _, a in parsed.elements for k in ("aria-labelledby",) if k in a]
    assert labels
    assert set(labels) <= set(ids)


def test_the_page_needs_nothing_from_outside_and_may_fetch_nothing(page):
    parsed = Page(page)
    loading = [a for _, a in parsed.elements if "src" in a or "srcset" in a or "action" in a]
    assert loading == []
    assert parsed.all("link") == []
    assert not re.search(r"https?://|url\(|@import", page)
    (policy,) = [a["content"] for a in parsed.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        content = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_nothing_needs_an_inline_style_or_handler_that_the_policy_forbids(page):
    attributes = {name for _, found in Page(page).elements for name in found}
    assert "style" not in attributes
    assert not [name for name in attributes if name.startswith("on")]


def test_what_only_javascript_can_use_is_hidden_without_it(page):
    parsed = Page(page)
    buttons = parsed.all("button")
    assert len(buttons) == 3
    assert all("hidden" in button for button in buttons)
    (filters,) = [a for a in parsed.all("div") if a.get("id") == "filters"]
    assert "hidden" in filters


def test_a_failing_cell_leads_to_its_divergence(page):
    assert re.search(r'<a class="count diverge" href="#divergence-1">.*?<b>2</b> diverge', page)
    assert re.search(r'<a class="count crash" href="#divergence-2">.*?<b>1</b> crash', page)
    section = page[page.index('id="divergence-1"') :]
    assert "v1_1d_n1_ci1_co1_i2_k2_f32_int.1" in section
    assert "3 too much" in section


def test_cells_have_words_and_headers_have_scopes(page):
    parsed = Page(page)
    assert all("scope" in header for header in parsed.all("th"))
    assert re.search(r'<td class="cell pass">.*?<b>3</b> pass', page)
    assert re.search(r'<td class="cell unsupported">.*?<b>1</b> unsupported', page)
    assert re.search(r'<td class="cell not-applicable">.*?<b>1</b> n/a', page)
    assert '<span class="muted">not judged</span>' in page


def test_the_wrong_element_is_marked_in_all_three_arrays(page):
    section = page[page.index('id="divergence-1"') : page.index('id="divergence-2"')]
    assert re.findall(r'<td class="(wrong[ a-z]*)"><mark>(.*?)</mark>', section) == [
        ("wrong worst", "2"),
        ("wrong worst", "5"),
        ("wrong worst", "3"),
    ]
    assert "<strong>1</strong> of 3 elements wrong in an array of shape (1, 1, 3)" in section
    assert "index (0, 0, 1)" in section


def test_parameters_at_their_default_are_told_from_the_others(page):
    section = page[page.index('id="divergence-1"') :]
    assert '<tr><th scope="row">input size</th><td>2</td></tr>' in section
    assert '<tr class="default"><th scope="row">stride</th><td>1<span' in section


def test_an_unavailable_framework_gives_its_reason(page):
    assert "no wheel for this Python" in page
    assert "paddle  – unavailable, nothing was judged" in page


def test_certificate_rounding_and_the_making_of_the_run(page):
    text = Page(page).text()
    assert "Each of the 2 exact-integer probes that passed" in text
    assert "wider\u00a01" in text
    assert "there is no bias" in text
    assert "conformance run --profile quick --seed 7" in text
    assert "2026-01-02 03:04:05 UTC" in text
    assert "12.5 s" in text


def test_a_recorded_command_is_shown_instead(run_folder):
    run, divergences = read(run_folder.path)
    assert "conformance run --fast" in html(
        {**run, "host": {**run["host"], "command": "conformance run --fast"}}, divergences
    )


def test_a_run_without_divergences_says_so(tmp_path, info, summarise, make_record):
    folder = RunFolder.create(tmp_path)
    folder.write(info, summarise(make_record()))
    page = html(*read(tmp_path))
    assert "<h1>No finding in 1 implementation</h1>" in page
    assert 'id="divergences"' not in page


def test_an_interrupted_run_says_so(run_folder):
    run, divergences = read(run_folder.path)
    assert "The run was interrupted" not in html(run, divergences)
    assert "The run was interrupted" in html({**run, "interrupted": True}, divergences)


def test_nothing_that_a_framework_says_becomes_html(hostile):
    page = html(*hostile)
    parsed = Page(page)
    assert parsed.open == []
    assert len(parsed.all("script")) == 1
    assert parsed.all("img") == []
    assert "alert(" not in parsed.text("script")
    text = parsed.text()
    assert "<script>alert('x')</script> | pipe" in text
    assert "{{ 7*7 }}" in text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e\ud800]", page)
    assert "31m" not in page
    page.encode()


def test_arrays_of_higher_dimensions_are_shown_part_by_part(tmp_path, info, summarise, make_record):
    expected = [[[[n, n], [n, n]] for n in range(8)]]
    actual = [[[[n, n], [n, n + (n == 6)]] for n in range(8)]]
    evidence = Evidence(
        expected=expected,
        actual=actual,
        difference=None,
        shape=(1, 8, 2, 2),
        index=(0, 6, 1, 1),
        wrong=1,
        elements=32,
    )
    folder = RunFolder.create(tmp_path)
    folder.write(info, summarise(make_record(verdict=Verdict.DIVERGE, evidence=evidence)))
    page = html(*read(tmp_path))
    section = page[page.index('id="divergence-1"') :]
    shown, folded = section.split("<details>", 1)
    assert "[0, 6, :, :]" in shown
    assert "[0, 0, :, :]" not in shown
    assert "7 further parts of the array" in folded
    assert "[0, 0, :, :]" in folded


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (Evidence(shape=(9, 900), index=(0, 3), wrong=5, elements=8100), "too large to show"),
        (
            Evidence(expected=1, actual=2, difference=1, shape=(9,), index=(3,), wrong=5, elements=9),
            "At the worst",
        ),
        (Evidence(expected=[1, 3, 5], actual=[1, 3]), "different shapes are not compared"),
    ],
)
def test_evidence_that_is_no_array_is_put_in_words(tmp_path, info, summarise, make_record, evidence, words):
    folder = RunFolder.create(tmp_path)
    record = make_record(verdict=Verdict.DIVERGE, evidence=evidence, check=Check.SHAPE)
    folder.write(info, summarise(record))
    assert words in html(*read(tmp_path))
