"""``diff``: what is new, gone, changed, slower or no longer covered between two runs."""

from __future__ import annotations

import pytest

from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.reports.diff import diff
from conv_transpose_conformance.reports.pages.diff_pages import markdown as diff_markdown
from tests.support.run_folders import call, folder_of


def test_diff_names_what_is_new_gone_slower_and_uncovered(cases, tmp_path):
    before = folder_of(tmp_path / "a", [call(c, c.bias) for c in cases])
    slower = {"microseconds": 15.0}
    after = folder_of(tmp_path / "b", [call(c, c.groups > 1, (Check.VALUES,), **slower) for c in cases[:200]])
    found = diff(before, after)
    assert len(found["changed"]) == 1  # of the same kind, under another condition
    assert "was bias, is now groups > 1" in " ".join(found["changed"][0]["changes"])
    assert found["verdicts"]["fixed"] == sum(c.bias and c.groups == 1 for c in cases[:200])
    assert found["verdicts"]["failing"] == sum(not c.bias and c.groups > 1 for c in cases[:200])
    assert found["speed"][0]["beyond_noise"]
    assert found["speed"][0]["ratio"] == pytest.approx(1.5)
    assert found["coverage"][0]["only_before"] == len(cases) - 200
    assert found["coverage"][0]["fewer_checks"] == 200
    text = diff_markdown(found)
    assert "1.50 times" in text
    reverse = diff(folder_of(tmp_path / "c", [call(c, False) for c in cases]), before)
    assert (len(reverse["new"]), len(reverse["gone"])) == (1, 0)
    assert (len(diff(before, tmp_path / "c")["gone"])) == 1


def test_the_same_speed_is_within_the_noise(cases, tmp_path):
    before = folder_of(tmp_path / "a", [call(c, False) for c in cases])
    assert not diff(before, before)["speed"][0]["beyond_noise"]
    assert diff(before, before)["coverage"] == []


def test_runs_of_different_suites_are_not_compared(cases, tmp_path):
    before = folder_of(tmp_path / "a", [call(c, False) for c in cases[:3]])
    suite = {"name": "another", "version": "0.1.0"}
    after = folder_of(tmp_path / "b", [call(c, False) for c in cases[:3]], suite=suite)
    with pytest.raises(BadRunFolder, match=r"made by another 0\.1\.0"):
        diff(before, after)
