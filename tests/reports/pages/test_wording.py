"""The words of every page, of a run made by hand that has each kind of sentence: changes are reviewed."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from conv_transpose_conformance.judging.verdicts import Record, Verdict
from conv_transpose_conformance.reports.pages.annotations import workflow_commands
from conv_transpose_conformance.reports.pages.diff_pages import markdown as diff_markdown
from conv_transpose_conformance.reports.pages.html import html
from conv_transpose_conformance.reports.pages.junit import junit
from conv_transpose_conformance.reports.pages.markdown import markdown
from conv_transpose_conformance.reports.pages.terminal import print_summary
from conv_transpose_conformance.reports.pages.versions import by_version
from conv_transpose_conformance.reports.pages.words import headline, sentences
from conv_transpose_conformance.reports.store.folder import RunFolder, read
from conv_transpose_conformance.reports.store.summary import Summary
from tests.support.page_text import page_text

FUNCTION = "torch.nn.functional.conv_transpose2d"
OTHER = "v1_2d_n1_ci1_co1_i2x2_k2x2_s2x2_op1x1_b_f32_int.3"
Run = tuple[dict[str, Any], list[dict[str, Any]]]


@pytest.fixture
def causes(run_folder, requiring) -> Run:
    """A run with causes, requirements, expectations, coverage, and a framework lost before the end."""
    run, (crash, values) = read(run_folder.path)
    found = {
        "kind": "values",
        "detail": "",
        "checks": [{"check": "values", "verdict": "diverge", "failing": 2, "judged": 2}],
        "cases": 2,
        "condition": {
            "text": "output_padding > 0 and tail_terms > 0",
            "holds": 2,
            "failing": 2,
            "exceptions": 0,
            "passing": 1379,
            "asked": 21,
            "settled": True,
            "roughly": {"text": "output_padding > 0", "exceptions": 3},
        },
        "diagnosis": {
            "sentence": "fills the output padding with zeros",
            "faults": [{"name": "zero-tail", "explains": "values"}],
            "cases": 2,
        },
        "located": {
            "case": OTHER,
            "sentence": "if only x[0, 0, 1, 1] is 1, y[0, 0, 2, 2] should be 1 but is 0 (missing)",
        },
        "smallest_seen": OTHER,
        "reproduction": {
            "file": "repro/D2_torch_nn_functional_conv_transpose2d_values.py",
            "script": "print('diverges')\n",
            "status": "reproduced",
            "exit_code": 1,
            "output": "diverges",
        },
        "expected": {
            "all": False,
            "covered": 1,
            "of": 2,
            "entries": [{"line": 3, "reason": "known for long", "link": "https://example.org/1"}],
        },
    }
    run = {
        **run,
        "exit_code": 1,
        "requirements": requiring[0]["requirements"],
        "coverage": {
            "1d": {"cases": 3, "pairs": [1123, 1131], "triples": [14_000, 15_000]},
            "2d": {"cases": 3, "pairs": [99, 100], "triples": [90, 100]},
        },
        "expectations": {
            "file": "conformance-expected.toml",
            "entries": 2,
            "stale": [{"line": 9, "implementation": FUNCTION, "reason": "mended since"}],
        },
    }
    run["frameworks"] = {
        **run["frameworks"],
        "mindspore": {**run["frameworks"]["torch"], "reason": "exit status 7"},
    }
    return run, [{**crash, "condition": None}, {**values, **found}]


def on_a_terminal(run: dict[str, Any], divergences: list[dict[str, Any]], width: int = 100) -> str:
    stream = io.StringIO()
    print_summary(Console(file=stream, width=width), run, divergences, "out")
    return "\n".join(" ".join(line.split()) for line in stream.getvalue().splitlines())


def test_the_terminal(causes, snapshot):
    assert on_a_terminal(*causes) == snapshot


def test_a_narrow_terminal(causes, snapshot):
    assert on_a_terminal(*causes, width=60) == snapshot


def test_markdown(causes, snapshot):
    assert markdown(*causes) == snapshot


def test_the_page(causes, snapshot):
    assert page_text(html(*causes)) == snapshot


def test_junit(causes, snapshot):
    assert junit(*causes) == snapshot


def test_annotations(causes, snapshot):
    assert "\n".join(workflow_commands(*causes)) == snapshot


def test_the_comparison_of_two_runs(causes, snapshot):
    _, (crash, values) = causes
    about = {
        "frameworks": {"torch": "2.12.0"},
        "profile": "quick",
        "seed": 0,
        "budget": None,
        "corpus": 3,
        "started": "",
        "suite": "conv-transpose-conformance 0.1.0",
    }
    found = {
        "before": {"path": "a", **about},
        "after": {
            "path": "b",
            **about,
            "frameworks": {"torch": "2.13.0", "paddle": "3.3.1"},
            "seed": 1,
            "suite": "conv-transpose-conformance 0.2.0",
        },
        "reworded": ["T1.tf32"],
        "new": [values],
        "gone": [crash],
        "changed": [
            {"before": crash, "after": crash, "changes": ["condition: was bias, is now no condition"]}
        ],
        "same": 3,
        "requirements": [
            {
                "requirement": "T1.adjoint",
                "implementation": FUNCTION,
                "before": "pass",
                "after": "diverge",
                "message": "shapes differ",
                "broken": True,
            }
        ],
        "verdicts": {"common": 10, "failing": 1, "fixed": 2},
        "speed": [
            {
                "implementation": FUNCTION,
                "calls": 100,
                "ratio": 1.5,
                "low": 1.25,
                "high": 1.75,
                "beyond_noise": True,
            }
        ],
        "coverage": [
            {
                "implementation": FUNCTION,
                "before": 10,
                "after": 12,
                "only_before": 1,
                "only_after": 3,
                "fewer_checks": 1,
                "more_checks": 2,
            }
        ],
    }
    assert diff_markdown(found) == snapshot


def _summary(*records: Record) -> Summary:
    summary = Summary()
    for record in records:
        summary.add(record)
    return summary


def written(folder: Path, info: dict[str, Any], *records: Record) -> dict[str, Any]:
    RunFolder.create(folder).write(info, _summary(*records))
    return read(folder)[0]


def test_releases_side_by_side(tmp_path, info, make_record, snapshot):
    old, new = make_record(release="2.12.0"), make_record(release="2.13.0", verdict=Verdict.DIVERGE)
    assert by_version(written(tmp_path, info, old, new)) == snapshot


def test_headlines(causes, tmp_path, make_record, info, snapshot):
    run, divergences = causes
    info.pop("requirements")
    clean = written(tmp_path / "clean", info, make_record())
    several = written(tmp_path / "several", info, make_record(), make_record(implementation=FUNCTION))
    runs = {
        "diverging": run,
        "interrupted": {**run, "interrupted": True},
        "expected": {**run, "exit_code": 0, "requirements": None},
        "requirements alone": {**run, "implementations": {}},
        "one clean": clean,
        "several clean": several,
        "nothing": written(tmp_path / "nothing", info),
    }
    lines = [
        f"{name}: {line}" for name, one in runs.items() for line in (headline(one, []), *sentences(one, []))
    ]
    assert "\n".join([*lines, *sentences(run, divergences)]) == snapshot
