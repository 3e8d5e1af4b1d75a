"""Signatures: held to by what is documented, and a wrong name, order, default or reading is found."""

from __future__ import annotations

import pytest

from conv_transpose_conformance.frameworks.interface import ANY, REQUIRED
from conv_transpose_conformance.frameworks.registry import implementation as declared
from conv_transpose_conformance.frameworks.registry import select
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.requirement import Result
from conv_transpose_conformance.requirements.properties import signatures
from tests.support.prober import prober

BY_ID = {r.id.removeprefix("signature."): r for r in signatures.REQUIREMENTS}
MODULE, FUNCTION = "torch.nn.ConvTranspose1d", "torch.nn.functional.conv_transpose1d"
IMPLEMENTATIONS = [name for name in select([]) if not name.startswith("r.")]


def documented(implementation):
    """What introspection of a faithful implementation gives."""
    about = declared(implementation).documented.interface
    return {
        what: [(name, None if d is REQUIRED else "there" if d is ANY else repr(d)) for name, d in arguments]
        for what, arguments in (("construct", about.construct), ("forward", about.forward))
        if arguments
    }


def faithful(implementation, **spoils):
    made = prober(implementation, **spoils)
    made._signature = documented(implementation)
    made.runner.adapter.callables = lambda _name: {}
    return made


def examined(name, on):
    result = Result(name, on.implementation, on.framework, probed=True)
    for trial in BY_ID[name].trials(on):
        result.add(trial)
    return result


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("name", ["order", "defaults", "positional", "omitted"])
def test_a_faithful_implementation_passes(name, implementation):
    found = examined(name, faithful(implementation))
    assert found.verdict is Verdict.PASS, found.plain()


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_exchanged_renamed_and_missing_arguments_diverge(implementation):
    for what, arguments in documented(implementation).items():
        for changed in (
            [*arguments[1:], arguments[0]],
            [("renamed", arguments[0][1]), *arguments[1:]],
            arguments[:-1],
            [arguments[0], ("inserted", "None"), *arguments[1:]],
        ):
            if changed and changed[: len(arguments)] != arguments:
                on = faithful(implementation)
                on._signature[what] = changed
                assert examined("order", on).verdict is Verdict.DIVERGE, changed


def test_an_argument_more_at_the_end_is_no_fault():
    on = faithful(MODULE)
    on._signature["construct"].append(("name", "None"))
    assert examined("order", on).verdict is Verdict.PASS


@pytest.mark.parametrize("default", ["2", None, "'1'", "1.0"])
def test_another_default_diverges(default):
    on = faithful(MODULE)
    on._signature["construct"][3] = ("stride", default)
    found = examined("defaults", on)
    assert found.verdict is Verdict.DIVERGE
    assert "stride defaults to" in found.plain()["message"]


def test_defaults_of_r_are_read():
    on = prober(MODULE)
    on.implementation = "r.torch.nn_conv_transpose1d"
    written = {"True": "TRUE", "None": "NULL", "'zeros'": '"zeros"'}
    on._signature = {
        what: [(name, default and written.get(default, default)) for name, default in arguments]
        for what, arguments in documented("r.torch.nn_conv_transpose1d").items()
    }
    assert {trial.verdict for trial in BY_ID["defaults"].trials(on)} == {Verdict.PASS}


@pytest.mark.parametrize("name", ["order", "defaults"])
def test_what_cannot_be_introspected_is_unsupported(name):
    on = prober(FUNCTION)
    on._signature = {}
    assert examined(name, on).verdict is Verdict.UNSUPPORTED


@pytest.mark.parametrize("implementation", [MODULE, FUNCTION, "paddle.nn.functional.conv2d_transpose"])
def test_a_misread_position_diverges(implementation):
    def misread(array, call):  # the seventh is taken for another
        return array + (len(call.options.positional) >= 7)

    assert examined("positional", faithful(implementation, values=misread)).verdict is Verdict.DIVERGE


@pytest.mark.parametrize("name", ["stride", "padding", "groups", "bias"])
def test_a_default_that_is_not_the_documented_one_diverges(name):
    def another(array, call):
        return array + (name in call.options.omitted)

    found = examined("omitted", faithful(MODULE, values=another))
    assert found.verdict is Verdict.DIVERGE
    assert name in found.plain()["message"]


def test_an_unknown_argument_that_is_passed_over_diverges():
    found = examined("unknown", faithful(MODULE))  # the fake passes over what it does not know
    assert found.verdict is Verdict.DIVERGE

    def refuse(array, call):
        if call.options.arguments:
            raise TypeError("unexpected keyword")
        return array

    assert examined("unknown", faithful(MODULE, values=refuse)).verdict is Verdict.PASS


@pytest.mark.parametrize("name", ["order", "defaults"])
def test_a_function_that_cannot_be_introspected_is_not_held_against_anyone(name):
    on = prober(FUNCTION)
    on.runner.adapter.callables = lambda _name: {"forward": dict}  # written in C, without a signature
    found = examined(name, on).plain()
    assert found["verdict"] == "unsupported"
    assert found["message"] == "it cannot be introspected: Python has no signature for it"
