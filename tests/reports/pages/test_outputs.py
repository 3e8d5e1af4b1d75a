"""JUnit, Markdown, the terminal and JSON."""

import io
import json
import re
import xml.etree.ElementTree as ET

import pytest
from rich.console import Console

from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.reports.pages.html import html
from conv_transpose_conformance.reports.pages.junit import junit
from conv_transpose_conformance.reports.pages.markdown import escaped, fenced, markdown
from conv_transpose_conformance.reports.pages.terminal import print_summary
from conv_transpose_conformance.reports.store.folder import RunFolder, read
from conv_transpose_conformance.reports.store.strict_json import as_json

FUNCTION = "torch.nn.functional.conv_transpose2d"
SMALLEST = "v1_1d_n1_ci1_co1_i2_k2_f32_int.1"


@pytest.fixture
def result(run_folder):
    return read(run_folder.path)


def by_name(document):
    return {(test.get("classname"), test.get("name")): test for test in document.iter("testcase")}


def test_junit_has_a_test_for_each_implementation_and_check(result):
    document = ET.fromstring(junit(*result))
    tests = by_name(document)
    assert set(tests) == {
        ("torch.nn.ConvTranspose1d", "values"),
        ("torch.nn.ConvTranspose1d", "grad_bias"),
        (FUNCTION, "acceptance"),
        (FUNCTION, "acceptance: D1"),
        (FUNCTION, "values: D2"),
        (FUNCTION, "shape"),
        (FUNCTION, "values"),
        ("paddle", "available"),
    }
    assert [document.get(k) for k in ("tests", "failures", "skipped", "errors", "time")] == [
        "8",
        "2",
        "5",
        "0",
        "12.500",
    ]
    assert [(s.get("name"), s.get("tests"), s.get("failures")) for s in document] == [
        ("torch", "7", "2"),
        ("paddle", "1", "0"),
    ]
    assert list(tests["torch.nn.ConvTranspose1d", "values"]) == []


def test_junit_says_why(result):
    tests = by_name(ET.fromstring(junit(*result)))
    failure = tests[FUNCTION, "values: D2"].find("failure")
    assert failure.get("type") == "diverge"
    assert failure.get("message") == "silently wrong values: 2 of 2 judged: 3 too much"
    assert tests[FUNCTION, "values"].find("skipped").get("message") == (
        "2 failing verdicts of 2 judged: see D2"
    )
    assert SMALLEST in failure.text
    assert f"replay: conformance replay {SMALLEST} --implementation {FUNCTION}" in failure.text
    assert tests[FUNCTION, "shape"].find("skipped").get("message") == "unsupported: no 1-D"
    assert tests["paddle", "available"].find("skipped").get("message") == (
        "unavailable: no wheel for this Python"
    )


def test_junit_of_a_hostile_framework_is_well_formed(hostile):
    document = ET.fromstring(junit(*hostile).encode())
    failure = next(document.iter("failure"))
    assert "<script>alert('x')</script>" in failure.text
    assert "\x1b" not in failure.text


def test_junit_counts_a_check_that_passes_in_part_as_failed_and_allowed_as_passed(
    tmp_path, info, summarise, make_record
):
    other = "torch.nn.ConvTranspose2d"
    records = [
        make_record(),
        make_record(verdict=Verdict.HANG),
        make_record(implementation=other, verdict=Verdict.ALLOWED),
        make_record(implementation=other, verdict=Verdict.UNSUPPORTED),
    ]
    folder = RunFolder.create(tmp_path)
    folder.write(info, summarise(*records))
    tests = by_name(ET.fromstring(junit(*read(tmp_path))))
    assert [child.tag for child in tests["torch.nn.ConvTranspose1d", "values"]] == ["skipped"]
    assert [child.tag for child in tests["torch.nn.ConvTranspose1d", "values: D1"]] == ["failure"]
    assert list(tests[other, "values"]) == []


def test_markdown_has_the_tables_and_the_divergences(result):
    text = markdown(*result)
    assert text.startswith("## Transposed convolution: 2 findings in 1 of 2 implementations\n")
    rows = [line for line in text.splitlines() if line.startswith("| torch")]
    assert rows == [
        "| torch.nn.ConvTranspose1d | 3 | – | – | ✓ 3 pass | · 1 not applicable |",
        "| torch.nn.functional.conv\\_transpose2d | 2 | † 1 crash | ○ 1 unsupported | ✗ 2 diverge | – |",
    ]
    assert "Unavailable: no wheel for this Python" in text
    assert "#### D2 torch.nn.functional.conv\\_transpose2d, values: diverge, silently wrong values" in text
    assert f"```sh\nconformance replay {SMALLEST} --implementation {FUNCTION}\n```" in text
    assert "Each of the 2 exact-integer probes" in text


def outside_fences(text):
    return re.sub(r"^(`{3,})\w*\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)


def test_markdown_of_a_hostile_framework_stays_text(hostile):
    text = markdown(*hostile)
    prose = outside_fences(text)
    assert "alert" in prose
    assert "<script" not in prose
    assert "@someone" not in prose
    assert "**b**" not in prose
    assert "\x1b" not in text
    tables = re.findall(r"(?:^\|.*\n)+", prose, re.MULTILINE)
    assert len(tables) == 2
    for table in tables:
        header, *rows = table.splitlines()
        assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {header.count("|")}
    # the message holds three backticks, so its fence has four
    assert re.search(r"^````text\n.*second line\n````$", text, re.DOTALL | re.MULTILINE)
    text.encode()


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("a|b", "a&#124;b"),
        ("<b>", "&#60;b&#62;"),
        ("`x` *y* _z_", r"\`x\` \*y\* \_z\_"),
        ("[a](b)", r"\[a\](b)"),
        ("two\nlines", "two lines"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("&lt;", "&#38;lt;"),
        (r"\<", r"\\&#60;"),
    ],
)
def test_markdown_escapes(text, result):
    assert escaped(text) == result


def test_a_fence_is_longer_than_any_in_its_text():
    assert fenced("a\n`````\nb", "text") == "``````text\na\n`````\nb\n``````"


def shown(run, divergences, width=120, encoding="utf-8", **options) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    print_summary(Console(file=stream, width=width, **options), run, divergences, "out")
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_the_terminal_shows_table_reasons_divergences_and_where_the_report_is(result):
    text = shown(*result)
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "implementation cases accept shape values ∂b" in lines
    assert "torch.nn.ConvTranspose1d 3 ✓ 3 · 1" in lines
    assert f"{FUNCTION} 2 † 1/1 ○ 1 ✗ 2/2" in lines
    assert lines.index("paddle: unavailable") + 1 == lines.index("no wheel for this Python")
    assert f"✗ D2 {FUNCTION}, values: diverge, silently wrong values (2 of 2 judged)" in lines
    assert "3 too much" in lines
    assert f"conformance replay {SMALLEST} --implementation {FUNCTION}" in lines
    assert "2 findings in 1 of 2 implementations" in lines
    assert lines[-1] == "Report: out/index.html"


def test_a_narrow_terminal_breaks_names_at_their_last_dot_only(result):
    lines = shown(*result, width=60).splitlines()
    assert max(map(len, lines[:6])) <= 60
    names = [line.split()[0] for line in lines[1:5]]
    assert names == ["torch.nn.", "ConvTranspose1d", "torch.nn.functional.", "conv_transpose2d"]


def test_a_wide_terminal_keeps_names_whole(result):
    assert f"\n{FUNCTION} " in shown(*result)


def test_a_long_replay_line_is_not_broken(result):
    assert f"conformance replay {SMALLEST} --implementation {FUNCTION}\n" in shown(*result, width=40)


def test_the_terminal_takes_nothing_from_a_framework_as_markup_or_control(hostile):
    text = shown(*hostile, width=400)
    assert "[bold]markup[/bold]" in text
    assert "\x1b" not in text
    assert "\x00" not in text
    coloured = shown(*hostile, width=400, force_terminal=True, color_system="standard")
    assert "\x1b[31mred" not in coloured
    assert "[bold]markup[/bold]" in coloured


def test_a_terminal_that_knows_only_ascii(result, hostile):
    text = shown(*result, encoding="ascii")
    assert "x 2/2" in text
    assert "+ 3" in text
    shown(*hostile, encoding="ascii")


def test_a_framework_that_was_lost_on_the_way_is_named_everywhere(result):
    run, divergences = result
    run["frameworks"]["torch"]["reason"] = "died thrice"
    assert "torch stopped before the end of the run." in shown(run, divergences)
    assert "torch: stopped before the end\n  died thrice" in shown(run, divergences)
    assert "Stopped before the end: died thrice" in markdown(run, divergences)
    tests = by_name(ET.fromstring(junit(run, divergences)))
    assert tests["torch", "available"].find("skipped").get("message") == "stopped before the end: died thrice"
    assert "<strong>Stopped before the end.</strong>" in html(run, divergences)


def test_a_run_in_which_nothing_ran(tmp_path, info, summarise):
    folder = RunFolder.create(tmp_path)
    folder.write(info, summarise())
    text = shown(*read(tmp_path))
    assert "Nothing was judged" in text
    assert "no wheel for this Python" in text
    assert "Nothing was judged" in markdown(*read(tmp_path))


def test_json_is_strict_and_complete(result, hostile):
    for run, divergences in (result, hostile):
        text = as_json(run, divergences)
        text.encode()
        assert json.loads(text, parse_constant=pytest.fail) == {"run": run, "divergences": divergences}
