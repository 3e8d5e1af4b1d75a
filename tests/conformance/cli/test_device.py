"""``--device``: where frameworks run, and what is said where a device is not there."""

from __future__ import annotations

import pytest

from conv_transpose_conformance.adapters import DEVICE
from conv_transpose_conformance.frameworks.registry import registry
from conv_transpose_conformance.frameworks.starting import check_device
from conv_transpose_conformance.workers.environment import worker_environment
from conv_transpose_conformance.workers.process import WorkerFailed

CASE = "v1_1d_n1_ci2_co3_i4_k2_f32_int.5"


@pytest.fixture(autouse=True)
def device_is_restored(monkeypatch):
    monkeypatch.setenv(DEVICE, "cpu")


@pytest.mark.parametrize("framework", registry().frameworks)
def test_every_framework_runs_where_nothing_is_asked_for(framework, monkeypatch):
    check_device(framework)
    monkeypatch.delenv(DEVICE)
    check_device(framework)


@pytest.mark.parametrize("framework", registry().frameworks)
def test_a_device_that_the_suite_does_not_know_is_refused_before_a_worker_is_started(framework, monkeypatch):
    monkeypatch.setenv(DEVICE, "abacus")
    with pytest.raises(WorkerFailed, match=rf"{framework}: .* not on 'abacus'; choose another with --device"):
        check_device(framework)


def test_cuda_is_for_those_that_declare_it(monkeypatch):
    monkeypatch.setenv(DEVICE, "cuda")
    for framework in registry().frameworks:
        if "cuda" in registry().frameworks[framework].devices:
            check_device(framework)
        else:
            with pytest.raises(WorkerFailed):
                check_device(framework)
    assert {one.name for one in registry().frameworks.values() if "cuda" in one.devices} == {
        "torch",
        "paddle",
    }


def test_the_worker_is_told_by_its_environment(tmp_path):
    assert worker_environment(tmp_path, {DEVICE: "cuda"})[DEVICE] == "cuda"
    assert DEVICE not in worker_environment(tmp_path, {})


def test_an_unknown_device_is_a_mistake(command):
    done = command("run", "--device", "abacus")
    done.refused(2, "--device", "'abacus'", "cuda")


@pytest.mark.frameworks
@pytest.mark.parametrize("name", ["torch.nn.ConvTranspose1d", "paddle.nn.Conv1DTranspose"])
def test_a_build_without_the_device_says_so(name, command, python_options):
    options = python_options([name.split(".")[0]])
    done = command("replay", CASE, "--implementation", name, "--device", "cuda", *options)
    if done.code == 3:
        done.refused(3, "no CUDA device", "--device")
    else:  # here is one
        assert "· cuda" in done.out
