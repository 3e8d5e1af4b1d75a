"""What a document says of arguments: names, order, defaults, and the forms they may be written in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from conformance.answers import Answer, Outcome
from conformance.case import Case
from conformance.requirements.bench import Bench, fault, same
from conformance.requirements.requirement import Trial, differs, passed, reported, unsupported

# An argument's name and its default as Python writes it, None where there is none
Documented = tuple[tuple[str, str | None], ...]

CHANNELS: Final[Documented] = (("in_channels", None), ("out_channels", None), ("kernel_size", None))
# Every argument has a value of its own, so that no two can change places unnoticed.
_DISTINCT: Final = (
    "v1_1d_n2_ci8_co12_i3_k6_s3_p2_op1_d5_g4_b_f32_int.1",
    "v1_2d_n2_ci8_co12_i3x4_k6x7_s3x4_p2x1_op1x3_d5x2_g4_b_f32_int.1",
)
_WORDS: Final = {"TRUE": "True", "FALSE": "False", "NULL": "None"}


def signature_as(
    documented: Documented, *, extra: Mapping[str, Any] | None = None
) -> Callable[[Bench], Iterator[Trial]]:
    """Trials of a layer's documented arguments: by introspection, and by passing all of them by position.

    ``extra`` has values, in the JSON spelling of ``adapters.base.argument``, for arguments that no case
    sets.
    """

    def trials(bench: Bench) -> Iterator[Trial]:
        yield introspected(bench, documented)
        yield by_position(bench, tuple(name for name, _ in documented), extra or {})

    return trials


def introspected(bench: Bench, documented: Documented) -> Trial:
    """The layer's arguments begin with the documented ones, with their defaults."""
    found = bench.signature().get("construct")
    if not found:
        return unsupported("the adapter cannot tell the layer's arguments")
    for place, (name, default) in enumerate(documented):
        if place >= len(found) or found[place][0] != name:
            there = f"is {found[place][0]!r}" if place < len(found) else "is missing"
            return differs(f"argument {place + 1} {there}; documented is {name!r}")
        actual = found[place][1]
        if _plain(actual) != default:
            return differs(f"{name} defaults to {_default(actual)}; documented is {_default(default)}")
    beyond = [name for name, _ in found[len(documented) :]]
    if not beyond:
        return passed()
    return passed(message=f"beyond what is documented there is {', '.join(beyond)}")


def by_position(bench: Bench, names: tuple[str, ...], extra: Mapping[str, Any]) -> Trial:
    """The documented arguments passed in their order are what they are by name."""
    case = Case.parse(_DISTINCT[bench.ndim - 1])
    if not bench.requires(case):
        return unsupported("the call that tells the arguments' places is not one that must work", case)
    given = {name: value for name, value in extra.items() if name in names}
    by_name = bench.call(case, arguments=given)
    ordered = bench.call(case, arguments=given, positional=list(names))
    return alike(ordered, by_name, case, "the same arguments by name")


def alike(found: Answer, expected: Answer, case: Case, why: str) -> Trial:
    """Whether two answers agree: outputs, or parameters and the inferred shape where there is no kernel.

    ``why`` says in words what ``expected`` is.
    """
    trial = fault(expected, case)
    if trial is not None and not _inferred(expected):
        return trial
    trial = fault(found, case)
    if trial is not None and not (_inferred(found) and _inferred(expected)):
        return trial
    if (found.shape, found.dtype, found.parameters) != (expected.shape, expected.dtype, expected.parameters):
        return differs(f"{_shown(found)} rather than {_shown(expected)}, that of {why}", case)
    if found.outcome is Outcome.OK and not same(found.arrays.get("values"), expected.arrays["values"]):
        return differs(f"other values than those of {why}", case)
    return passed(case)


def forms(
    bench: Bench, case: Case, name: str, spelled: Mapping[str, Any], *, refusable: bool = False
) -> Iterator[Trial]:
    """One trial for each documented form of an argument: the first is what the others must equal.

    ``spelled`` maps each form's description to the argument in JSON spelling.
    """
    answers = {
        form: bench.call(case, arguments={name: value}, refusable=refusable)
        for form, value in spelled.items()
    }
    first = next(iter(answers))
    for form, answer in answers.items():
        trial = fault(answer, case)
        if trial is not None and not _inferred(answer):
            yield Trial(trial.verdict, f"{name} as {form}: {trial.message}", case)
        elif form == first or fault(answers[first], case) is None or _inferred(answers[first]):
            yield alike(answer, answers[first], case, f"{name} as {first}")


def numbers_or_tuples(bench: Bench) -> Iterator[Trial]:
    """Every argument as one number is what it is as a tuple of that number."""
    case = Case.parse(
        (
            "v1_1d_n2_ci2_co2_i4_k3_s2_p1_op1_d2_b_f32_int.1",
            "v1_2d_n2_ci2_co2_i4x3_k3x3_s2x2_p1x1_op1x1_d2x2_b_f32_int.1",
        )[bench.ndim - 1]
    )
    written = case.replace(spelling="tuple")
    if not bench.requires(case) or not bench.expresses(written):
        yield reported("the API cannot express it", case)
        return
    yield alike(bench.call(written), bench.call(case), written, "the same numbers without the tuples")


def together(*parts: Callable[[Bench], Iterable[Trial]]) -> Callable[[Bench], Iterator[Trial]]:
    """The trials of all the parts."""

    def trials(bench: Bench) -> Iterator[Trial]:
        for part in parts:
            yield from part(bench)

    return trials


def _inferred(answer: Answer) -> bool:
    """Whether there is no kernel, but all up to it was done."""
    return answer.outcome is Outcome.UNSUPPORTED and answer.shape is not None


def _shown(answer: Answer) -> str:
    return f"{answer.dtype}{list(answer.shape or ())} with {len(answer.parameters)} parameters"


def _plain(default: str | None) -> str | None:
    """A default as Python writes it, whatever language it was written in."""
    if default is None:
        return None
    text = default.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = f"'{text[1:-1]}'"
    if text[-1:] == "L" and text[:-1].isdigit():
        text = text[:-1]
    return _WORDS.get(text, text)


def _default(default: str | None) -> str:
    return "nothing" if default is None else default
