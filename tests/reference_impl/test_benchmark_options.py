"""Options of the benchmarks: what is wrong is said before minutes are spent on measuring."""

import subprocess
import sys

import pytest

from benchmarks import honest, reference, reference_accuracy


@pytest.mark.parametrize(
    ("main", "arguments", "words"),
    [
        (reference.main, ["--threads", "0"], "--threads: must be an integer of at least 1, got '0'"),
        (reference.main, ["--threads", "two"], "--threads: must be an integer of at least 1, got 'two'"),
        (reference.main, ["--seconds", "-1"], "--seconds: must be a positive number of seconds, got '-1'"),
        (reference.main, ["--seconds", "nan"], "--seconds: must be a positive number of seconds, got 'nan'"),
        (reference.main, ["--python", "missing/python"], "--python: missing/python is no program"),
        (
            reference.main,
            ["--json", "missing/figures.json"],
            "--json: missing/figures.json cannot be written",
        ),
        (reference.main, ["--json", "."], "--json: . is a folder"),
        (reference_accuracy.main, ["--rounded", "-1"], "--rounded: must be an integer of at least 0"),
        (reference_accuracy.main, ["--seed", "-1"], "--seed: must be an integer of at least 0"),
        (reference_accuracy.main, ["--json", "missing/tallies.json"], "cannot be written"),
        (honest.main, ["--tensors", "-1"], "--tensors: must be an integer of at least 0, got '-1'"),
        (honest.main, ["--processes", "0"], "--processes: must be an integer of at least 1, got '0'"),
    ],
)
def test_wrong_options_end_it_at_once(main, arguments, words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["benchmark", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("program", ["pass", "import sys; sys.exit(5)", "print(1)"])
def test_a_measuring_process_without_all_figures_is_no_shortfall(program, capsys):
    """Status 1 would say that figures fall short."""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    with pytest.raises(SystemExit) as ended:
        list(reference.lines_of(process, 2))
    assert ended.value.code == 3
    assert "of 2 answers" in capsys.readouterr().err


def test_the_comparison_with_exact_arithmetic_finds_a_wrong_digit(monkeypatch):
    """The large counts are a script's; it must be able to fail."""
    right = reference_accuracy.results
    assert reference_accuracy.rounded(range(6))["differ"] == 0
    assert reference_accuracy.geometries(range(6))["differ"] == 0
    monkeypatch.setattr(
        reference_accuracy,
        "results",
        lambda *arguments: {name: a * (1 + 2.0**-52) for name, a in right(*arguments).items()},
    )
    assert reference_accuracy.rounded(range(6))["differ"] > 0
    assert reference_accuracy.geometries(range(6))["differ"] > 0


@pytest.mark.parametrize(("status", "faulty"), [(0, False), (1, True)])
def test_the_count_of_honest_tensors_can_fail(status, faulty, monkeypatch, capsys):
    monkeypatch.setattr(
        sys, "argv", ["honest", "--tensors", "8", "--large", "0", "--processes", "1", "--check"]
    )
    monkeypatch.setattr(honest, "SIZES", (300,))
    if faulty:
        monkeypatch.setattr(honest, "judged", lambda _results: ["accused"])
    assert honest.main() == status
    told = capsys.readouterr().out
    assert f"honest: {8 * faulty} of 8 tensors accused" in told
