"""Answers to probes that are not what was asked for are named, and no check stumbles over one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conv_transpose_conformance.adapters.probe import probe
from conv_transpose_conformance.adapters.protocol import encode
from conv_transpose_conformance.adapters.worker import run
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES
from conv_transpose_conformance.frameworks.registry import all_implementations, framework_of
from conv_transpose_conformance.judging.answers import Outcome, read_answer
from conv_transpose_conformance.judging.verdicts import FAILING, Verdict
from conv_transpose_conformance.requirements import examine as module
from conv_transpose_conformance.requirements.base.answer_checks import mismatch
from conv_transpose_conformance.requirements.base.probe import Prober, fault, plain_case
from conv_transpose_conformance.requirements.base.requirement import Probed
from conv_transpose_conformance.requirements.catalogue import choose
from conv_transpose_conformance.requirements.examine import Subject
from tests.support.examining import results_of
from tests.support.prober import FakeRunner, prober, received

NAMES = ("torch.nn.ConvTranspose1d", "paddle.nn.Conv1DTranspose", "mindspore.mint.nn.ConvTranspose2d")


def every(change):
    """An odd answer in which each array is another, and the header says so."""

    def odd(answer, arrays):
        found = {}
        for name, (dtype, array) in arrays.items():
            other = change(array)
            found[name] = (dtype if other.dtype == array.dtype else other.dtype.name, other)
        if "values" in found:
            dtype, values = found["values"]
            answer = {**answer, "shape": list(values.shape), "dtype": dtype}
        return answer, found

    return odd


def without_values(answer, arrays, **said):
    if "values" not in arrays:
        return answer, arrays
    return {**answer, **said}, {name: array for name, array in arrays.items() if name != "values"}


def one_more(name):
    return lambda answer, arrays: (answer, {**arrays, name: ("float32", np.zeros(2, np.float32))})


# what a worker answers -> whether nothing that was promised a result can be judged
ODD = {
    "an array nobody knows": (one_more("souvenir"), True),
    "an array of another operation": (one_more("second_g"), False),
    "no arrays": (lambda answer, arrays: (answer, {}), True),
    "no values of a dtype nobody knows": (lambda a, o: without_values(a, o, dtype="quint8"), False),
    "no values and no shape": (lambda a, o: without_values(a, o, shape=None, dtype=None), False),
    "a negative shape": (lambda a, o: without_values(a, o, shape=[-1, -1]), False),
    "a dimension more": (every(lambda array: array[..., None]), False),
    "no dimensions": (every(lambda array: np.zeros((), array.dtype)), False),
    "an empty dimension": (every(lambda array: array[:0]), False),
    "a shorter dimension": (every(lambda array: array[..., :-1]), False),
    "integers": (every(lambda array: np.zeros(array.shape, np.int32)), False),
    "truth values": (every(lambda array: np.zeros(array.shape, bool)), False),
    "complex numbers": (every(lambda array: np.zeros(array.shape, np.complex64)), False),
    "no parameters": (lambda answer, arrays: ({**answer, "parameters": {}}, arrays), False),
    "odd parameters": (lambda a, o: ({**a, "parameters": {"weight": [[], "?"]}}, o), False),
    "an odd signature": (lambda a, o: ({**a, "facts": {"construct": [["x"]], "forward": None}}, o), False),
}


class Odd(FakeRunner):
    """Answers as the reference, but for what ``change`` makes of it."""

    def __init__(self, change, device="cpu"):
        super().__init__({})
        self.change, self.device = change, device

    def start(self):
        return {"device": self.device, "version": "0"}

    def answer(self, job, implementation):
        header, arrays = received(job.frame(0, [implementation]))
        bits = NUMPY_DTYPES["bfloat16"]
        plain = {name: a.view(bits) if dtype == "bfloat16" else a for name, (dtype, a) in arrays.items()}
        asked = (implementation, header["case"], plain, header["options"])
        operation = header["operation"]
        answer, out = (
            run(self.adapter, *asked) if operation == "call" else probe(self.adapter, operation, *asked)
        )
        if answer["status"] == "ok":
            answer, out = self.change(answer, out)
        answer = {"type": "answer", "implementation": implementation, **answer}
        return read_answer(*received(encode(answer, out)), probe=True)


@pytest.fixture
def results(monkeypatch):
    """What is found of requirements where the worker's answers are changed, by the requirements' names."""

    def find(requirements, name, change, device="cpu"):
        monkeypatch.setattr(module, "CaseRunner", lambda *_arguments: Odd(change, device))
        subject = Subject(framework_of(name), Path("python"), {name: name})
        return {result.requirement: result for result in results_of(requirements, subject)}

    return find


def probed(name):
    globs = ["M2.*"] if "mint" in name else []  # the rest is asked of it as of the others
    return [r for r in choose(globs) if isinstance(r, Probed) and r.concerns(name)]


def of_layers(name):
    """Those that are decided by results which must come."""
    groups = ("relation.", "derivative.", "special.", "dtype.")
    return [r for r in probed(name) if r.id.startswith(groups) and r.id != "derivative.same"]


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")
@pytest.mark.parametrize("odd", ODD, ids=lambda text: text.replace(" ", "-"))
@pytest.mark.parametrize("name", NAMES)
def test_every_requirement_has_a_verdict_whatever_comes(results, name, odd):
    change, everything = ODD[odd]
    anywhere = [requirement for requirement in probed(name) if not requirement.needs]
    of_cuda = [requirement for requirement in probed(name) if requirement.needs]
    found = results(anywhere, name, change) | results(of_cuda, name, change, "cuda")
    assert found.keys() == {requirement.id for requirement in probed(name)}
    for result in found.values():
        assert result.plain()["message"] or result.verdict not in FAILING
    for requirement in of_layers(name) if everything else ():
        result = found[requirement.id]
        message = result.plain()["message"]
        assert result.verdict is Verdict.NOT_APPLICABLE or (
            result.verdict is Verdict.ERROR and "the worker's answer is invalid" in message
        ), message


@pytest.mark.parametrize("name", NAMES)
def test_an_honest_answer_is_never_invalid(results, name):
    for result in results(of_layers(name), name, lambda answer, arrays: (answer, arrays)).values():
        assert "invalid" not in result.plain()["message"]


@pytest.mark.parametrize(
    ("change", "outcome", "words"),
    [
        (
            ODD["a dimension more"][0],
            "misfit",
            "values has the shape [1, 1, 1, 1] instead of 3 non-empty dimensions",
        ),
        (ODD["integers"][0], "misfit", "values has the dtype int32"),
        (ODD["no values and no shape"][0], "invalid", "no values for an output of shape [] and dtype None"),
        (ODD["an array of another operation"][0], "invalid", "unexpected array 'second_g'"),
        (
            lambda a, o: (a, {**o, "grad_weight": ("float32", np.zeros((1, 1), np.float32))}),
            "misfit",
            "grad_weight has the shape [1, 1] instead of [1, 1, 1]",
        ),
    ],
)
def test_an_answer_that_does_not_fit_its_call_is_named_and_its_arrays_dropped(change, outcome, words):
    subject = Prober(NAMES[0], Odd(change))
    answer = subject.call(plain_case(1))
    assert (str(answer.outcome), answer.arrays) == (outcome, {})
    assert words in answer.message
    assert fault(answer).verdict is (Verdict.ERROR if outcome == "invalid" else Verdict.DIVERGE)
    # of a call that may have to be refused nothing is promised
    assert subject.call(plain_case(1), refusable=True).outcome is Outcome.OK


def test_an_empty_batch_has_an_empty_output():
    case = plain_case(1).replace(batch=0)
    x, w = np.zeros((0, 1, 1), np.float32), np.ones((1, 1, 1), np.float32)
    answer = prober(NAMES[0]).call(case, {"x": x, "w": w})
    assert answer.outcome is Outcome.OK
    assert mismatch("call", answer, {"x": x, "w": w}, ndim=1) is None


def test_a_signature_that_is_none_is_named(results):
    (found,) = results(choose(["signature.order"]), NAMES[0], ODD["an odd signature"][0]).values()
    assert found.verdict is Verdict.ERROR
    assert "the worker's answer is invalid: expected arguments of 'construct'" in found.plain()["message"]


def test_the_implementations_of_this_file_exist():
    assert set(NAMES) <= set(all_implementations())
