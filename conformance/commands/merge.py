"""``conformance merge``: merges runs of shards, or of different implementations, into one run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from rich.console import Console

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.causes.find import Found, find_causes, in_order
from conv_transpose_conformance.commands.evaluate import with_expected
from conv_transpose_conformance.commands.known_divergences import known_divergences, scripts_of
from conv_transpose_conformance.commands.recorder import Recorder
from conv_transpose_conformance.commands.run_document import run_document, suite, suite_version
from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.expectations import Expectations
from conv_transpose_conformance.judging.severity import Severity, of_failure
from conv_transpose_conformance.judging.verdicts import FAILING
from conv_transpose_conformance.reports.grouping import grouped
from conv_transpose_conformance.reports.render import render
from conv_transpose_conformance.reports.store.agreement import check_mergeable, judges
from conv_transpose_conformance.reports.store.findings import fail_on, members
from conv_transpose_conformance.reports.store.folder import RunFolder, read
from conv_transpose_conformance.reports.store.records_reader import calls
from conv_transpose_conformance.reports.store.strict_json import replay_command
from conv_transpose_conformance.requirements.base.requirement import Requirement
from conv_transpose_conformance.requirements.catalogue import catalogue, described
from conv_transpose_conformance.requirements.tally import Tally

_SAME: Final = ("profile", "seed", "budget")
_DECIDED_ANEW: Final = ("expected", "attribution", "because", "repeats")  # of a requirement's result


@frozen
class _Part:
    path: Path
    run: dict[str, Any]
    divergences: list[dict[str, Any]]


def merge(
    directories: Sequence[Path],
    out: Path,
    expectations: Expectations,
    console: Console,
    *,
    threshold: Severity | None = None,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Writes one run folder from several; returns the contents of run.json and divergences.json.

    The merge searches conditions anew on all records; it takes the smallest case, its diagnosis and its
    script, which need a framework, from the part with the smallest case.

    ``threshold`` is the severity from which on a finding fails the run; without it that of the parts.

    The parts may come from several versions of the suite if formats, corpus and requirements agree.

    Raises:
        BadRunFolder: if the parts do not belong to one run, or a folder cannot be read or written.
    """
    parts = [_Part(path, *read(path)) for path in directories]
    _check(parts, out)
    requirements = _requirements(parts)
    batches = [batch for part in parts for batch in calls(part.path)]
    folder = RunFolder.create(out)
    with Recorder(folder.records, requirements) as recorder:
        for batch in batches:
            recorder.add(batch)
    frameworks = _frameworks(parts)
    with console.status("looking for causes") if console.is_terminal else nullcontext():
        found = _divergences(parts, recorder, frameworks, expectations)
    document = run_document(
        {**_about(parts), "fail_on": (threshold or _threshold(parts)).value},
        frameworks=frameworks,
        implementations=recorder.summary.implementations(),
        requirements=requirements,
        results=_results(parts, requirements, recorder.tally, frameworks, expectations),
        drift=_drift(parts),
        divergences=found,
        expectations=expectations,
        readings=recorder.tally.readings.fits(),
    )
    folder.write(document, recorder.summary, found)
    return render(out)


def _about(parts: Sequence[_Part]) -> dict[str, Any]:
    first = parts[0].run
    return {
        "suite": _suite(parts),
        **{key: first[key] for key in ("profile", "seed", "budget", "host")},
        "started": min(part.run["started"] for part in parts),
        "seconds": round(sum(part.run["seconds"] for part in parts), 2),
        "interrupted": any(part.run["interrupted"] for part in parts),
        "corpus": next((v for part in parts if (v := part.run.get("corpus")) is not None), None),
        "merged": [str(part.path) for part in parts],
    }


def _threshold(parts: Sequence[_Part]) -> Severity:
    """Returns the lowest severity that fails any of the parts, so that what failed a part fails the whole."""
    return max((fail_on(part.run) for part in parts), key=lambda severity: severity.rank)


def _divergences(
    parts: Sequence[_Part],
    recorder: Recorder,
    frameworks: Mapping[str, dict[str, Any]],
    expectations: Expectations,
) -> list[dict[str, Any]]:
    """Returns the divergences in all records together, with the parts' findings from the frameworks."""
    events = find_causes(recorder.observed, {})
    causes = in_order(cause for event in events if isinstance(event, Found) for cause in event.causes)
    scripts = scripts_of(frameworks, {})
    try:
        found = known_divergences(causes, recorder.summary, scripts, expectations)
    finally:
        scripts.close()
    for divergence in found:
        _complete(divergence, parts)
    return grouped(found)


def _check(parts: Sequence[_Part], out: Path) -> None:
    first = parts[0]
    for part in parts:
        if part.path.resolve() == out.resolve():
            raise BadRunFolder(f"--out {out} is one of the folders to merge; choose another folder")
        for key in _SAME:
            if part.run[key] != first.run[key]:
                raise BadRunFolder(
                    f"{part.path} has the {key} {part.run[key]}, {first.path} has {first.run[key]}: "
                    "only parts of one run can be merged"
                )
    check_mergeable(
        [(part.path, part.run) for part in parts], map(described, catalogue().values()), suite_version()
    )
    seen: dict[tuple[str, int], _Part] = {}
    shards = {tuple(part.run.get("shard") or (1, 1)) for part in parts}
    counts = {count for _, count in shards}
    if len(counts) > 1:
        raise BadRunFolder(
            f"the folders are shards of runs in {' and '.join(map(str, sorted(counts)))} parts: "
            "only parts of one run can be merged"
        )
    for part in parts:
        index = (part.run.get("shard") or [1, 1])[0]
        for name in part.run["implementations"]:
            other = seen.setdefault((name, index), part)
            if other is not part:
                raise BadRunFolder(f"{part.path} and {other.path} both contain shard {index} of {name}")
    count = counts.pop()
    names = {name for name, _ in seen}
    for name in sorted(names):
        missing = [index for index in range(1, count + 1) if (name, index) not in seen]
        if missing:
            raise BadRunFolder(f"shard {missing[0]}/{count} of {name} is in none of the folders")
    for name in {name for part in parts for name in part.run["frameworks"]}:
        versions = Counter(
            part.run["frameworks"][name]["version"]
            for part in parts
            if part.run["frameworks"].get(name, {}).get("status") == "ran"
        )
        if len(versions) > 1:
            raise BadRunFolder(
                f"the folders ran different versions of {name}: {', '.join(sorted(map(str, versions)))}"
            )


def _suite(parts: Sequence[_Part]) -> dict[str, Any]:
    """Returns this suite, which finds the causes, and the versions that judged the calls if any differs."""
    judged_by = list(dict.fromkeys(version for part in parts for version in judges(part.run)))
    return suite() if judged_by == [suite_version()] else {**suite(), "judged_by": judged_by}


def _frameworks(parts: Sequence[_Part]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        for name, entry in part.run["frameworks"].items():
            if name not in found or (entry["status"] == "ran" and found[name]["status"] != "ran"):
                found[name] = entry
    for name, entry in found.items():
        # The merged run lacks the calls that one part could not judge.
        reasons = [part.run["frameworks"][name]["reason"] for part in parts if name in part.run["frameworks"]]
        found[name] = {**entry, "reason": next(filter(None, reasons), None)}
    return found


def _requirements(parts: Sequence[_Part]) -> tuple[Requirement, ...]:
    """Returns the requirements that any part examined, as this suite defines them."""
    entries = [e for part in parts for e in (part.run.get("requirements") or {}).get("catalogue", [])]
    names = {entry["id"] for entry in entries}
    return tuple(requirement for name, requirement in catalogue().items() if name in names)


def _results(
    parts: Sequence[_Part],
    requirements: Sequence[Requirement],
    tally: Tally,
    frameworks: Mapping[str, Any],
    expectations: Expectations,
) -> list[dict[str, Any]]:
    """Returns the results: adds up anew those that records decide, and copies the others from the parts."""
    entries = [e for part in parts for e in (part.run.get("requirements") or {}).get("results", [])]
    columns = {entry["implementation"]: entry["framework"] for entry in entries}
    found = [result.plain() for result in tally.results(columns)]
    known = {requirement.id: requirement for requirement in requirements}
    for entry in entries:
        if entry["probed"]:
            plain = {key: value for key, value in entry.items() if key not in _DECIDED_ANEW}
            if entry["verdict"] in FAILING:  # a run of an earlier version does not say how grave
                grave = of_failure("", entry["verdict"], known[entry["requirement"]].severity)
                plain.setdefault("severity", grave.value)
            found.append(with_expected(plain, frameworks, expectations))
    order = {requirement.id: position for position, requirement in enumerate(requirements)}
    position = list(columns)
    return sorted(found, key=lambda r: (order[r["requirement"]], position.index(r["implementation"])))


def _drift(parts: Sequence[_Part]) -> list[dict[str, Any]]:
    """Returns the documents that have drifted in any part, each implementation once."""
    entries = [entry for part in parts for entry in part.run.get("document_drift") or ()]
    return list({entry["implementation"]: entry for entry in entries}.values())


def _complete(divergence: dict[str, Any], parts: Sequence[_Part]) -> None:
    """Copies the parts' findings about the same cause."""
    same = [
        other
        for part in parts
        for divergences in part.divergences
        for other in members(divergences)
        if all(other.get(key) == divergence[key] for key in ("implementation", "kind", "detail"))
        and {e["check"] for e in other.get("checks", [])} & {e["check"] for e in divergence["checks"]}
    ]
    if not same:
        return
    best = min(same, key=lambda other: Case.parse(other["smallest"]["case"]).complexity)
    for key in ("smallest", "located"):
        divergence[key] = best[key]
    divergence["replay"] = replay_command(best["smallest"]["case"], divergence["implementation"])
    diagnoses = [other["diagnosis"] for other in same if other.get("diagnosis")]
    if len(diagnoses) == len(same):
        common = [
            fault
            for fault in diagnoses[0]["faults"]
            if all(fault["name"] in {f["name"] for f in d["faults"]} for d in diagnoses)
        ]
        if common:
            divergence["diagnosis"] = {
                "sentence": "; or ".join(f["explains"].removeprefix("behaves as: ") for f in common),
                "faults": common,
                "cases": sum(d["cases"] for d in diagnoses),
            }
    if best.get("reproduction"):
        name = best["reproduction"]["file"].partition("_")[2]
        divergence["reproduction"] = {**best["reproduction"], "file": f"repro/{divergence['id']}_{name}"}
