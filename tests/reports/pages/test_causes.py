"""What every page shows of a cause."""

from __future__ import annotations

from conv_transpose_conformance.reports.pages.annotations import workflow_commands as annotations
from conv_transpose_conformance.reports.pages.html import html
from conv_transpose_conformance.reports.pages.junit import junit
from conv_transpose_conformance.reports.pages.markdown import markdown
from conv_transpose_conformance.reports.store.folder import read
from tests.support.run_folders import call, folder_of


def test_pages_show_the_condition_the_diagnosis_the_script_and_the_expectation(cases, tmp_path):
    path = folder_of(tmp_path / "a", [call(c, c.bias) for c in cases])
    run, found = read(path)
    found[0]["diagnosis"] = {"sentence": "bias <twice>", "faults": [], "cases": 3}
    found[0]["reproduction"] = {
        "file": "repro/D1_x.py",
        "script": "print('<hello>')",
        "status": "reproduced",
        "exit_code": 1,
        "output": "DIVERGES",
    }
    failing = sum(c.bias for c in cases)
    for page in (html(run, found), markdown(run, found), junit(run, found)):
        assert "bias" in page
        assert "<twice>" not in page
    assert f"true for all {failing} failing calls" in html(run, found)
    assert "reproduces the divergence" in html(run, found)
    assert "print(&#39;&lt;hello&gt;&#39;)" in html(run, found)
    assert 'failures="1"' in junit(run, found)
    assert annotations(run, found)[0].startswith("::error title=torch.nn.ConvTranspose1d%3A values")
    found[0]["expected"] = {
        "all": True,
        "covered": 3,
        "of": 3,
        "entries": [{"line": 1, "reason": "known", "link": ""}],
    }
    assert 'failures="0"' in junit(run, found)
    assert annotations(run, found)[0].startswith("::notice")
    assert "(expected)" in markdown(run, found)
