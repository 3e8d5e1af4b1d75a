"""Each adapter against a script that calls its framework by hand: the same numbers, to the bit."""

from __future__ import annotations

from operator import attrgetter

import numpy as np
import pytest

from conv_transpose_conformance.cases.meaning import Acceptance
from conv_transpose_conformance.frameworks.registry import (
    cannot_express,
    interpret,
    registry,
    wrong_ndim,
)
from conv_transpose_conformance.judging.answers import Outcome
from tests.support.real import by_hand, by_the_suite

pytestmark = pytest.mark.frameworks

BY_HAND = {
    framework: [
        name
        for name in map(attrgetter("name"), registry().frameworks[framework].implementations)
        if ".mint." not in name and "+" not in name
    ]
    for framework in registry().frameworks
}


def plain(case, name) -> bool:
    """What the scripts can say: batched, channels first, symmetric numbers."""
    cannot = cannot_express(name, case)
    return (
        not wrong_ndim(name, case)
        and cannot is None
        and case.symmetric
        and case.batch is not None
        and case.layout == "channels_first"
        and case.output_size is None
        and interpret(case, name).acceptance is Acceptance.REQUIRED
    )


@pytest.mark.parametrize("framework", registry().frameworks)
def test_the_adapter_calls_what_a_user_would(framework, framework_python, quick_cases):
    python = framework_python(framework)
    asked = []
    for name in BY_HAND[framework]:
        fitting = [case for case in quick_cases if plain(case, name)]
        asked += [(case, name) for case in fitting[:: max(1, len(fitting) // 30)][:30]]
    assert len(asked) >= 30 * len(BY_HAND[framework])
    answers = by_the_suite(python, asked)
    for (case, name), answer, direct in zip(asked, answers, by_hand(python, asked), strict=True):
        assert answer.outcome is Outcome.OK, (name, case.id, answer.message)
        assert answer.arrays.keys() == direct.keys(), (name, case.id)
        for key, values in direct.items():
            ours = answer.arrays[key]
            assert str(ours.dtype) == case.dtype
            assert np.array_equal(ours.astype(np.float64), values, equal_nan=True), (name, case.id, key)


@pytest.mark.parametrize("framework", registry().frameworks)
def test_parameters_are_told_as_the_framework_made_them(framework, framework_python, quick_cases):
    python = framework_python(framework)
    declared = registry().frameworks[framework].implementations
    names = [one.name for one in declared if one.is_layer and not one.variant]
    asked = []
    for name in names:
        fitting = [case for case in quick_cases if plain(case, name)]
        asked += [(case, name) for case in fitting[::200][:4]]
    for (case, name), answer in zip(asked, by_the_suite(python, asked), strict=True):
        expected = {"weight": (case.weight_shape, case.dtype)}
        if case.bias:
            expected["bias"] = ((case.out_channels,), case.dtype)
        assert answer.parameters == expected, (name, case.id)
