"""Variants of an implementation: how many calls a slow one gets, and what shapes alone decide."""

from __future__ import annotations

import pytest
from attrs import evolve

from conv_transpose_conformance.adapters.base import Unsupported
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.execution.case_runner import CaseRunner
from conv_transpose_conformance.frameworks import registry
from conv_transpose_conformance.frameworks.registry import implementation
from conv_transpose_conformance.judging.answers import Outcome
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.probe import Prober
from conv_transpose_conformance.requirements.base.requirement import Probed
from conv_transpose_conformance.requirements.catalogue import catalogue
from conv_transpose_conformance.requirements.properties.parameter_sets import directed
from conv_transpose_conformance.requirements.refusals.tensors import _input_rank
from tests.support.prober import prober

API = "torch.nn.ConvTranspose2d"
COMPILED, META, MAPPED = (f"{API}+{variant}" for variant in ("compile", "meta", "vmap"))


def verdicts(identifier, on):
    on.begin()
    return [trial.verdict for trial in catalogue()[identifier].trials(on)]


def test_a_slow_variant_gets_one_try_of_each_requirement():
    plain, slow = prober(API), prober(COMPILED)
    assert len(verdicts("relation.batch", plain)) > 1
    assert plain.left_out == 0
    assert verdicts("relation.batch", slow) == [Verdict.PASS]
    assert len(slow.runner.asked) == 4  # a try is made to its end: three images alone, and together
    assert slow.left_out == len(verdicts("relation.batch", plain)) - 1


def test_a_quick_variant_gets_every_try():
    plain, quick = prober(API), prober(MAPPED)
    for identifier in ("relation.batch", "accept.sequence", "special.nan-input"):
        assert len(verdicts(identifier, quick)) == len(verdicts(identifier, plain)), identifier
        assert quick.left_out == 0


def test_every_requirement_tries_something_on_a_slow_variant():
    slow = prober(COMPILED)
    for identifier, found in catalogue().items():
        if isinstance(found, Probed) and found.concerns(COMPILED) and not found.making and not found.needs:
            assert verdicts(identifier, slow), identifier


def test_a_call_that_construction_refuses_is_not_counted_against_a_slow_face():
    def refused(made, call):
        if call.options.arguments:
            raise ValueError("no such layer")
        return made

    slow = prober(COMPILED, parameters=refused)
    found = verdicts("reject.pairs", slow)
    assert set(found) == {Verdict.PASS}
    assert len(found) > 30
    assert slow.left_out == 0


def told(shape):
    """A variant whose output has this shape and no values."""

    class Told(type(prober(META).runner.adapter)):
        def call(self, *arguments):
            call = super().call(*arguments)

            def described(_output):
                right = shape or [len(call.x), call.case["out_channels"], *call.geometry.output_size]
                return right, call.case["dtype"]

            def fetch(_output):
                raise Unsupported("a meta tensor has no values")

            call.forward, call.shape_and_dtype, call.fetch = object, described, fetch
            return call

    on = prober(META)
    on.runner.adapter = Told({})
    return on


@pytest.mark.parametrize("identifier", ["accept.view.strided", "accept.sequence", "T2.stride"])
def test_where_there_are_no_values_the_shape_is_judged(identifier):
    assert set(verdicts(identifier, told(None))) == {Verdict.PASS}
    assert set(verdicts(identifier, told([2, 3, 1, 1]))) == {Verdict.DIVERGE}


def test_where_there_are_no_values_what_has_a_shape_was_accepted():
    assert verdicts("reject.stride.zero", told([2, 4, 3, 4])) == [Verdict.DIVERGE] * 3
    assert verdicts("reject.input.dtype", told([2, 4, 7, 9])) == [Verdict.ALLOWED] * 5


def test_a_mapped_layer_takes_a_batch_of_batches():
    plain, mapped = (
        [a for a in rejected if a.words.startswith("an input of shape [1, 2, 4, 3, 4]")]
        for rejected in (list(_input_rank(prober(name))) for name in (API, MAPPED))
    )
    assert not plain[0].readings
    (reading,) = mapped[0].readings.values()
    assert reading.shape == (1, 2, 4, 7, 9)


def test_a_probe_waits_for_a_compiler_as_long_as_a_case(fake, monkeypatch):
    """The patience of the implementation is added to the deadline."""
    compiled = evolve(implementation(COMPILED), patience=0.6)
    monkeypatch.setitem(registry._implementations(), COMPILED, (registry.framework("torch"), compiled))
    hanging = fake(implementations={COMPILED: "hang", API: "hang"})
    for name, seconds in ((COMPILED, 0.8), (API, 0.2)):
        with CaseRunner(Target("torch"), hanging.python, deadline=0.2) as runner:
            on = Prober(name, runner)
            answer = on.call(next(directed(on)))
        assert answer.outcome is Outcome.HANG
        assert answer.message == f"no answer within {seconds:g} s (2 of 2 times)"
