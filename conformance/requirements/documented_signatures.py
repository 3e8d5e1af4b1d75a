"""The documented signatures, by introspection and by calling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from conformance.answers import Answer, Outcome
from conformance.case import Case
from conformance.requirements.bench import Bench, fault, same
from conformance.requirements.interfaces import ANY, REQUIRED, Arguments, interface
from conformance.requirements.requirement import (
    Probed,
    Trial,
    differs,
    not_applicable,
    passed,
    reported,
    unsupported,
)

# Every number is another one, so that no two arguments can be exchanged unseen.
_ONE: Final = "v1_1d_n2_ci8_co10_i9_k5_s6_p1_op3_d7_g2_b_f32_int.31"
_TWO: Final = "v1_2d_n2_ci8_co10_i9x8_k5x5_s6x6_p1x1_op3x3_d7x7_g2_b_f32_int.31"
# Nothing but what has no default.
_LEAST_ONE: Final = "v1_1d_n2_ci2_co3_i4_k3_b_f32_int.32"
_LEAST_TWO: Final = "v1_2d_n2_ci2_co3_i4x3_k3x3_b_f32_int.32"

_R_WORDS: Final = {"True": "TRUE", "False": "FALSE", "None": "NULL"}


def _order(bench: Bench) -> Iterator[Trial]:
    """The names in the documented order; more may follow."""
    for what, documented, found in _signatures(bench):
        names, there = [name for name, _ in documented], [name for name, _ in found]
        if there[: len(names)] == names:
            yield passed(message=f"{what}: {', '.join(there)}")
        else:
            yield differs(f"{what}: documented is ({', '.join(names)}), found is ({', '.join(there)})")
    yield from _not_introspected(bench)


def _defaults(bench: Bench) -> Iterator[Trial]:
    """Each documented argument has its documented default, or none."""
    for what, documented, found in _signatures(bench):
        there = dict(found)
        for name, default in documented:
            if default is ANY or name not in there:
                continue
            wanted = None if default is REQUIRED else repr(default)
            actual = there[name]
            if not _same_default(wanted, actual):
                yield differs(f"{what}: {name} defaults to {_said(actual)}, documented is {_said(wanted)}")
            else:
                yield passed(message=f"{what}: {name} defaults to {_said(actual)}")
    yield from _not_introspected(bench)


def _same_default(wanted: str | None, actual: str | None) -> bool:
    if wanted is None or actual is None:
        return wanted is actual
    return actual.replace('"', "'") in (wanted, _R_WORDS.get(wanted, wanted))


def _said(default: str | None) -> str:
    return "nothing" if default is None else default


def _signatures(bench: Bench) -> Iterator[tuple[str, Arguments, list[tuple[str, str | None]]]]:
    """What is called, its documented arguments, and those found."""
    about = interface(bench.implementation)
    if about is None:
        return
    for what, documented in (("construct", about.construct), ("forward", about.forward)):
        found = bench.signature().get(what)
        if documented and found:
            yield what, documented, found


def _not_introspected(bench: Bench) -> Iterator[Trial]:
    if interface(bench.implementation) is None:
        yield not_applicable("no signature is documented")
    elif not any(bench.signature().get(what) for what in ("construct", "forward")):
        yield unsupported("it cannot be introspected")


def _distinct(bench: Bench) -> Case | None:
    """A case that must work in which all arguments differ, as far as the API has them."""
    case = Case.parse(_ONE if bench.ndim == 1 else _TWO)
    for simpler in (case, case.replace(output_padding=(0,) * case.ndim)):
        if bench.requires(simpler):
            return simpler
    return None


def _positional(bench: Bench) -> Iterator[Trial]:
    """All that a case says, by position: the first two, three and so on arguments, then all of them."""
    case, about = _distinct(bench), interface(bench.implementation)
    if case is None or about is None:
        yield not_applicable("no call in which all arguments differ must work")
        return
    documented = about.construct or about.forward
    names = [name for name, _ in documented]
    said = [name for name in names if name not in _UNSAID]
    last = max(names.index(name) for name in said)
    between = {name: default for name, default in documented[: last + 1] if name in _UNSAID}
    arrays = bench.arrays(case)
    by_name = bench.call(case, arrays, infer=False)
    trial = fault(by_name, case)
    for count in range(1, last + 2):
        if trial is not None:
            yield trial
            return
        first = names[:count]
        unsaid = {name: default for name, default in between.items() if default is not ANY}
        answer = bench.call(case, arrays, positional=first, arguments=unsaid)
        trial = fault(answer, case)
        if trial is None:
            words = f"{', '.join(first)} by position"
            yield (
                passed(case, words)
                if _alike(answer, by_name)
                else differs(f"{words}: the result is not that of the same arguments by name", case)
            )


def _alike(answer: Answer, other: Answer) -> bool:
    """Whether two answers bring the same parameters and arrays."""
    return (
        answer.parameters == other.parameters
        and answer.arrays.keys() == other.arrays.keys()
        and all(same(array, other.arrays[name]) for name, array in answer.arrays.items())
    )


# Arguments that a case says nothing of: they are given their defaults where others follow them.
_UNSAID: Final = frozenset(
    {"weight_attr", "padding_mode", "device", "dtype", "weight_init", "bias_init", "output_size", "name"}
)


def _least(bench: Bench) -> Case:
    """A case that the API can express with the defaults alone."""
    case = Case.parse(_LEAST_ONE if bench.ndim == 1 else _LEAST_TWO)
    if bench.implementation.startswith("mindspore.nn."):
        return case.replace(padding="same", bias=False)
    return case


def _omitted(bench: Bench) -> Iterator[Trial]:
    """Each optional argument left out alone, then all: as with the documented defaults written out."""
    about, case = interface(bench.implementation), _least(bench)
    if about is None or not bench.expresses(case):
        yield not_applicable("no signature is documented")
        return
    arrays = bench.arrays(case)
    written = bench.call(case, arrays, infer=False)
    trial = fault(written, case)
    if trial is not None:
        yield trial
        return
    others = ("dtype", "device") if bench.module else ("bias",)  # of a function, a tensor of the case
    optional = [
        name
        for name, default in about.construct or about.forward
        if default is not REQUIRED and name not in others
    ]
    for names in (*([name] for name in optional), optional):
        answer = bench.call(case, arrays, omitted=names)
        words = ", ".join(names)
        trial = fault(answer, case)
        if trial is not None:
            yield Trial(trial.verdict, f"without {words}: {trial.message}", case)
            return
        if _alike(answer, written):
            yield passed(case, f"without {words}")
        else:
            yield differs(f"without {words} the result is not that of the documented defaults", case)


def _unknown(bench: Bench) -> Iterator[Trial]:
    """A misspelt keyword is not passed over."""
    case = _least(bench)
    if not bench.expresses(case):
        yield not_applicable("the API cannot express the call")
        return
    arrays = bench.arrays(case)
    arrays.pop("g", None)
    for name in ("strides", "kernel", "no_such_argument"):
        answer = bench.call(case, arrays, refusable=True, arguments={name: 2})
        if answer.outcome is Outcome.RAISED:
            yield passed(message=f"{name}=2: refused in {answer.stage}: {answer.message}")
        elif answer.outcome is Outcome.OK or answer.shape is not None:
            yield differs(f"{name}=2 is accepted, though there is no such argument")
        else:
            yield fault(answer) or reported(answer.message)


def _probed(
    identifier: str, statement: str, trials: Callable[[Bench], Iterator[Trial]], **more: Any
) -> Probed:
    return Probed(id=f"signature.{identifier}", statement=statement, source="suite", trials=trials, **more)


REQUIREMENTS: Final = (
    _probed(
        "order",
        "The arguments have their documented names, in the documented order.",
        _order,
        quick=True,
    ),
    _probed("defaults", "The arguments have their documented defaults.", _defaults, quick=True),
    _probed(
        "positional",
        "Arguments passed by position, in the documented order, mean what they do by name.",
        _positional,
    ),
    _probed(
        "omitted",
        "A call without an optional argument is the call with its documented default.",
        _omitted,
    ),
    _probed("unknown", "An argument of a name that is not documented is refused.", _unknown),
)
