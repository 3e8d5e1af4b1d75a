"""``conformance env``: what is there, what is missing or broken, and what to do about it."""

from __future__ import annotations

import shutil

import pytest

from conv_transpose_conformance.commands import environments
from conv_transpose_conformance.errors import EnvironmentFailed
from conv_transpose_conformance.frameworks.registry import framework


@pytest.fixture
def doctor(command):
    """The exit status of ``env doctor`` and its lines, by their first words."""

    def examine(*names: str) -> tuple[int, dict[str, str]]:
        done = command("env", "doctor", *names)
        assert done.err == ""
        lines: dict[str, str] = {}
        for line in done.out.splitlines():
            subject = line[:10].strip()
            last = list(lines)[-1] if lines else ""
            lines[subject or last] = lines.get(subject or last, "") + line[10:]
        return done.code, lines

    return examine


def test_list_shows_states_and_remove_removes(command, fake_cache):
    fakes = fake_cache(torch={})
    listed = command("env", "list")
    assert listed.code == 0
    states = {line.split()[0]: line.split()[1] for line in listed.out.splitlines() if line[0] != " "}
    assert states == {"torch": "ready", "paddle": "absent", "mindspore": "absent", "r.torch": "absent"}
    assert command("env", "remove", "torch", "paddle").out.splitlines() == [
        "torch: removed",
        "paddle: nothing to remove",
    ]
    assert not fakes["torch"].folder.exists()


def test_create_reuses_what_is_there_and_reports_failures(command, fake_cache, monkeypatch):
    fake_cache(torch={})
    monkeypatch.setattr(environments, "ensure", _cannot_be_made_but_torch)
    done = command("env", "create", "torch", "paddle")
    assert done.code == 3
    assert done.out.splitlines()[0].startswith("torch: ready, ")
    assert "error: paddle: no room" in done.err


def _cannot_be_made_but_torch(environment, _say):
    if environment.framework != "torch":
        raise EnvironmentFailed(f"{environment.framework}: no room")


def test_create_makes_nothing_of_what_is_the_users_to_install(command, fake_cache):
    fake_cache()
    done = command("env", "create", "r.torch")
    assert done.code == 3
    assert done.err.startswith("r.torch: no R here")


def test_an_absent_environment_that_can_be_made_is_no_failure(doctor, fake_cache):
    fake_cache(torch={"version": "9.9"})
    code, lines = doctor("torch", "mindspore")
    assert code == 0
    assert "9.9 on cpu, Python 3.11.0, NumPy 2.0.0" in lines["torch"]
    assert "'conformance env create mindspore' makes it" in lines["mindspore"]


def test_a_framework_that_fails_to_import_is_broken_and_its_remedy_is_named(doctor, fake_cache):
    fake_cache(paddle={"start": "failed"})
    code, lines = doctor("paddle")
    assert code == 3
    assert "broken: paddle cannot be imported: ImportError: libfake.so" in lines["paddle"]
    assert "'conformance env remove paddle'" in lines["paddle"]


@pytest.mark.parametrize(("numpy", "code"), [("1.26.4", 0), ("2.0.0", 3)])
def test_a_numpy_that_the_framework_was_not_built_for_is_named_with_the_command_that_mends_it(
    doctor, fake_cache, numpy, code
):
    fake_cache(mindspore={"numpy": numpy})
    found, lines = doctor("mindspore")
    assert found == code
    assert ("pip install 'numpy<2'" in lines["mindspore"]) is (code == 3)


def test_a_release_that_the_index_does_not_have_is_named_with_those_it_has(doctor, fake_cache, monkeypatch):
    fake_cache()
    monkeypatch.setattr(environments, "available", lambda _distribution: ["1.0", "1.1", "1.2", "1.3"])
    code, lines = doctor("torch")
    assert code == 3
    assert f"pip offers no torch {framework('torch').release.version} for Python 3." in lines["torch"]
    assert "it has 1.1, 1.2, 1.3" in lines["torch"]
    assert "--python torch=PATH" in lines["torch"]


def test_an_index_that_cannot_be_asked_is_named(doctor, fake_cache, monkeypatch):
    def unreachable(distribution):
        raise EnvironmentFailed(f"pip index versions {distribution}: no connection")

    fake_cache()
    monkeypatch.setattr(environments, "available", unreachable)
    code, lines = doctor("paddle")
    assert code == 3
    assert "no connection: check the network" in lines["paddle"]


def test_what_the_suite_does_not_install_is_a_failure_only_where_it_was_asked_for(doctor, fake_cache):
    fake_cache(torch={}, paddle={}, mindspore={"numpy": "1.26.4"})
    code, lines = doctor()
    assert code == 0
    assert "no R here" in lines["r.torch"]
    assert doctor("r.torch")[0] == 3


def test_too_little_room_is_said(doctor, fake_cache, monkeypatch):
    fake_cache(torch={})
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(environments.shutil, "disk_usage", lambda _path: usage._replace(free=5 << 20))
    code, lines = doctor("torch")
    assert code == 0
    assert "5 MiB free: too little for a new environment, which needs up to 4096 MiB" in lines["cache"]


@pytest.mark.parametrize(
    ("compiler", "said"),
    [("/usr/bin/cc", "reinstall the suite to build its kernels"), (None, "no C compiler")],
)
def test_without_kernels_the_way_to_them_is_named(doctor, fake_cache, monkeypatch, compiler, said):
    fake_cache(torch={})
    monkeypatch.setattr(environments, "has_kernels", lambda: False)
    monkeypatch.setattr(environments.shutil, "which", lambda _name: compiler)
    code, lines = doctor("torch")
    assert code == 0
    assert said in lines["reference"]


def test_there_is_no_environment_of_what_the_user_installs(command, fake_cache):
    fake_cache()
    assert command("env", "remove", "r.torch").out == "r.torch: nothing to remove\n"
