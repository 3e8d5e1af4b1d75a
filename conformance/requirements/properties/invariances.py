"""Results do not depend on the rest of the batch, the layout, layer or function, or repetition.

On integers this holds to the last bit.  Each function tries one parameter set.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from attrs import evolve

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.comparing import NoResult, hold, results, tried
from conv_transpose_conformance.requirements.base.probe import Prober, same
from conv_transpose_conformance.requirements.base.trial import (
    Trial,
    differs,
    not_applicable,
    passed,
    reported,
    unsupported,
)
from conv_transpose_conformance.requirements.properties.counterpart import counterpart
from conv_transpose_conformance.requirements.properties.parameter_sets import directed, every_other, where
from conv_transpose_conformance.requirements.properties.relations import relation


@tried
def batch_independent(prober: Prober, case: Case) -> Trial:
    """Every item of a batch gives the same output as alone; the parameters' gradients add up."""
    arrays = prober.arrays(case)
    alone = case.replace(batch=1)
    parts = [
        results(prober, alone, {**arrays, "x": arrays["x"][at : at + 1], "g": arrays["g"][at : at + 1]})
        for at in range(case.batch or 0)
    ]
    expected = {
        name: np.sum([part[name] for part in parts], 0)
        if name in ("grad_weight", "grad_bias")
        else np.concatenate([part[name] for part in parts])
        for name in parts[0]
    }
    hold(results(prober, case, arrays), expected, case, "the results of the single items")
    return passed(case)


@tried
def unbatched(prober: Prober, case: Case) -> Trial:
    """An input without a batch dimension gives the same output as a batch of one."""
    one, none = case.replace(batch=1), case.replace(batch=None)
    arrays = prober.arrays(one)
    expected = dict(results(prober, one, arrays))
    for name in ("values", "grad_input"):
        if name in expected:
            expected[name] = expected[name][0]
    given = {name: array[0] if name in ("x", "g") else array for name, array in arrays.items()}
    hold(results(prober, none, given), expected, none, "the result of a batch of one")
    return passed(none)


@tried
def channels_last(prober: Prober, case: Case) -> Trial:
    """Channels last equals channels first: by the API's data format or, without one, in memory."""
    arrays = prober.arrays(case)
    expected = results(prober, case, arrays)
    last = case.replace(layout="channels_last")
    if prober.expresses(last):
        found = results(prober, last, arrays)
    else:
        last, found = case, results(prober, case, arrays, view="channels_last")
    hold(found, expected, last, "the channels-first result")
    return passed(last)


@tried
def module_equals_functional(prober: Prober, case: Case) -> Trial:
    """The layer and the function of the same framework agree."""
    name = counterpart(prober.implementation)
    if name is None:
        return not_applicable("the framework does not have exactly one layer and one function")
    other = Prober(name, prober.runner)
    if not other.expresses(case):
        return not_applicable(f"{name} cannot express the case")
    arrays = prober.arrays(case)
    hold(results(prober, case, arrays), results(other, case, arrays), case, f"the result of {name}")
    return passed(case)


@tried
def unmodified(prober: Prober, case: Case) -> Trial:
    """A call leaves its tensors unchanged."""
    arrays = prober.arrays(case)
    after = results(prober, case, arrays, "inputs")
    for name in ("x", "w", "b"):
        if name in arrays and not same(after.get(name), arrays[name]):
            return differs(f"a forward and a backward pass changed {name}", case)
    return passed(case)


@tried
def repeatable(prober: Prober, case: Case) -> Trial:
    """A fresh layer, and a second call of the same layer, give the same bits.

    On integers every order of summation is exact, so that any difference is a difference of values.  On reals
    the order may differ, which is reported: no document promises equal bits without deterministic mode.
    """
    for drawn in (case, _real(case)):
        arrays = prober.arrays(drawn)
        first = results(prober, drawn, arrays)
        for again, how in (("call", "in a fresh layer"), ("twice", "the second time")):
            found = results(prober, drawn, arrays, again)
            try:
                hold(found, first, drawn, f"the first result, {how}")
            except NoResult as ended:
                if drawn is case:
                    raise
                return reported(f"on reals, {ended.trial.message}", drawn)
    return passed(case)


@tried
def deterministic(prober: Prober, case: Case) -> Trial:
    """In the framework's deterministic mode, every call gives the same bits."""
    drawn = _real(case)
    arrays = prober.arrays(drawn)
    try:
        first = results(prober, drawn, arrays, deterministic=True)
    except NoResult as ended:
        if ended.trial.verdict is Verdict.ERROR and "determinis" in ended.trial.message:
            return unsupported(ended.trial.message, drawn)
        raise
    for again, how in (("call", "in a fresh layer"), ("twice", "the second time"), ("call", "once more")):
        hold(
            results(prober, drawn, arrays, again, deterministic=True),
            first,
            drawn,
            f"the first result, {how}",
        )
    return passed(drawn)


def _real(case: Case) -> Case:
    return case.replace(recipe=evolve(case.recipe, kind="real"))


def _unbatched(prober: Prober) -> Iterator[Case]:
    return (case for case in directed(prober) if prober.requires(case.replace(batch=None)))


REQUIREMENTS: Final = (
    relation(
        "batch",
        "The items of a batch must be independent; the parameter gradients must be their sums.",
        batch_independent,
        where(lambda case: (case.batch or 0) > 1),
    ),
    relation(
        "unbatched",
        "An input without a batch dimension must give the result of a batch of one.",
        unbatched,
        _unbatched,
    ),
    relation("channels-last", "Channels last must give the result of channels first.", channels_last),
    relation(
        "module-functional", "The layer and the function must give the same result.", module_equals_functional
    ),
    relation(
        "unmodified",
        "A forward and a backward pass must leave input, weight and bias unchanged.",
        unmodified,
    ),
    relation(
        "repeatable",
        "The same call must give the same bits, in a fresh layer and the second time.",
        repeatable,
        every_other,
        note="on reals a difference is only reported: no document promises identical bits without "
        "determinism",
    ),
    relation(
        "deterministic",
        "With determinism switched on, the same call must give the same bits.",
        deterministic,
        every_other,
    ),
)
