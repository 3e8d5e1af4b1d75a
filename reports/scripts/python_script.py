"""Writes scripts that reproduce a divergence with nothing but the framework and NumPy.

A script prints what the documents demand and what the framework returned.  It exits 1 while the two differ
and 0 once they agree.  A call that may kill or hang its process runs in a process of its own.  ``device`` is
the device on which the divergence occurred.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.causes.worked_example import Example
from conv_transpose_conformance.frameworks.idiom import Idiom
from conv_transpose_conformance.frameworks.registry import framework, framework_of
from conv_transpose_conformance.frameworks.registry import implementation as declared
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.text import one_line

ENDING: Final = ".py"  # suffix of a script's file
MARK: Final = "DIVERGES"  # a script that reproduces its divergence prints this and exits with 1
GONE: Final = "agrees: the divergence is gone"
SECONDS: Final = 60  # seconds for the import and the call, after which a script counts the call as hanging
WORDS: Final = {
    Check.VALUES: "y",
    Check.GRAD_INPUT: "grad_input",
    Check.GRAD_WEIGHT: "grad_weight",
    Check.GRAD_BIAS: "grad_bias",
}


def values_script(implementation: str, example: Example, about: Sequence[str], *, device: str = "cpu") -> str:
    """Returns the script for wrong numbers; ``about`` are the lines that explain it."""
    words = idiom(implementation, example.case, device)
    name = WORDS[example.check]
    lines = [*_head(implementation, example.case, about), "import numpy as np", *words.imports, ""]
    needed = [n for n in example.tensors if n != "g" or example.check is not Check.VALUES]
    lines += [f"{n} = {_array(example.tensors[n])}" for n in needed]
    lines += ["", *words.build, *words.load, *words.variant, *words.call]
    if example.check is Check.VALUES:
        lines += [f"actual = {words.values}"]
    else:
        lines += [*words.gradients, f"actual = {name}"]
    lines += ["", f"expected = {_array(example.expected)}"]
    lines += ["", f"# By hand: {example.arithmetic}."]
    lines += [f'print("expected {name}:")', "print(expected)", f'print("actual {name}:")', "print(actual)"]
    lines += [f"print({'by hand: ' + example.arithmetic!r})"]
    if np.any(example.bound):
        lines += [f"allowed = {_array(example.bound)}  # the rounding bound of each element"]
        lines += ["same = actual.shape == expected.shape and bool((abs(actual - expected) <= allowed).all())"]
    else:
        lines += ["same = actual.shape == expected.shape and bool((actual == expected).all())"]
    lines += [f"print({GONE!r} if same else {MARK!r})", "sys.exit(0 if same else 1)"]
    return "\n".join(lines) + "\n"


def fact_script(
    implementation: str,
    case: Case,
    check: Check,
    expected: Any,
    about: Sequence[str],
    *,
    device: str = "cpu",
) -> str:
    """Returns the script for a wrong shape, dtype or set of parameters; ``expected`` is plain data."""
    words = idiom(implementation, case, device)
    lines = [*_head(implementation, case, about), "import numpy as np", *words.imports, ""]
    lines += [*_ones(case), "", *words.build]
    if check is Check.PARAMETERS:
        lines += [f"actual = {words.parameters}"]
    else:
        lines += [*words.load, *words.variant, *words.call]
        dtype = "str(y.dtype).split('.')[-1].lower()"
        lines += [f"actual = {words.shape if check is Check.SHAPE else dtype}"]
    lines += [f"expected = {expected!r}", 'print("expected", expected)', 'print("actual  ", actual)']
    lines += [f"print({GONE!r} if actual == expected else {MARK!r})"]
    lines += ["sys.exit(0 if actual == expected else 1)"]
    return "\n".join(lines) + "\n"


def refused_script(
    implementation: str,
    case: Case,
    output: tuple[int, ...] | None,
    about: Sequence[str],
    *,
    device: str = "cpu",
) -> str:
    """Returns the script for a call (or its gradients) that is refused although the documents allow it."""
    words = idiom(implementation, case, device)
    lines = [*_head(implementation, case, about), "import numpy as np", *words.imports, ""]
    lines += [*_ones(case), *_gradient(case, output), "", "try:"]
    body = [*words.build, *words.load, *words.variant, *words.call]
    body += [f"print('accepted, the output has the shape', {words.shape})"]
    if output is not None and declared(implementation).computes:
        body += words.gradients
    lines += _indented(body)
    lines += ["except Exception as error:", "    print('expected an output, actual:', type(error).__name__)"]
    lines += ["    print(error)", f"    print({MARK!r})", "    sys.exit(1)", f"print({GONE!r})"]
    return "\n".join(lines) + "\n"


def process_script(
    implementation: str,
    case: Case,
    *,
    must_refuse: str,
    output: tuple[int, ...] | None,
    about: Sequence[str],
    device: str = "cpu",
) -> str:
    """Returns the script for a call that crashes, hangs, or is accepted although it must be refused."""
    words = idiom(implementation, case, device)
    head_ = _head(implementation, case, about, ("import os", "import subprocess"))
    body = [*words.imports, "", *_ones(case), *_gradient(case, output), *words.build]
    body += [] if must_refuse else words.load
    body += [
        *words.variant,
        *words.call,
        f"print('accepted, the output has the shape', {words.shape}, flush=True)",
    ]
    if output is not None and declared(implementation).computes:
        body += [f"print({words.values})", *words.gradients]
    wanted = f"an exception, as {must_refuse}" if must_refuse else "an output"
    refusal = (
        [f"    print({GONE!r})", "    sys.exit(0)"]
        if must_refuse
        else [f"    print({MARK!r})", "    sys.exit(1)"]
    )
    lines = [
        *head_,
        "import numpy as np",
        "",
        "",
        "def call():",
        *_indented(body),
        "",
        "",
        "if sys.argv[1:] == ['call']:  # in a process of its own, because the call may kill it",
        "    try:",
        "        call()",
        "    except Exception as error:",
        "        print('refused:', type(error).__name__, error)",
        "        sys.stdout.flush()",
        "        os._exit(3)",
        "    sys.stdout.flush()",
        "    os._exit(0)",
        f"print('expected:', {wanted!r})",
        "try:",
        f"    done = subprocess.run([sys.executable, os.path.abspath(__file__), 'call'], timeout={SECONDS},",
        "                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)",
        "except subprocess.TimeoutExpired as expired:",
        "    print((expired.stdout or b'').decode(errors='replace')[-2000:])",
        f"    print('actual: no answer within {SECONDS} seconds')",
        f"    print({MARK!r})",
        "    sys.exit(1)",
        "print('actual:', done.stdout.decode(errors='replace')[-2000:])",
        "if done.returncode < 0:",
        "    print('the process died of signal', -done.returncode)",
        f"    print({MARK!r})",
        "    sys.exit(1)",
        "if done.returncode == 3:",
        *refusal,
        "if done.returncode != 0:",
        "    print('unclear: the call did not start')",
        "    sys.exit(2)",
        *([f"print({MARK!r})", "sys.exit(1)"] if must_refuse else [f"print({GONE!r})", "sys.exit(0)"]),
    ]
    return "\n".join(lines) + "\n"


def idiom(implementation: str, case: Case, device: str = "cpu") -> Idiom:
    """Returns the idiom of an implementation for a case, on "cpu" or another device of its framework."""
    write = framework(framework_of(implementation)).idiom
    assert write is not None, f"{implementation} has no idiom for scripts"
    return write(declared(implementation), case, device)


def _head(implementation: str, case: Case, about: Sequence[str], imports: Sequence[str] = ()) -> list[str]:
    needs = f"{framework_of(implementation)} and NumPy"
    return [*head(implementation, case, about, needs), *imports, "import sys"]


def head(implementation: str, case: Case, about: Sequence[str], needs: str) -> list[str]:
    """Returns the comment at the beginning of a script in any language."""
    return [
        f"# {implementation}: the result contradicts its documentation.",
        f"# Needs {needs}. Exits 1 while the divergence is there, 0 once it is gone.",
        *(f"# {one_line(line)}" for line in about),
        f"# Case: {case.id}",
    ]


def _ones(case: Case) -> list[str]:
    lead = () if case.batch is None else (max(case.batch, 0),)
    shapes = {"x": (*lead, case.in_channels, *case.input_size), "w": case.weight_shape}
    if case.bias:
        shapes["b"] = (case.out_channels,)
    return [
        f"{name} = np.ones({tuple(max(v, 0) for v in shape)!r}, {case.dtype!r})"
        for name, shape in shapes.items()
    ]


def _gradient(case: Case, output: tuple[int, ...] | None) -> list[str]:
    return [] if output is None else [f"g = np.ones({tuple(output)!r}, {case.dtype!r})"]


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"    {line}" if line else "" for line in lines]


def _array(array: Any) -> str:
    """Returns an array as a literal that reads back to the same bits."""
    values = np.asarray(array)
    dtype = str(values.dtype)
    if dtype == "bfloat16":
        values, dtype = values.astype(np.float32), "float32"
    listed = values.tolist()
    text = repr(_plain(listed))
    if values.ndim > 2 and len(text) > 90:
        text = text.replace("]], [[", "]],\n    [[")
    return f"np.array({text}, {dtype!r})"


def _plain(value: Any) -> Any:
    """Returns whole numbers without a fraction, so that they are easy to read."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


__all__ = [
    "GONE",
    "MARK",
    "SECONDS",
    "WORDS",
    "fact_script",
    "head",
    "process_script",
    "refused_script",
    "values_script",
]
