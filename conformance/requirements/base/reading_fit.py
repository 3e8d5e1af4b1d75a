"""Which reading an implementation follows where its padding is a word, or where its documents are silent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from conv_transpose_conformance.cases.axes import Axis, axes_of
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance
from conv_transpose_conformance.cases.readings import NUMBERS, SAME, Window, extent, full, of_word
from conv_transpose_conformance.frameworks.registry import interpret
from conv_transpose_conformance.judging.observation import is_reached
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.reference_impl import Geometry
from conv_transpose_conformance.requirements.base.expressions import shortest_formula
from conv_transpose_conformance.requirements.base.trial import Trial, differs, not_applicable, passed

Seen = tuple[int, int | None]  # length, and crop if any product shows it


@define
class _Region:
    """What one implementation did in one open region."""

    word: str
    cases: int = 0
    documented: int = 0  # cases whose documents give the geometry
    no_geometry: int = 0  # accepted calls whose output is no crop of the operator
    unknown: Case | None = None  # the smallest of these
    seen: dict[Axis, dict[Seen, Case]] = field(factory=dict)

    def add(self, case: Case, geometry: Geometry) -> None:
        reached = is_reached(case, geometry.crop_before, geometry.output_size)
        for axis, length, crop in zip(axes_of(case), geometry.output_size, geometry.crop_before, strict=True):
            known = self.seen.setdefault(axis, {})
            window = (length, crop if reached else None)
            if window not in known or case.complexity < known[window].complexity:
                known[window] = case


@define
class ReadingsSeen:
    """Collects the geometries of a run's calls by implementation and open region.

    A region is a word of padding ("same", "valid"), or, for a padding in numbers, the reason why the
    documents leave the call open.
    """

    _regions: dict[tuple[str, str], _Region] = field(factory=dict, init=False)
    _targets: dict[str, str] = field(factory=dict, init=False)
    _fitted: dict[tuple[str, str], dict[str, Any]] = field(factory=dict, init=False)

    def add(self, records: Sequence[Record]) -> None:
        """Adds the records of one call."""
        first = records[0]
        case, words = first.case, isinstance(first.case.padding, str)
        if first.check is not Check.ACCEPTANCE or not (words or first.verdict is Verdict.ALLOWED):
            return
        if case.padding == SAME and case.output_size is not None:
            return  # the size asked for decides
        values = next((record for record in records if record.check is Check.VALUES), None)
        if values is None:
            return  # refused, or without values
        meaning = interpret(case, first.implementation)
        geometry = first.observed
        is_open = meaning.acceptance is Acceptance.UNSPECIFIED
        if not is_open and values.verdict is Verdict.PASS:
            geometry = meaning.geometry
        if geometry is None and not (is_open and values.failing):
            return
        region = str(case.padding) if words else meaning.reason
        self._targets[first.key] = first.target
        entry = self._regions.setdefault((first.key, region), _Region(region if words else NUMBERS))
        self._fitted.clear()
        if geometry is None:
            entry.no_geometry += 1
            if entry.unknown is None or case.complexity < entry.unknown.complexity:
                entry.unknown = case
            return
        entry.cases += 1
        entry.documented += not is_open
        entry.add(case, geometry)

    def trial(self, key: str, word: str) -> Trial:
        """Returns whether one rule gives the geometries of a column's calls with a padding word."""
        entry = self._regions.get((key, word))
        if entry is None or not (entry.seen or entry.no_geometry):
            return not_applicable(f"no call of this run has the padding {word!r} and a known geometry")
        fit = self._fit((key, word))
        if entry.no_geometry:
            names = " and ".join(reading["name"] for reading in fit["follows"]) or "no known reading"
            total = entry.cases + entry.no_geometry
            said = f"{entry.no_geometry} of {total} outputs are no crop of the operator with all parameters"
            return differs(f"{said}; the others follow {names}", entry.unknown)
        if fit["follows"]:
            names = " and ".join(reading["name"] for reading in fit["follows"])
            return passed(None, f"{names}, in {entry.cases} cases")
        if fit["formula"] is not None:
            length, crop = fit["formula"]["length"], fit["formula"]["crop"]
            return passed(None, f"no known reading: length {length}, crop {crop}, in {entry.cases} cases")
        near = fit["nearest"]
        case = Case.parse(near["case"])
        if fit["conflict"] is not None:
            one, two = fit["conflict"]["found"]
            said = f"equal parameters of a dimension give the (length, crop) {tuple(one)} and {tuple(two)}"
            return differs(said, case)
        return differs(
            f"no rule was found; {near['name']} is nearest and gives the (length, crop) "
            f"{tuple(near['reading'])} where the output has {tuple(near['found'])}",
            case,
        )

    def fits(self) -> list[dict[str, Any]]:
        """Returns the entries of run.json under ``readings``, by implementation and region."""
        return [
            {
                "implementation": key,
                "framework": self._targets[key],
                "region": region,
                **self._fit((key, region)),
            }
            for key, region in sorted(self._regions)
        ]

    def _fit(self, key: tuple[str, str]) -> dict[str, Any]:
        """Returns the fit of a region; a search for a formula takes long, so it is made once."""
        if key not in self._fitted:
            self._fitted[key] = _fit(self._regions[key])
        return self._fitted[key]


def _fit(region: _Region) -> dict[str, Any]:
    """Returns which readings a region follows, and where it departs from the nearest."""
    rows = [(axis, window, case) for axis, seen in region.seen.items() for window, case in seen.items()]
    axes = len(region.seen)
    ranked = []
    for reading in of_word(region.word):
        wrong = [(a, w, c) for a, w, c in rows if not _agrees(reading.of(a), w)]
        departing = {axis for axis, _, _ in wrong}
        ranked.append((len(departing), reading, wrong))
    ranked.sort(key=lambda entry: entry[0])
    follows = [reading for wrong, reading, _ in ranked if not wrong] if axes else []
    conflict = _conflict(region.seen)
    found: dict[str, Any] = {
        "word": region.word,
        "cases": region.cases,
        "documented": region.documented,
        "no_geometry": region.no_geometry,
        "dimensions": axes,
        "follows": [
            {"name": reading.name, "text": reading.text, "source": reading.source} for reading in follows
        ],
        "nearest": None,
        "formula": None,
        "conflict": conflict,
    }
    if not follows and ranked and axes:
        count, reading, wrong = ranked[0]
        axis, window, case = min(wrong, key=lambda row: row[2].complexity)
        found["nearest"] = {
            "name": reading.name,
            "text": reading.text,
            "source": reading.source,
            "agrees": axes - count,
            "case": case.id,
            "found": list(window),
            "reading": list(reading.of(axis)),
        }
        if conflict is None:
            found["formula"] = _formula(region.seen)
    return found


def _agrees(window: Window, seen: Seen) -> bool:
    return window[0] == seen[0] and seen[1] in (None, window[1])


def _conflict(seen: Mapping[Axis, Mapping[Seen, Case]]) -> dict[str, Any] | None:
    """Returns two cases with equal parameters in a dimension and different windows there, or None."""
    for known in seen.values():
        told = [(window, case) for window, case in known.items() if window[1] is not None]
        if len(told) > 1 or len({window[0] for window in known}) > 1:
            (one, a), (two, b) = list(known.items())[:2] if len(told) < 2 else told[:2]
            return {"cases": [a.id, b.id], "found": [list(one), list(two)]}
    return None


def _formula(seen: Mapping[Axis, Mapping[Seen, Case]]) -> dict[str, str] | None:
    """Returns the shortest formulas of length and crop, None where the search finds none."""
    rows = [(axis, window) for axis, known in seen.items() for window in known]
    length = shortest_formula(_letters([axis for axis, _ in rows]), [window[0] for _, window in rows])
    told = [(axis, window) for axis, window in rows if window[1] is not None]
    letters = _letters([axis for axis, _ in told])
    letters["surplus"] = [full(axis) - window[0] for axis, window in told]
    crop = shortest_formula(letters, [window[1] or 0 for _, window in told]) if told else "0"
    return {"length": length, "crop": crop} if length and crop else None


def _letters(axes: Sequence[Axis]) -> dict[str, list[int]]:
    letters = {
        "L": [axis.input for axis in axes],
        "kernel": [axis.kernel for axis in axes],
        "s": [axis.stride for axis in axes],
        "dilation": [axis.dilation for axis in axes],
        "e": [extent(axis) for axis in axes],
        "full": [full(axis) for axis in axes],
    }
    for name, attribute in (("before", "before"), ("after", "after"), ("extra", "extra")):
        values = [getattr(axis, attribute) for axis in axes]
        if any(values):
            letters[name] = values
    return letters
