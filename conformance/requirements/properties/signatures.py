"""Requirements on signatures: an API's documented arguments, by introspection and by calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.interface import ANY, PADDING_WORDS, REQUIRED, Arguments
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.probe import Prober, fault, same
from conv_transpose_conformance.requirements.base.requirement import Probed
from conv_transpose_conformance.requirements.base.trial import (
    Trial,
    differs,
    not_applicable,
    passed,
    reported,
    unsupported,
)

Found = Sequence[tuple[str, str | None]]  # each argument's name and its default as it is written

# All numbers differ, and none is True, so that every exchange of two arguments shows.
_DISTINCT: Final = (
    "v1_1d_n2_ci8_co10_i9_k5_s6_p4_op3_d7_g2_b_f32_int.31",
    "v1_2d_n2_ci8_co10_i9x8_k5x5_s6x6_p4x4_op3x3_d7x7_g2_b_f32_int.31",
)
# Only the arguments without a default.
_LEAST: Final = ("v1_1d_n2_ci2_co3_i4_k3_b_f32_int.32", "v1_2d_n2_ci2_co3_i4x3_k3x3_b_f32_int.32")
_WORDS: Final = {"TRUE": "True", "FALSE": "False", "NULL": "None"}
# Arguments without a field in cases.
_UNSAID: Final = frozenset(
    {"weight_attr", "padding_mode", "device", "dtype", "weight_init", "bias_init", "output_size", "name"}
)


def signature_as(documented: Arguments) -> Callable[[Prober], Iterator[Trial]]:
    """Returns trials of documented arguments: by introspection, and by passing all by position.

    The arguments are those of a layer's construction or of a function.
    """

    def trials(prober: Prober) -> Iterator[Trial]:
        yield introspected(prober, documented)
        case = _distinct(prober)
        if case is None:
            yield unsupported(
                "the documents do not require the call that tells the positions of arguments apart"
            )
            return
        given, names = _unsaid(documented), [name for name, _ in documented]
        by_name = prober.call(case, arguments=given)
        by_position = prober.call(case, arguments=given, positional=names)
        yield alike(by_position, by_name, case, "all by position", "the same arguments by name")

    return trials


def introspected(prober: Prober, documented: Arguments) -> Trial:
    """The arguments of a layer or a function begin with the documented ones, with their defaults."""
    found = prober.signature().get("construct" if prober.module else "forward")
    if not found:
        what = "layer" if prober.module else "function"
        return prober.signature_fault or unsupported(f"the adapter cannot list the {what}'s arguments")
    wrong = _misplaced(documented, found)
    defaults = (_contradicted(name, default, dict(found)[name]) for name, default in documented if not wrong)
    wrong = wrong or next(filter(None, defaults), None)
    if wrong:
        return differs(wrong)
    beyond = [name for name, _ in found[len(documented) :]]
    if not beyond:
        return passed()
    return passed(message=f"undocumented: {', '.join(beyond)}")


def alike(found: Answer, expected: Answer, case: Case, what: str, why: str) -> Trial:
    """Compares two answers in parameters, shapes, dtypes and every value.

    Without a kernel, it compares all earlier results.  ``what`` describes the answer found and ``why`` the
    expected one.
    """
    for answer in (expected, found):
        trial = fault(answer, case)
        if trial is not None and not inferred(answer):
            return Trial(trial.verdict, f"{what}: {trial.message}", case)
    if (found.shape, found.dtype, found.parameters) != (expected.shape, expected.dtype, expected.parameters):
        return differs(f"{what}: {_shown(found)} instead of {_shown(expected)}, the result of {why}", case)
    for name in (*expected.arrays, *found.arrays):
        if name not in expected.arrays or not same(found.arrays.get(name), expected.arrays[name]):
            return differs(f"{what}: {name} differs from that of {why}", case)
    return passed(case, f"{what}: same as {why}")


def inferred(answer: Answer) -> bool:
    """Whether the kernel is missing and everything before it ran."""
    return answer.outcome is Outcome.UNSUPPORTED and answer.shape is not None


def _shown(answer: Answer) -> str:
    return f"{answer.dtype}{list(answer.shape or ())} with {len(answer.parameters)} parameters"


def _misplaced(documented: Arguments, found: Found) -> str | None:
    """Describes the first documented argument out of place; None if there is none."""
    for place, (name, _) in enumerate(documented):
        if place >= len(found) or found[place][0] != name:
            there = f"is {found[place][0]!r}" if place < len(found) else "is missing"
            return f"argument {place + 1} {there}; the document says {name!r}"
    return None


def _contradicted(name: str, documented: Any, found: str | None) -> str | None:
    """Describes how a default in the source differs from the documented one; None if it does not."""
    wanted = None if documented is REQUIRED else repr(documented)
    if documented is ANY or _in_python(found) == wanted:
        return None
    return f"{name} defaults to {_said(found)}; the document says {_said(wanted)}"


def _in_python(default: str | None) -> str | None:
    """Returns a default in Python's notation, whatever language it was written in."""
    if default is None:
        return None
    text = default.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = f"'{text[1:-1]}'"
    if text[-1:] == "L" and text[:-1].isdigit():
        text = text[:-1]
    return _WORDS.get(text, text)


def _said(default: str | None) -> str:
    return "nothing" if default is None else default


def _unsaid(arguments: Arguments) -> dict[str, Any]:
    """Returns the documented defaults of arguments without a field in cases, where they can be written."""
    return {name: default for name, default in arguments if name in _UNSAID and default is not ANY}


def _order(prober: Prober) -> Iterator[Trial]:
    """The names are in the documented order; more may follow."""
    for what, documented, found in _signatures(prober):
        wrong, there = _misplaced(documented, found), ", ".join(name for name, _ in found)
        yield differs(f"{what}: {wrong}; found ({there})") if wrong else passed(message=f"{what}: {there}")
    yield from _not_introspected(prober)


def _defaults(prober: Prober) -> Iterator[Trial]:
    """Each documented argument has its documented default, or none."""
    for what, documented, found in _signatures(prober):
        there = dict(found)
        for name, default in documented:
            if default is ANY or name not in there:
                continue
            wrong = _contradicted(name, default, there[name])
            right = f"{name} defaults to {_said(there[name])}"
            yield differs(f"{what}: {wrong}") if wrong else passed(message=f"{what}: {right}")
    yield from _not_introspected(prober)


def _signatures(prober: Prober) -> Iterator[tuple[str, Arguments, Found]]:
    """Yields each callable's name, its documented arguments, and its arguments found."""
    about = prober.documented.interface
    if about is None:
        return
    for what, documented in (("construct", about.construct), ("forward", about.forward)):
        found = prober.signature().get(what)
        if documented and found:
            yield what, documented, found


def _not_introspected(prober: Prober) -> Iterator[Trial]:
    if prober.documented.interface is None:
        yield not_applicable("no signature is documented")
    elif not any(prober.signature().get(what) for what in ("construct", "forward")):
        yield prober.signature_fault or unsupported("the signature cannot be introspected")


def _distinct(prober: Prober) -> Case | None:
    """Returns a required case with different values for all arguments, as far as the API has them."""
    case = Case.parse(_DISTINCT[prober.ndim - 1])
    for simpler in (case, case.replace(output_padding=(0,) * case.ndim)):
        if prober.requires(simpler):
            return simpler
    return None


def _positional(prober: Prober) -> Iterator[Trial]:
    """Passes a case's arguments by position: the first, the first two and so on, then all of them."""
    case, about = _distinct(prober), prober.documented.interface
    if case is None or about is None:
        yield not_applicable("the documents require no call in which all arguments differ")
        return
    documented = about.construct or about.forward
    last = max(place for place, (name, _) in enumerate(documented) if name not in _UNSAID)
    names, given = [name for name, _ in documented[: last + 1]], _unsaid(documented[: last + 1])
    arrays = prober.arrays(case)
    by_name = prober.call(case, arrays, infer=False)
    trial = fault(by_name, case)
    if trial is not None:
        yield trial
        return
    for count in range(1, len(names) + 1):
        first = names[:count]
        answer = prober.call(case, arrays, positional=first, arguments=given, infer=False)
        words = f"{', '.join(first)} by position"
        yield alike(answer, by_name, case, words, "the same arguments by name")
        if fault(answer) is not None:
            return


def _least(prober: Prober) -> Case:
    """Returns a case that the API can express with the defaults alone."""
    case = Case.parse(_LEAST[prober.ndim - 1])
    about = prober.documented.interface
    if about is None:
        return case
    if about.default("padding_mode") in PADDING_WORDS:
        case = case.replace(padding=about.default("padding_mode"))
    return case.replace(bias=False) if about.default("bias") is False else case


def _omitted(prober: Prober) -> Iterator[Trial]:
    """Each optional argument omitted alone, then all, gives the same as its documented default."""
    about, case = prober.documented.interface, _least(prober)
    if about is None or not prober.expresses(case):
        yield not_applicable("no signature is documented")
        return
    arrays = prober.arrays(case)
    written = prober.call(case, arrays, infer=False)
    trial = fault(written, case)
    if trial is not None:
        yield trial
        return
    others = ("dtype", "device") if prober.module else ("bias",)  # of a function, a tensor of the case
    optional = [
        name
        for name, default in about.construct or about.forward
        if default is not REQUIRED and name not in others
    ]
    for names in (*([name] for name in optional), optional):
        answer = prober.call(case, arrays, omitted=names, infer=False)
        yield alike(answer, written, case, f"without {', '.join(names)}", "the documented defaults")
        if fault(answer) is not None:
            return


def _unknown(prober: Prober) -> Iterator[Trial]:
    """A misspelt keyword is not ignored."""
    case = _least(prober)
    if not prober.expresses(case):
        yield not_applicable("the API cannot express the call")
        return
    arrays = prober.arrays(case)
    arrays.pop("g", None)
    plain = fault(prober.call(case, arrays), case)
    if plain is not None and plain.verdict is Verdict.ERROR:  # it refuses more than the misspelt keyword
        yield plain
        return
    for name in ("strides", "kernel", "no_such_argument"):
        answer = prober.call(case, arrays, refusable=True, arguments={name: 2})
        if answer.outcome is Outcome.RAISED:
            yield passed(message=f"{name}=2: refused in {answer.stage}: {answer.message}")
        elif answer.outcome is Outcome.OK or answer.shape is not None:
            yield differs(f"{name}=2 is accepted, although there is no such argument")
        else:
            yield fault(answer) or reported(answer.message)


def _probed(
    identifier: str, statement: str, trials: Callable[[Prober], Iterator[Trial]], **more: Any
) -> Probed:
    return Probed(
        id=f"signature.{identifier}",
        statement=statement,
        source="suite",
        trials=trials,
        making=True,
        **more,
    )


REQUIREMENTS: Final = (
    _probed(
        "order",
        "The arguments must have their documented names, in the documented order.",
        _order,
        quick=True,
        severity=Severity.REFUSED,
    ),
    _probed("defaults", "The arguments must have their documented defaults.", _defaults, quick=True),
    _probed(
        "positional",
        "Arguments passed by position, in the documented order, must mean the same as by name.",
        _positional,
    ),
    _probed(
        "omitted",
        "A call without an optional argument must equal the call with its documented default.",
        _omitted,
    ),
    _probed(
        "unknown",
        "An argument with an undocumented name must be refused.",
        _unknown,
        severity=Severity.ACCEPTED,
    ),
)
