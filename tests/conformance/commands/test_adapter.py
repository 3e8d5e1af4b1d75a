"""``conformance adapter``: an adapter that does its part passes, and each way not to is named."""

from __future__ import annotations

import pytest

from conv_transpose_conformance.frameworks.registry import registry

ONE = "torch.nn.functional.conv_transpose1d"
TWO = "torch.nn.functional.conv_transpose2d"


def lines(done, start: str) -> list[str]:
    return [line for line in done.out.splitlines() if line.startswith(start)]


def test_functions_that_are_right_are_said_to_be(command, fake_cache):
    fake_cache(torch={})
    done = command("adapter", "check", "torch")
    right = lines(done, "ok   ")
    for name in (ONE, TWO):
        for checked in ("stages", "values and gradients", "channels first", "dtype float64", "probe second"):
            assert f"ok     {name}: {checked}" in right
    assert not [line for line in lines(done, "wrong") if ".functional." in line]


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        ({"start": "failed"}, "wrong  greeting: torch cannot be imported: ImportError: libfake.so"),
        ({"start": "protocol 99"}, "wrong  greeting: torch: its worker speaks protocol 99, the suite 1"),
        ({"dtypes": []}, "wrong  greeting: describe() names no dtypes"),
        ({"dtypes": ["float8"]}, f"wrong  {ONE}: dtype float8: the suite knows float16, "),
        ({"implementations": {ONE: "wrong values"}}, f"wrong  {ONE}: values and gradients: v1_1d_"),
        ({"implementations": {ONE: "segv"}}, f"wrong  {ONE}: stages: v1_1d_"),
    ],
)
def test_what_an_adapter_does_wrong_is_named(command, fake_cache, plan, named):
    fake_cache(torch=plan)
    done = command("adapter", "check", "torch")
    assert done.code == 1
    assert [line for line in lines(done, "wrong") if line.startswith(named)], done.out
    assert "Traceback" not in done.out + done.err


def test_a_framework_that_is_not_there_is_a_mistake(command):
    command("adapter", "check", "nowhere").refused(
        2, "'nowhere' is none of torch, paddle, mindspore, r.torch"
    )


@pytest.mark.parametrize("name", ["Mine", "2d", "my-framework", "mine.", "class", "", "mine/../x"])
def test_a_name_that_no_framework_can_have_is_refused(command, tmp_path, name):
    done = command("adapter", "new", name, "--out", tmp_path / "new")
    done.refused(2, "framework name", repr(name))
    assert not (tmp_path / "new").exists()


def test_a_folder_that_holds_something_is_left_alone(command, tmp_path):
    (tmp_path / "mine.py").touch()
    command("adapter", "new", "mine", "--out", tmp_path).refused(2, "not empty", "--out")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_a_folder_that_cannot_be_written_is_named(command, tmp_path):
    (tmp_path / "file").touch()
    command("adapter", "new", "mine", "--out", tmp_path / "file" / "mine").refused(2, "cannot be written")


@pytest.mark.frameworks
@pytest.mark.parametrize("name", registry().frameworks)
def test_the_suites_own_adapters_pass(command, framework_python, python_options, name):
    framework_python(name)
    done = command("adapter", "check", name, *python_options([name]))
    assert lines(done, "wrong") == []
    assert done.code == 0
