"""Known divergences in ``conformance-expected.toml``: read, checked and compared to a run.

::

    [[expected]]
    implementation = "mindspore.nn.Conv2dTranspose"   # a name or glob
    versions = ">=2.10,<2.11"                         # of the framework; left out: any
    requirement = ["values", "grad_bias"]             # the checks; left out: any
    condition = "output_padding > 0 and bias"         # or:  case = "v1_..." or a list of them
    reason = "the output padding is filled with zeros"
    link = "https://example.org/issues/1"

A failing verdict is expected where an entry names its implementation, version and check, and the condition
holds for its case.  A divergence is expected where all its verdicts are.  An entry is *stale* if it could
have matched and did not.

``requirement`` may name requirements ("T1.adjoint", "reject.*") instead of checks: then without a condition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final, NoReturn

import tomlkit
from attrs import define, field, frozen
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version
from tomlkit.exceptions import TOMLKitError

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.condition import Condition, InvalidCondition, Table, parse
from conv_transpose_conformance.errors import (
    ConformanceError,
    InvalidCase,
    UnknownImplementation,
    UnknownRequirement,
)
from conv_transpose_conformance.frameworks.registry import select
from conv_transpose_conformance.judging.verdicts import Check, Record
from conv_transpose_conformance.requirements.catalogue import choose

FILE: Final = "conformance-expected.toml"
KEYS: Final = ("implementation", "versions", "requirement", "condition", "case", "reason", "link")
_HEADER: Final = re.compile(r"^\s*\[\[\s*expected\s*\]\]")


class BadExpectations(ConformanceError):
    """An unusable file of expectations; the text has line and column."""


@frozen
class Entry:
    """One known cause; ``line`` is its place in the file."""

    line: int
    implementation: str
    versions: SpecifierSet
    checks: frozenset[Check]
    requirements: tuple[str, ...]  # ids or globs
    condition: Condition | None
    cases: frozenset[str]
    reason: str
    link: str

    def applies(self, implementation: str, version: str | None) -> bool:
        """Whether the entry covers an implementation in a version of its framework."""
        if not fnmatchcase(implementation, self.implementation):
            return False
        try:
            return self.versions.contains(Version(version or "0"), prereleases=True)
        except InvalidVersion:
            return not str(self.versions)

    def matches(self, record: Record) -> bool:
        """Whether the entry expects a failing verdict, given that it applies."""
        if record.check not in self.checks:
            return False
        if self.condition is not None:
            return self.condition.holds(record.case)
        return record.case.id in self.cases


@define
class Expectations:
    """The entries of a file, and those that have matched so far."""

    path: Path
    entries: list[Entry] = field(factory=list)
    _matched: set[int] = field(factory=set, init=False)

    def explain(self, records: Iterable[Record], version: str | None) -> dict[str, Any] | None:
        """Returns the entries that expect failing records of one divergence, and the number of records."""
        records = list(records)
        used: list[Entry] = []
        covered = 0
        for record in records:
            for entry in self.entries:
                if entry.applies(record.implementation, version) and entry.matches(record):
                    covered += 1
                    self._matched.add(entry.line)
                    if entry not in used:
                        used.append(entry)
                    break
        if not used:
            return None
        return {
            "all": covered == len(records),
            "covered": covered,
            "of": len(records),
            "entries": [{"line": e.line, "reason": e.reason, "link": e.link} for e in used],
        }

    def of_requirement(self, requirement: str, column: str, version: str | None) -> dict[str, Any] | None:
        """Returns the entry that expects a requirement to fail on an implementation, as for a divergence."""
        for entry in self.entries:
            if entry.applies(column, version) and any(
                fnmatchcase(requirement, r) for r in entry.requirements
            ):
                self._matched.add(entry.line)
                told = {"line": entry.line, "reason": entry.reason, "link": entry.link}
                return {"all": True, "covered": 1, "of": 1, "entries": [told]}
        return None

    def stale(self, judged: Iterable[tuple[str, str | None]]) -> list[dict[str, Any]]:
        """Returns the entries without a match, though an implementation and version of theirs was judged."""
        seen = list(judged)
        return [
            {"line": entry.line, "implementation": entry.implementation, "reason": entry.reason}
            for entry in self.entries
            if entry.line not in self._matched and any(entry.applies(*one) for one in seen)
        ]


def load(path: Path) -> Expectations:
    """Returns the expectations in a file; none where there is no file.

    Raises:
        BadExpectations: with line and column, where the file cannot be read or contradicts itself.
    """
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return Expectations(path)
    except OSError as error:
        raise BadExpectations(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadExpectations(f"{path}: not UTF-8 text (byte {error.start})") from None
    return read(text, path)


def find(path: Path | None) -> Expectations:
    """Returns the expectations in the user's file, or in that of the working folder where there is one.

    Raises:
        BadExpectations: as :func:`load`, and where a named file does not exist.
    """
    if path is not None and not path.exists():
        raise BadExpectations(f"--expected {path}: no such file; 'conformance expect RUN_DIR' writes one")
    return load(path or Path(FILE))


def read(text: str, path: Path) -> Expectations:
    """Returns the expectations in a text; error messages name ``path``.

    Raises:
        BadExpectations: as :func:`load`.
    """
    try:
        document = tomlkit.parse(text).unwrap()
    except TOMLKitError as error:
        line, column = getattr(error, "line", 1), getattr(error, "col", 1)
        said = str(error).split(" at line ")[0]
        raise BadExpectations(f"{path}:{line}:{column}: not TOML: {said}") from None
    lines = text.splitlines()
    for key in document:
        if key != "expected":
            at = next((n for n, line in enumerate(lines, 1) if key in line), 1)
            raise BadExpectations(f"{path}:{at}:1: unknown key {key!r}: entries begin with [[expected]]")
    given = document.get("expected", [])
    starts = [number for number, line in enumerate(lines, 1) if _HEADER.match(line)]
    if not isinstance(given, list) or len(starts) != len(given):
        raise BadExpectations(f"{path}:1:1: write each entry as a table of its own, under [[expected]]")
    found = Expectations(path)
    for position, (start, values) in enumerate(zip(starts, given, strict=True)):
        end = starts[position + 1] - 1 if position + 1 < len(starts) else len(lines)
        found.entries.append(_Reader(path, lines, start, end, values).entry())
    _check_overlaps(found)
    return found


@frozen
class _Reader:
    path: Path
    lines: Sequence[str]
    start: int
    end: int
    values: Any

    def fail(self, key: str, problem: str) -> NoReturn:
        line, column = self.start, 1
        for number in range(self.start, self.end + 1):
            match = (
                re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=\s*", self.lines[number - 1]) if key else None
            )
            if match:
                line, column = number, match.end() + 1
        raise BadExpectations(f"{self.path}:{line}:{column}: {' '.join(problem.split())}")

    def text(self, key: str) -> str:
        value = self.values.get(key, "")
        if not isinstance(value, str):
            self.fail(key, f"{key} must be a string, not {value!r}")
        return value

    def texts(self, key: str) -> list[str]:
        value = self.values.get(key, [])
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            self.fail(key, f"{key} must be a string or a list of strings, not {value!r}")
        return listed

    def entry(self) -> Entry:
        for key in self.values:
            if key not in KEYS:
                self.fail(key, f"unknown key {key!r}: an entry has {', '.join(KEYS)}")
        implementation = self.text("implementation")
        if not implementation:
            self.fail("implementation", "an entry needs an implementation: a name or a glob")
        try:
            select([implementation])
        except UnknownImplementation as error:
            self.fail("implementation", str(error))
        if not self.text("reason").strip():
            self.fail("reason", "an entry needs a reason, in words")
        try:
            versions = SpecifierSet(self.text("versions"))
        except InvalidSpecifier:
            problem = f"versions {self.text('versions')!r} is no version range; write it like '>=2.10,<2.11'"
            self.fail("versions", problem)
        if _empty(versions):
            self.fail(
                "versions", f"versions {self.text('versions')!r} contradict each other: none satisfies all"
            )
        checks, requirements = self._checks()
        condition, cases = self._condition(), self._cases()
        if requirements and (condition is not None or cases):
            self.fail(
                "requirement", f"requirement {requirements[0]!r} is held or not as a whole: no condition"
            )
        if condition is None and not cases and not requirements:
            self.fail("", "an entry needs a condition or a case")
        if condition is not None and cases:
            self.fail("case", "an entry has a condition or a case, not both")
        return Entry(
            self.start,
            implementation,
            versions,
            checks,
            requirements,
            condition,
            cases,
            self.text("reason"),
            self.text("link"),
        )

    def _checks(self) -> tuple[frozenset[Check], tuple[str, ...]]:
        names = self.texts("requirement")
        others = tuple(name for name in names if name not in list(Check))
        if not others:
            return frozenset(map(Check, names)) or frozenset(Check), ()
        try:
            for name in others:
                choose([name])
        except UnknownRequirement as error:
            known = ", ".join(Check)
            self.fail("requirement", f"{error}; of checks there are {known}")
        if len(others) < len(names):
            self.fail("requirement", f"{names!r} are checks and requirements: give each an entry of its own")
        return frozenset(), others

    def _condition(self) -> Condition | None:
        text = self.text("condition")
        if not text:
            return None
        try:
            return parse(text)
        except InvalidCondition as error:
            self.fail("condition", str(error))

    def _cases(self) -> frozenset[str]:
        found = []
        for identifier in self.texts("case"):
            try:
                found.append(Case.parse(identifier).id)
            except InvalidCase as error:
                self.fail("case", str(error))
        return frozenset(found)


def _empty(versions: SpecifierSet) -> bool:
    """Whether no version near those that the range names satisfies it."""
    return bool(str(versions)) and not any(versions.contains(v, prereleases=True) for v in _around(versions))


def _around(versions: SpecifierSet) -> list[Version]:
    found = [Version("0"), Version("99999")]
    for one in versions:
        base = Version(one.version.removesuffix(".*"))
        release = (*base.release, 0, 0)[:3]
        found += [base, Version(".".join(map(str, (*release[:2], release[2] + 1))))]
        found.append(Version(f"{release[0]}.{release[1]}.{release[2]}.1"))
        if release[1]:
            found.append(Version(f"{release[0]}.{release[1] - 1}.99999"))
        elif release[0]:
            found.append(Version(f"{release[0] - 1}.99999"))
    return found


def _check_overlaps(expectations: Expectations) -> None:
    """Refuses two entries that overlap in implementation, version, check and cases."""
    sample: dict[int, list[Case]] = {}
    for position, one in enumerate(expectations.entries):
        for other in expectations.entries[:position]:
            if not _same_subject(one, other):
                continue
            if one.requirements:
                shared = frozenset(set(one.requirements) & set(other.requirements))
            elif one.condition is None or other.condition is None:
                shared = one.cases & other.cases
                if not shared and one.condition is not other.condition:
                    with_case, conditional = (one, other) if one.condition is None else (other, one)
                    parsed = [Case.parse(case) for case in with_case.cases]
                    assert conditional.condition is not None
                    shared = frozenset(c.id for c in parsed if conditional.condition.holds(c))
            else:
                shared = frozenset(("the same cases",)) if _equal(one, other, sample) else frozenset()
            if shared:
                raise BadExpectations(
                    f"{expectations.path}:{one.line}:1: this entry and that of line {other.line} overlap: "
                    f"both expect {min(shared)} of {one.implementation}; keep one of them"
                )


def _same_subject(one: Entry, other: Entry) -> bool:
    names = set(select([one.implementation], variants=True)) & set(
        select([other.implementation], variants=True)
    )
    versions = [*_around(one.versions), *_around(other.versions)]
    together = one.versions & other.versions
    return bool(
        names
        and (one.checks & other.checks or set(one.requirements) & set(other.requirements))
        and (not str(together) or any(together.contains(v, prereleases=True) for v in versions))
    )


def _equal(one: Entry, other: Entry, sample: dict[int, list[Case]]) -> bool:
    """Whether two conditions hold for the same of many cases (and for some)."""
    assert one.condition is not None
    assert other.condition is not None
    if one.condition.text == other.condition.text:
        return True
    if not sample:
        from conv_transpose_conformance.generation.generate import profile_cases

        for case in profile_cases("quick", 0):
            sample.setdefault(case.ndim, []).append(case)
    held = False
    for ndim, cases in sample.items():
        table = Table(cases, ndim)
        mine, theirs = table.holds(one.condition), table.holds(other.condition)
        if (mine != theirs).any():
            return False
        held = held or bool(mine.any())
    return held
