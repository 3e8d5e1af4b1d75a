"""Cases that users keep."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cli.app import group
from conv_transpose_conformance.errors import BadRegressions, InvalidCase
from conv_transpose_conformance.generation.generate import run_cases
from conv_transpose_conformance.generation.kept_cases import NAME, keep, kept_cases

ONE = "v1_1d_n2_ci2_co2_i9_k3_f32_int.1"
TWO = "v1_2d_n1_ci1_co1_i1x1_k1x1_b_f32_one.x0.w0"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_file_nothing_is_kept():
    assert kept_cases() == []


def test_kept_cases_are_part_of_every_run_and_come_first():
    keep([ONE, TWO])
    assert kept_cases() == [Case.parse(ONE), Case.parse(TWO)]
    for profile in ("quick", "full"):
        cases = run_cases(profile, 0, examples=0)
        assert [next(cases).id, next(cases).id] == [ONE, TWO]


def test_comments_and_what_users_wrote_stay(folder):
    (folder / NAME).write_text(f"# ours\n\n  {ONE}  \n# not today: {TWO}")
    assert keep([TWO, ONE, TWO], "from\nthe  nightly run")[1] == 1
    text = (folder / NAME).read_text()
    assert text == f"# ours\n\n  {ONE}  \n# not today: {TWO}\n# from the nightly run\n{TWO}\n"
    assert keep([ONE, TWO])[1] == 0
    assert (folder / NAME).read_text() == text


def test_a_malformed_id_writes_nothing(folder):
    with pytest.raises(InvalidCase, match="malformed"):
        keep([ONE, "v1_3d"])
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (f"{ONE}\n\nv1_1d_n2_oops\n".encode(), "line 3: malformed case id .* character 10"),
        (b"\xff\xfe", "not UTF-8 at byte 0"),
    ],
)
def test_a_broken_file_is_named_with_its_line_and_left_alone(folder, content, said):
    (folder / NAME).write_bytes(content)
    with pytest.raises(BadRegressions, match=said):
        kept_cases()
    with pytest.raises(BadRegressions, match=said):
        keep([TWO])
    assert (folder / NAME).read_bytes() == content


def test_a_folder_in_its_place_is_one_clear_line(folder):
    (folder / NAME).mkdir()
    with pytest.raises(BadRegressions, match="cannot read"):
        keep([ONE])


def test_the_command_says_what_it_added():
    runner = CliRunner()
    assert "2 added to conformance-regressions.txt" in runner.invoke(group, ["keep", ONE, TWO]).output
    assert "0 added" in runner.invoke(group, ["keep", ONE]).output
    bad = runner.invoke(group, ["keep", "nonsense"])
    assert bad.exit_code == 2
    listed = runner.invoke(group, ["list", "cases"]).output.splitlines()
    assert listed[:2] == [ONE, TWO]
