"""``conformance adapter``: checks an adapter, or writes the package of a new one."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
from attrs import evolve, frozen

from conv_transpose_conformance.adapters.probe import OPERATIONS
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES
from conv_transpose_conformance.errors import BadInterpreter, BadName
from conv_transpose_conformance.execution.case_runner import CaseRunner
from conv_transpose_conformance.execution.requests import Probe, job_of
from conv_transpose_conformance.frameworks.framework import Framework
from conv_transpose_conformance.frameworks.implementation import Implementation
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.verdicts import FAILING
from conv_transpose_conformance.workers.process import WorkerFailed

# Plain calls that nearly every API can express, the plainest first.
_CASES: Final = {
    1: (
        "1d_n2_ci2_co3_i4_k3_s2{}_b",
        "1d_n2_ci2_co3_i4_k3{}",
        "1d_u_ci2_co3_i4_k3{}",
        "1d_n2_ci4_co6_i4_k2_g2{}",
    ),
    2: (
        "2d_n2_ci2_co3_i3x4_k3x2_s2x1{}_b",
        "2d_n2_ci2_co3_i3x4_k3x2{}",
        "2d_u_ci2_co3_i3x4_k3x2{}",
        "2d_n2_ci4_co6_i3x4_k2x3_g2{}",
    ),
}
_TOKENS: Final = {"float16": "f16", "bfloat16": "bf16", "float32": "f32", "float64": "f64"}
_REFUSED: Final = {
    1: "v1_1d_n1_ci1_co1_i3_k2_s-1_f32_int.1",
    2: "v1_2d_n1_ci1_co1_i3x3_k2x2_s-1x-1_f32_int.1",
}


@frozen
class Finding:
    """Holds a check and its implementation ("" for all); ``problem`` is "" if the check passed."""

    subject: str
    checked: str
    problem: str = ""


def check(framework: Framework, runner: CaseRunner) -> Iterator[Finding]:
    """Yields a finding for each check of an adapter; ``runner`` runs cases on its framework.

    The check skips a case that the API cannot express or that its documents do not demand to work, and
    leaves the judgement of computed values to ``conformance run``.
    """
    try:
        hello = runner.start()
    except (WorkerFailed, BadInterpreter) as error:
        yield Finding("", "greeting", str(error))
        return
    yield _greeting(framework, hello)
    for implementation in framework.implementations:
        yield from _Checked(framework, implementation, runner, tuple(hello["dtypes"])).findings()


def _greeting(framework: Framework, hello: Mapping[str, Any]) -> Finding:
    named = hello.get("framework", framework.name)
    problem = ""
    if named != framework.name:
        problem = (
            f"the adapter says that it belongs to {named!r}; set Adapter.framework to {framework.name!r}"
        )
    elif hello["device"] not in (*framework.devices, "cpu", "ascend", "gpu"):
        problem = f"device {hello['device']!r} is none of {', '.join(framework.devices)}"
    elif not hello["dtypes"]:
        problem = "describe() names no dtypes"
    return Finding("", "greeting", problem)


@frozen
class _Checked:
    """Holds one implementation under check."""

    framework: Framework
    implementation: Implementation
    runner: CaseRunner
    dtypes: tuple[str, ...]

    def findings(self) -> Iterator[Finding]:
        plain = self._cases("")
        if not plain:
            yield self._finding(
                "calls",
                "the API can express and must run none of the plain cases; see cannot_express and interpret",
            )
            return
        first = plain[0]
        answer = self._ask(first)
        yield self._finding("stages", self._stages(first, answer))
        if answer.outcome is Outcome.UNSUPPORTED:
            yield self._finding(
                "unsupported in words", "" if answer.message.strip() else "it gives no reason"
            )
        else:
            yield self._finding("values and gradients", self._judged(plain))
            yield self._finding("channels first", self._layout())
            for dtype in self.dtypes:
                yield self._finding(f"dtype {dtype}", self._dtype(dtype))
        yield self._finding("invalid call", self._invalid())
        for operation in OPERATIONS:
            if operation != "call":
                yield self._finding(f"probe {operation}", self._probe(operation, first))

    def _finding(self, checked: str, problem: str) -> Finding:
        return Finding(self.implementation.name, checked, problem)

    def _cases(self, layout: str, dtype: str = "float32") -> list[Case]:
        """Returns the plain cases that the API can express and its documents demand."""
        tail = f"_{_TOKENS[dtype]}{layout}_int.1"
        found = [Case.parse("v1_" + text.format("") + tail) for text in _CASES[self.implementation.ndim]]
        same = [case.replace(padding="same") for case in found]  # for an API that takes only a word
        return [case for case in (*found, *same) if self._demanded(case)]

    def _demanded(self, case: Case) -> bool:
        if self.framework.cannot_express(case, self.implementation) is not None:
            return False
        return self.framework.interpret(case, self.implementation).acceptance is Acceptance.REQUIRED

    def _ask(self, case: Case, probe: Probe | None = None) -> Answer:
        job = job_of(case, self.implementation.name)
        return self.runner.answer(evolve(job, probe=probe), self.implementation.name)

    def _stages(self, case: Case, answer: Answer) -> str:
        if answer.outcome is Outcome.UNSUPPORTED:
            return ""
        if answer.outcome is not Outcome.OK:
            return f"{case.id}: {answer.outcome.value} in {answer.stage or 'no stage'}: {answer.message}"
        if not self.implementation.computes:
            return ""
        missing = {"values", "grad_input", "grad_weight", *(["grad_bias"] if case.bias else [])} - set(
            answer.arrays
        )
        if missing:
            return f"{case.id}: fetch() and backward() did not return {', '.join(sorted(missing))}"
        if self.implementation.is_layer and "weight" not in answer.parameters:
            return f"{case.id}: construct() of a layer returned no weight, only {sorted(answer.parameters)}"
        return ""

    def _judged(self, cases: list[Case]) -> str:
        for case in cases:
            records = self.runner.run(case, self.implementation.name).records
            wrong = next((record for record in records if record.verdict in FAILING), None)
            if wrong is not None:
                return f"{case.id}: {wrong.check}: {wrong.message}"
        return ""

    def _layout(self) -> str:
        for case in self._cases("_cl"):
            answer = self._ask(case)
            geometry = self.framework.interpret(case, self.implementation).geometry
            assert geometry is not None
            lead = () if case.batch is None else (case.batch,)
            wanted = (*lead, case.out_channels, *geometry.output_size)
            if answer.shape != wanted:
                return f"{case.id}: got the shape {answer.shape}, expected {wanted} (channels first)"
        return ""

    def _dtype(self, dtype: str) -> str:
        if dtype not in NUMPY_DTYPES:
            return f"the suite knows {', '.join(NUMPY_DTYPES)}"
        for case in self._cases("", dtype)[:1]:
            answer = self._ask(case)
            if answer.dtype != dtype:
                return f"{case.id}: got {answer.dtype or answer.message}"
        return ""

    def _invalid(self) -> str:
        case = Case.parse(_REFUSED[self.implementation.ndim])
        if self.framework.cannot_express(case, self.implementation) is not None:
            return ""
        answer = self._ask(case)
        told = answer.outcome in (
            Outcome.OK,
            Outcome.RAISED,
            Outcome.UNSUPPORTED,
            Outcome.CRASH,
            Outcome.HANG,
        )
        if not told:
            return f"{case.id}: {answer.message}"
        if answer.outcome is Outcome.RAISED and not answer.message.strip():
            return f"{case.id}: an exception without a message"
        return ""

    def _probe(self, operation: str, case: Case) -> str:
        arrays = job_of(case, self.implementation.name).problem.data.arrays()
        if operation == "convolve":
            arrays["y"] = arrays["g"]
        if operation in ("second", "tangent"):
            arrays |= {f"v{name}": np.ones_like(arrays[name]) for name in ("x", "w", "b") if name in arrays}
        answer = self._ask(case, Probe(operation, arrays, {}, {}))
        if answer.outcome is Outcome.UNSUPPORTED:
            return "" if answer.message.strip() else "unsupported without a reason"
        if answer.outcome is not Outcome.OK:
            return (
                f"{answer.outcome.value} in {answer.stage or 'no stage'}: {answer.message}; raise Unsupported"
            )
        return ""


def new(name: str, folder: Path) -> list[Path]:
    """Writes a package that adds a framework called ``name``; returns its files.

    The package passes :func:`check` unchanged, with a few lines of NumPy in the framework's place.

    Raises:
        BadName: if a framework cannot have that name, or the folder is not empty.
    """
    parts = name.split(".")
    if not re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", name) or any(map(keyword.iskeyword, parts)):
        raise BadName(
            f"framework name {name!r}: use lower-case letters, digits and _, as in 'jax'; the names of all "
            "implementations begin with it"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadName(f"{folder}: exists and is not empty; choose another folder with --out")
    package = f"conformance_{name.replace('.', '_')}"
    targets: dict[str, Path] = {
        "pyproject.toml.txt": folder / "pyproject.toml",
        "framework.py.txt": folder / "src" / package / "__init__.py",
        "adapter.py.txt": folder / "src" / package / "adapter.py",
    }
    replaced = {
        "__NAME__": name,
        "__PACKAGE__": name.replace(".", "_"),
        "__DISTRIBUTION__": name.replace(".", "-").replace("_", "-"),
    }
    try:
        for template, path in targets.items():
            text = files(__package__).joinpath("adapter_template", template).read_text(encoding="utf-8")
            for token, value in replaced.items():
                text = text.replace(token, value)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadName(f"{folder}: cannot be written: {error.strerror or error}") from None
    return list(targets.values())
