import ast
import sys
from pathlib import Path

import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.registry import all_implementations, framework_of, registry
from conv_transpose_conformance.frameworks.registry import implementation as declared
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.reports.scripts.execution import Executions, execute
from conv_transpose_conformance.reports.scripts.python_script import (
    MARK,
    fact_script,
    process_script,
    refused_script,
    values_script,
)
from tests.support.script_examples import CASES, NASTY, made

HERE = Path(sys.executable)


@pytest.mark.parametrize("check", [Check.VALUES, Check.GRAD_INPUT, Check.GRAD_WEIGHT, Check.GRAD_BIAS])
def test_the_arithmetic_by_hand_is_right(check):
    found = made("torch.nn.ConvTranspose2d", check)
    steps = found.arithmetic.split(", but ")[0].split(" = ")
    names = {name: array.astype(float) for name, array in found.tensors.items()}
    assert steps[0].endswith(f"[{', '.join(map(str, found.index))}]")
    whole = [step for step in steps[1:] if "..." not in step]
    assert len(whole) >= (1 if check is Check.GRAD_BIAS else 3)
    for step in whole:
        assert eval(step, {"__builtins__": {}}, names) == found.expected[found.index]
    assert found.arithmetic.endswith(f"but got {found.actual[found.index]:.9g}")


def test_an_example_needs_a_wrong_element():
    assert made("torch.nn.ConvTranspose1d", Check.VALUES, wrong=0.0) is None


def test_the_numbers_are_those_that_a_person_counts_with():
    found = made("torch.nn.ConvTranspose1d", Check.VALUES)
    assert found.tensors["x"].ravel().tolist() == list(range(1, 13))


IN_PYTHON = [name for name, one in registry().frameworks.items() if one.runtime.language == "Python"]


@pytest.mark.parametrize("implementation", [n for n in all_implementations() if framework_of(n) in IN_PYTHON])
def test_scripts_are_programs_whatever_a_framework_said(implementation):
    case = Case.parse(CASES[declared(implementation).ndim])
    scripts = [
        values_script(implementation, made(implementation, Check.VALUES), [NASTY]),
        values_script(implementation, made(implementation, Check.GRAD_WEIGHT), [NASTY]),
        fact_script(implementation, case, Check.SHAPE, [1, 2], [NASTY]),
        fact_script(implementation, case, Check.DTYPE, NASTY, [NASTY]),
        refused_script(implementation, case, (1, 1, 2), [NASTY]),
        process_script(implementation, case, must_refuse=NASTY, output=None, about=[NASTY]),
    ]
    for script in scripts:
        tree = ast.parse(script)
        imported = {
            name.name.split(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for name in node.names
        }
        assert imported <= {"numpy", "sys", "os", "subprocess", framework_of(implementation)}
        assert not [
            node for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value == "false"
        ]
        assert "coding" not in "".join(script.splitlines(keepends=True)[:2])


ON_CUDA = [
    name
    for name in all_implementations()
    if framework_of(name) in ("torch", "paddle") and declared(name).computes and "+" not in name
]


@pytest.mark.parametrize("implementation", ON_CUDA)
def test_a_divergence_on_cuda_is_reproduced_there(implementation):
    """No line makes a tensor or a layer elsewhere, and none reads one that lies there as if it did not."""
    case = Case.parse(CASES[declared(implementation).ndim])
    scripts = [
        values_script(implementation, made(implementation, Check.GRAD_WEIGHT), [], device="cuda"),
        values_script(implementation, made(implementation, Check.VALUES), [], device="cuda"),
        fact_script(implementation, case, Check.SHAPE, [1, 2], [], device="cuda"),
        refused_script(implementation, case, (1, 1, 2), [], device="cuda"),
        process_script(implementation, case, must_refuse="", output=(1, 1, 2), about=[], device="cuda"),
    ]
    for script in scripts:
        ast.parse(script)
        lines = script.splitlines()
        if framework_of(implementation) == "paddle":
            assert "paddle.set_device('gpu')" in script
            assert "'cpu'" not in script
            continue
        made_there = [line for line in lines if "from_numpy(" in line and "copy_(" not in line]
        assert made_there
        assert all("to('cuda')" in line for line in made_there)
        layers = [line for line in lines if line.strip().startswith("layer = ")]
        assert len(layers) == (".functional." not in implementation)
        assert all(line.endswith(", device='cuda')") for line in layers)
        assert not [line for line in lines if ".numpy()" in line and ".cpu().numpy()" not in line]


def test_a_tensor_without_values_lies_where_it_lay():
    name = "torch.nn.ConvTranspose1d+meta"
    found = fact_script(name, Case.parse(CASES[1]), Check.SHAPE, [1], [], device="cuda")
    assert "cuda" not in found
    assert "layer.to('meta')" in found


@pytest.mark.parametrize(
    ("script", "status", "code"),
    [
        (f"print('{MARK}'); raise SystemExit(1)", "reproduced", 1),
        ("raise SystemExit(0)", "gone", 0),
        ("raise ValueError('neither')", "failed", 1),
        (f"print('{MARK}'); import os; os.abort()", "failed", -6),
    ],
)
def test_a_script_is_believed_only_where_it_says_so(script, status, code):
    done = execute(script, HERE)
    assert (done.status, done.exit_code) == (status, code)


def test_a_script_that_does_not_end_has_failed():
    done = execute("import signal; signal.pause()", HERE, deadline=0.5)
    assert (done.status, done.exit_code) == ("failed", None)
    assert done.output == "no end within 0.5 seconds"


def test_an_interpreter_that_is_not_there():
    assert execute("", Path("/nowhere/python")).status == "failed"


def test_the_first_script_that_shows_the_divergence_is_taken():
    gone, there = "raise SystemExit(0)", f"print('{MARK}'); raise SystemExit(1)"
    asked = [("torch", gone, there), ("torch", gone), ("paddle", there), ("torch",)]
    with Executions({"torch": HERE}) as executions:
        begun = [executions.begin(name, [lambda s=s: s for s in scripts]) for name, *scripts in asked]
        found = [one.result() for one in begun]
    assert [one and one["status"] for one in found] == ["reproduced", "gone", "not run", None]
    assert found[0]["script"] == there


def test_cancelled_nothing_is_started(tmp_path):
    with Executions({"torch": HERE}, lambda: True) as executions:
        found = executions.begin("torch", [lambda: f"open({str(tmp_path / 'begun')!r}, 'w')"]).result()
    assert found["status"] == "not run"
    assert not (tmp_path / "begun").exists()


def test_what_differs_from_one_execution_to_the_next_is_left_out():
    done = execute("import os; print(hex(id(os)), __file__, 'SIGSEGV @ 1700000000')", HERE)
    assert done.output == "… ./repro.py SIGSEGV @ …"
    done = execute(
        "print('[ERROR] ME(30056:7fc93f016b80,Main):2026-11-21-13:19:46.507.000 [a.py:13] no')", HERE
    )
    assert done.output == "[ERROR] ME(…:…,Main):… [a.py:13] no"


# Executes scripts in one process, as importing a framework takes the time, and says how each ends.
_IN_TURN = """
import contextlib, io
for script in SCRIPTS:
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            exec(compile(script, "repro.py", "exec"), {"__name__": "__main__"})
        code = None
    except SystemExit as ended:
        code = ended.code
    print("ended", code, MARK in said.getvalue().splitlines())
"""


@pytest.mark.frameworks
@pytest.mark.parametrize("framework", IN_PYTHON)
def test_each_framework_is_addressed_in_its_own_words(framework, framework_python):
    """A script whose expectation is false by one reproduces; with the true expectation it is gone."""
    python = framework_python(framework)
    names, scripts = [], []
    for name in [one.name for one in registry().frameworks[framework].implementations]:
        if not declared(name).computes or name.endswith("+compile"):
            continue  # computes nothing on a CPU, or takes long
        for check in (Check.VALUES, Check.GRAD_BIAS) if "+" not in name else (Check.GRAD_BIAS,):
            found = made(name, check)
            script = values_script(name, found, [])
            shifted = found.expected.copy()
            shifted[found.index] += 1
            wrong = script.replace(
                f"expected = {_literal(found.expected)}", f"expected = {_literal(shifted)}"
            )
            names.append(f"{name}: {check}")
            scripts += [script, wrong]
    done = execute(f"SCRIPTS, MARK = {scripts!r}, {MARK!r}\n{_IN_TURN}", python)
    ends = [line for line in done.output.splitlines() if line.startswith("ended")]
    assert dict(zip(names, zip(ends[::2], ends[1::2], strict=True), strict=True)) == dict.fromkeys(
        names, ("ended 0 False", "ended 1 True")
    ), done.output
    assert execute(scripts[0], python).status == "gone"
    assert execute(scripts[1], python).status == "reproduced"


def _literal(array):
    from conv_transpose_conformance.reports.scripts.python_script import _array

    return _array(array)


VARIANT = {
    "compile": "torch.compile(layer)",
    "export": "torch.export.export(layer, (x_,)",
    "vmap": "torch.vmap(",
    "meta": "layer.to('meta')",
    "to_static": "paddle.jit.to_static(layer",
    "jit": "mindspore.jit(layer)(",
}


@pytest.mark.parametrize("implementation", [name for name in all_implementations() if "+" in name])
def test_a_script_turns_the_layer_into_its_variant(implementation):
    name, _, variant = implementation.partition("+")
    case = Case.parse(CASES[declared(name).ndim])
    for of in (implementation, name):
        scripts = [
            fact_script(of, case, Check.SHAPE, [1, 2], []),
            refused_script(of, case, (1, 1, 2), []),
            process_script(of, case, must_refuse="the document says", output=None, about=[]),
        ]
        assert [VARIANT[variant] in script for script in scripts] == [of == implementation] * 3
