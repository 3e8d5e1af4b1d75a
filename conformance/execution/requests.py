"""Builds a worker's requests, for a case's call or a probe, as jobs and as frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from conv_transpose_conformance.adapters.protocol import Arrays, encode
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance, Meaning
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES
from conv_transpose_conformance.frameworks.registry import interpret
from conv_transpose_conformance.judging.answers import Answer
from conv_transpose_conformance.judging.judge import judge
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Record

Array = NDArray[Any]


@frozen(eq=False)
class Probe:
    """Holds a question other than a plain call: an operation of ``adapters.probe`` with its own tensors.

    ``patch`` overrides fields of the request with values that a ``Case`` cannot hold.
    """

    operation: str
    arrays: Mapping[str, Array]
    options: Mapping[str, Any]
    patch: Mapping[str, Any]


@frozen
class Job:
    """Holds a problem for implementations of one framework, each with the meaning its documents give it.

    With ``probe`` the job runs the probe in place of the plain call.
    """

    problem: Problem
    meanings: Mapping[str, Meaning] = field(eq=False)
    probe: Probe | None = None

    @property
    def case(self) -> Case:
        """Returns the problem's case."""
        return self.problem.case

    def is_open(self, implementation: str) -> bool:
        """Whether the documents leave open what a call does, so that its output must show it."""
        return self.probe is None and self.meanings[implementation].acceptance is Acceptance.UNSPECIFIED

    def problem_of(self, answer: Answer) -> Problem:
        """Returns the problem under the geometry that an answer is judged against."""
        found = None if answer.observed is None else answer.observed.found
        return self.problem if found is None else self.problem.under(found)

    def judge(self, answer: Answer, target: Target, version: str = "") -> list[Record]:
        """Returns the records of a target's answer; its framework states this version."""
        problem = self.problem_of(answer)
        return judge(
            self.case,
            self.meanings[answer.implementation],
            problem.data,
            problem.reference,
            answer,
            target.framework,
            version=version,
            release=target.release,
        )

    def frame(self, number: int, implementations: Sequence[str]) -> bytes:
        """Returns the frame of the request with this number to these implementations."""
        header: dict[str, Any] = {
            "type": "run",
            "id": number,
            "case": self.case.to_dict(),
            "implementations": list(implementations),
        }
        if self.probe is None:
            arrays = self.problem.data.arrays()
            if "g" not in arrays and any(self.is_open(name) for name in implementations):
                arrays["pool"] = self.problem.pool
            return encode(header, _wire(arrays, self.case.dtype))
        header["type"] = "probe"
        header["operation"] = self.probe.operation
        header["case"] |= self.probe.patch
        header["options"] = dict(self.probe.options)
        return encode(header, wire(self.probe.arrays))


def job_of(case: Case, implementation: str) -> Job:
    """Returns the job of a case for one implementation, with the demands of its documents."""
    meaning = interpret(case, implementation)
    return Job(Problem(case, meaning.geometry), {implementation: meaning})


def wire(arrays: Mapping[str, Array]) -> Arrays:
    """Returns arrays with the names of their dtypes, as frames hold them."""
    return {name: _wire({name: array}, str(array.dtype))[name] for name, array in arrays.items()}


def _wire(arrays: Mapping[str, Array], dtype: str) -> Arrays:
    bits: np.dtype[Any] = NUMPY_DTYPES["bfloat16"]
    return {
        name: ("bfloat16", array.view("uint16")) if array.dtype == bits else (dtype, array)
        for name, array in arrays.items()
    }
