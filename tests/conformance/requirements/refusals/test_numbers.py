"""Rejection: what refuses passes, what takes anything diverges, and costly failures are few."""

from __future__ import annotations

import numpy as np
import pytest

from conv_transpose_conformance.frameworks.registry import implementation as declared
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.requirement import Result
from conv_transpose_conformance.requirements.refusals import messages, numbers, options, tensors
from conv_transpose_conformance.requirements.refusals.invalid_call import ENOUGH
from tests.support.strict import strict_prober

ALL = (*numbers.REQUIREMENTS, *options.REQUIREMENTS, *tensors.REQUIREMENTS)
BY_ID = {r.id.removeprefix("reject."): r for r in ALL}
IMPLEMENTATIONS = (
    "torch.nn.ConvTranspose1d",
    "torch.nn.ConvTranspose2d",
    "torch.nn.functional.conv_transpose1d",
    "torch.nn.functional.conv_transpose2d",
    "paddle.nn.Conv2DTranspose",
    "paddle.nn.functional.conv1d_transpose",
    "mindspore.nn.Conv1dTranspose",
    "mindspore.nn.Conv2dTranspose",
)
MODULE = "torch.nn.ConvTranspose2d"


def examined(name, prober):
    result = Result(name, prober.implementation, prober.framework, probed=True)
    for trial in BY_ID[name].trials(prober):
        result.add(trial)
    return result


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_an_implementation_that_refuses_passes(implementation):
    prober = strict_prober(implementation)
    found = {name: examined(name, prober) for name in BY_ID}
    assert not {name: r.plain()["message"] for name, r in found.items() if r.failing}
    passing = {name for name, r in found.items() if r.verdict is Verdict.PASS}
    assert {"stride.zero", "dilation.negative", "input.channels", "pairs", "groups.dividing"} <= passing


def prober_of_another_result(*ignored):
    """Takes the arguments whatever they are, and its result is not that of any."""
    prober = strict_prober(MODULE, *ignored)
    prober.runner.adapter.spoils = {"values": _another}
    return prober


def _another(array, _call):
    return np.ones((*array.shape[:-1], array.shape[-1] + 1), array.dtype)


IMPOSSIBLE = [name for name in BY_ID if name.rpartition(".")[2] in ("zero", "negative", "too-large", "type")]


# the reference has no negative output paddings
@pytest.mark.parametrize("name", [name for name in IMPOSSIBLE if name != "output_padding.negative"])
def test_an_implementation_that_accepts_invalid_arguments_diverges(name):
    prober = prober_of_another_result(name.partition(".")[0], "tensors")
    assert examined(name, prober).verdict is Verdict.DIVERGE


@pytest.mark.parametrize(
    ("name", "implementation", "ignored"),
    [
        ("stride.length", MODULE, "stride"),
        ("padding.length", MODULE, "padding"),
        ("padding.exceeding", MODULE, "padding"),
        ("output_padding.beyond", "mindspore.nn.Conv2dTranspose", "output_padding"),
        ("groups.dividing", MODULE, "groups"),
        ("output_size.value", MODULE, "output_size"),
        ("output_size.type", MODULE, "output_size"),
        ("padding_mode", MODULE, "padding_mode"),
        ("data_format", "paddle.nn.Conv2DTranspose", "data_format"),
        ("dtype", MODULE, "dtype"),
        ("device", MODULE, "device"),
        ("start", "paddle.nn.Conv2DTranspose", "weight_attr"),
        ("start", "mindspore.nn.Conv2dTranspose", "bias_init"),
        ("pairs", MODULE, "stride"),
        ("input.rank", MODULE, "tensors"),
        ("input.channels", MODULE, "tensors"),
        ("input.dtype", MODULE, "tensors"),
        ("weight.shape", "torch.nn.functional.conv_transpose2d", "tensors"),
        ("weight.dtype", "torch.nn.functional.conv_transpose2d", "tensors"),
        ("bias.shape", "torch.nn.functional.conv_transpose2d", "tensors"),
        ("tensors.pairs", "torch.nn.functional.conv_transpose2d", "tensors"),
        ("bias.dtype", "torch.nn.functional.conv_transpose2d", "tensors"),
    ],
)
def test_an_implementation_that_ignores_an_invalid_argument_diverges(name, implementation, ignored):
    also = ("groups",) if name == "pairs" else ()
    found = examined(name, strict_prober(implementation, ignored, *also))
    assert found.verdict is Verdict.DIVERGE, found.plain()
    assert "accepted" in found.plain()["message"]


def test_a_conversion_that_is_right_is_reported_and_one_that_is_wrong_diverges():
    # the case has the number that 1.0 stands for
    right = examined("stride.conversion", strict_prober(MODULE, "stride"))
    assert not right.failing
    assert right.counts[Verdict.ALLOWED]
    assert examined("stride.conversion", prober_of_another_result("stride")).verdict is Verdict.DIVERGE
    assert examined("output_size.reach", prober_of_another_result("output_size")).verdict is Verdict.DIVERGE


def test_a_size_that_begins_with_the_channels_is_one_of_an_input_without_a_batch():
    ((plain,), (mapped,)) = (
        [a for a in options.single_faults(strict_prober(name)) if a.words == "output_size=[4, 9]"]
        for name in ("torch.nn.ConvTranspose1d", "torch.nn.ConvTranspose1d+vmap")
    )
    assert not plain.readings
    assert mapped.readings


def test_documents_that_say_what_raises_are_held_to_it():
    found = examined("padding.negative", strict_prober("mindspore.nn.Conv2dTranspose", "padding"))
    assert found.verdict is Verdict.DIVERGE
    assert "its document says" in found.plain()["message"]


class Failing:
    """A runner whose worker fails at every call that may have to be refused."""

    def __init__(self, **fields):
        self.fields, self.asked = fields, 0

    def answer(self, job, implementation):
        self.asked += 1
        return Answer(implementation=implementation, **self.fields)


@pytest.mark.parametrize(
    ("fields", "verdict", "asked"),
    [
        ({"outcome": Outcome.CRASH, "message": "SIGSEGV"}, Verdict.CRASH, ENOUGH[Verdict.CRASH]),
        ({"outcome": Outcome.HANG, "message": "no answer"}, Verdict.HANG, ENOUGH[Verdict.HANG]),
        ({"outcome": Outcome.INVALID, "message": "it lies"}, Verdict.ERROR, 5),
        ({"outcome": Outcome.OK, "shape": (2, 4, -1, -1)}, Verdict.DIVERGE, 5),
        ({"outcome": Outcome.RAISED, "stage": "output"}, Verdict.DIVERGE, 5),
        ({"outcome": Outcome.UNSUPPORTED, "shape": (2, 4, -1, -1)}, Verdict.DIVERGE, 5),
        ({"outcome": Outcome.UNSUPPORTED, "shape": (2, 4, 1, 1)}, Verdict.UNSUPPORTED, 1),
        # the call without a fault, which is asked last, raises too
        ({"outcome": Outcome.RAISED, "stage": "construct"}, Verdict.ERROR, 6),
    ],
)
def test_how_a_call_fails_is_told_apart_and_costly_failures_are_few(fields, verdict, asked):
    prober = strict_prober(MODULE)
    prober.runner = Failing(**fields)
    found = examined("stride.negative", prober)
    assert found.verdict is verdict
    assert prober.runner.asked == asked


def test_an_attempt_is_asked_once():
    prober = strict_prober(MODULE)
    first = examined("stride.zero", prober).plain()
    asked = len(prober.runner.asked)
    assert examined("stride.zero", prober).plain() == first
    assert len(prober.runner.asked) == asked


def test_messages_are_counted_and_never_fail():
    (requirement,) = messages.REQUIREMENTS
    (trial,) = requirement.trials(strict_prober(MODULE))
    assert trial.verdict is Verdict.ALLOWED
    assert trial.message.startswith("of 1")
    assert " refusals (" in trial.message
    assert " in construct)" in trial.message
    prober = strict_prober(MODULE)
    prober.runner = Failing(outcome=Outcome.RAISED, stage="forward", message="Error: no")
    (trial,) = requirement.trials(prober)
    assert " 0 name the argument, 0 the value, 0 the allowed values; " in trial.message
    assert "name none of these, for example" in trial.message


@pytest.mark.parametrize(
    ("text", "name", "value", "allowed"),
    [
        ("ValueError: stride must be positive, got 0", True, True, True),
        ("RuntimeError: non-positive stride is not supported", True, False, True),
        ("RuntimeError: could not create a primitive", False, False, False),
        ("ValueError: got 10, 0.5 or 1.0", False, False, False),
    ],
)
def test_a_message_names_the_argument_its_value_and_the_limit(text, name, value, allowed):
    assert messages.Message.of(text, "stride", "stride", 0) == messages.Message(name, value, allowed)


def test_every_argument_of_an_interface_is_found_by_its_role():
    def interface(name):
        return declared(name).documented.interface

    assert interface("mindspore.nn.Conv1dTranspose").name("groups") == "group"
    assert interface("paddle.nn.Conv1DTranspose").name("bias") == "bias_attr"
    assert interface("torch.nn.functional.conv_transpose1d").name("bias") is None
    assert interface("torch.nn.ConvTranspose1d+compile") is interface("torch.nn.ConvTranspose1d")
