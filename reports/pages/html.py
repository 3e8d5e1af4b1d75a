"""index.html: one page, readable without network and without JavaScript."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any, Final

from attrs import frozen
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import FAILING, Verdict
from conv_transpose_conformance.reports.pages import arrays, readings
from conv_transpose_conformance.reports.pages.cause_words import (
    expectations,
    facts,
    failing_checks,
    script_status,
    severity,
    subject,
)
from conv_transpose_conformance.reports.pages.drift import drifted, told
from conv_transpose_conformance.reports.pages.requirements import (
    anchor_of,
    document_errors,
    documents,
    sentence,
)
from conv_transpose_conformance.reports.pages.words import (
    WORDS,
    Word,
    by_framework,
    check_name,
    checks_of,
    command,
    error_in_units,
    failing,
    headline,
    in_order,
    missing,
    sentences,
)
from conv_transpose_conformance.reports.store.agreement import suite_text
from conv_transpose_conformance.reports.store.findings import (
    Finding,
    Findings,
    findings,
    is_expected,
    members,
)
from conv_transpose_conformance.text import encodable, plain


@frozen
class _Count:
    """A verdict and its count in a cell of the matrix."""

    verdict: Verdict
    word: Word
    count: int
    link: str  # anchor of the divergence, "" if there is none


@frozen
class _Row:
    name: str
    framework: str
    judged: int
    cases: int
    cells: list[list[_Count]]
    findings: list[tuple[str, str]]  # the name and the anchor of each finding about it
    verdicts: str  # the verdicts that occur, and "failing" with a finding, for the filter


@frozen
class _Parameter:
    name: str
    value: str
    default: bool


def _template(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _harmless(value: object) -> object:
    """Returns a value of the template without control characters; autoescape comes afterwards."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["units"] = error_in_units
    environment.filters["check"] = check_name
    environment.filters["missing"] = missing
    environment.filters["script_status"] = script_status
    return environment


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def html(run: dict[str, Any], divergences: list[dict[str, Any]]) -> str:
    """Returns the page of a run; ``run`` and ``divergences`` are run.json and divergences.json."""
    style, script = _template("report.css"), _template("report.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    checks = checks_of(run)
    counts = findings(run, divergences)
    divergences = [finding.divergence for finding in counts.found if finding.divergence is not None]
    page = (
        _environment()
        .get_template("report.html.j2")
        .render(
            # two files of the suite, no data; everything else is escaped
            style=Markup(style),
            script=Markup(script),
            policy=Markup(policy),
            run=run,
            headline=headline(run, divergences),
            findings=counts,
            sentences=[*sentences(run, divergences), sentence(run), *expectations(run)],
            documents=documents(run),
            readings=readings.rows(run),
            drift=[(told(entry), entry["sentences"]) for entry in drifted(run)],
            errors=document_errors(run, divergences),
            anchors={divergence["id"]: f"divergence-{n}" for n, divergence in enumerate(divergences, 1)},
            checks=checks,
            words=WORDS,
            failing_verdicts=FAILING,
            groups=_groups(run, divergences, checks, counts),
            divergences=[_section(d) for d in divergences],
            rounding=_rounding(run, checks),
            said=_said(run),
            command=command(run),
            suite=suite_text(run),
            started=plain(run["started"]).replace("T", " ")[:19],
        )
    )
    return encodable(page)


def _groups(
    run: dict[str, Any], divergences: list[dict[str, Any]], checks: list[str], counts: Findings
) -> list[tuple[str, dict[str, Any], list[_Row]]]:
    links = {
        (one["implementation"], entry["check"], entry["verdict"]): f"divergence-{position}"
        for position, cause in reversed([*enumerate(divergences, 1)])
        for one in members(cause)
        for entry in failing_checks(one)
    }
    places = {
        divergence["id"]: f"divergence-{position}" for position, divergence in enumerate(divergences, 1)
    }

    def place(finding: Finding) -> tuple[str, str]:
        if finding.result is None:
            return finding.id, places[finding.id]
        return finding.id, anchor_of(run, finding.result)

    def row(framework: str, name: str) -> _Row:
        entry = run["implementations"][name]
        cells = [
            [
                _Count(verdict, WORDS[verdict], count, links.get((name, check, verdict.value), ""))
                for verdict, count in in_order(entry["checks"].get(check, {}))
            ]
            for check in checks
        ]
        mine = [place(finding) for finding in counts.of(name)]
        present = [verdict.value for verdict, _ in in_order(entry["verdicts"])] + (
            ["failing"] if mine else []
        )
        return _Row(name, framework, entry["judged"], entry["cases"], cells, mine, " ".join(present))

    return [
        (framework, run["frameworks"].get(framework, {}), [row(framework, name) for name in names])
        for framework, names in by_framework(run)
    ]


def _section(divergence: dict[str, Any]) -> dict[str, Any]:
    smallest = divergence["smallest"]
    evidence = smallest["evidence"]
    case = Case.from_dict(smallest["parameters"])
    return {
        **divergence,
        "word": WORDS[Verdict(divergence["verdict"])],
        "parameters": _parameters(case),
        "shown": arrays.show(evidence, case.dtype) if evidence else None,
        "facts": facts(divergence),
        "subject": subject(divergence),
        "known": is_expected(divergence),
        "severity": severity(divergence),
        "names": [one["implementation"] for one in members(divergence)],
        "scripts": [one["reproduction"] for one in members(divergence) if one.get("reproduction")],
        "verdicts": " ".join(
            [
                *dict.fromkeys(e["verdict"] for one in members(divergence) for e in failing_checks(one)),
                "failing",
            ]
        ),
    }


def _sizes(values: tuple[int, ...]) -> str:
    return " × ".join(map(str, values))


def _parameters(case: Case) -> list[_Parameter]:
    ones, zeros = (1,) * case.ndim, (0,) * case.ndim
    if isinstance(case.padding, str):
        padding = f"'{case.padding}'"
    elif case.symmetric:
        padding = _sizes(tuple(before for before, _ in case.padding))
    else:
        padding = " × ".join(f"({before} before, {after} after)" for before, after in case.padding)
    return [
        _Parameter("input size", _sizes(case.input_size), False),
        _Parameter("batch", "none: unbatched" if case.batch is None else str(case.batch), False),
        _Parameter("input channels", str(case.in_channels), False),
        _Parameter("output channels", str(case.out_channels), False),
        _Parameter("kernel size", _sizes(case.kernel_size), False),
        _Parameter("stride", _sizes(case.stride), case.stride == ones),
        _Parameter("padding", padding, case.padding == ((0, 0),) * case.ndim),
        _Parameter("output padding", _sizes(case.output_padding), case.output_padding == zeros),
        _Parameter(
            "output size",
            "not given" if case.output_size is None else _sizes(case.output_size),
            case.output_size is None,
        ),
        _Parameter("dilation", _sizes(case.dilation), case.dilation == ones),
        _Parameter("groups", str(case.groups), case.groups == 1),
        _Parameter("bias", "yes" if case.bias else "no", not case.bias),
        _Parameter("dtype", case.dtype, case.dtype == "float32"),
        _Parameter("layout", case.layout.replace("_", " "), case.layout == "channels_first"),
        _Parameter("spelling", _SPELLINGS[case.spelling], case.spelling == "plain"),
        _Parameter("data", _data(case), case.recipe.kind == "int"),
    ]


_SPELLINGS: Final = {
    "plain": "one integer if all dimensions are equal",
    "tuple": "one number per dimension",
    "sides": "padding as one number per side",
    "nested": "padding as a pair per dimension of the tensor",
}


def _data(case: Case) -> str:
    if case.recipe.kind == "one":
        lit = ", ".join(f"{name} (element {place})" for name, place in case.recipe.lit)
        return f"a single 1 in {lit}" if lit else "zeros"
    kind = "small integers" if case.recipe.kind == "int" else "real numbers"
    return f"{kind}, seed {case.recipe.seed:x}"


def _rounding(run: dict[str, Any], checks: list[str]) -> dict[str, Any] | None:
    """Returns the table of rounding errors, None if nothing was judged by a bound."""
    entries = run["implementations"]
    present = {check for entry in entries.values() for check in entry.get("bounded") or {}}
    columns = [check for check in checks if check in present]

    def cell(entry: dict[str, Any], check: str) -> dict[str, Any] | None:
        bounded = (entry.get("bounded") or {}).get(check)
        return bounded and {**bounded, "fails": failing(entry["checks"].get(check, {})) > 0}

    rows = [
        {"name": name, "framework": entry["framework"], "cells": [cell(entry, check) for check in columns]}
        for name, entry in entries.items()
        if entry.get("bounded")
    ]
    return {"checks": columns, "rows": rows} if columns else None


def _said(run: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the reasons of verdicts that neither pass nor fail, each once, with the places it was given."""
    found: dict[tuple[Verdict, str, str], dict[str, list[tuple[str, int]]]] = {}
    for name, entry in run["implementations"].items():
        for check, verdicts in (entry.get("messages") or {}).items():
            for verdict, messages in verdicts.items():
                for item in messages:
                    key = (Verdict(verdict), entry["framework"], item["message"])
                    found.setdefault(key, {}).setdefault(name, []).append((check, item["count"]))
    rows = [
        {
            "framework": framework,
            "verdict": verdict.value,
            "word": WORDS[verdict],
            "message": message,
            "where": where,
            "count": sum(count for checks in where.values() for _, count in checks),
        }
        for (verdict, framework, message), where in found.items()
    ]
    order = [verdict.value for verdict in (Verdict.UNSUPPORTED, *WORDS)]
    frameworks = list(run["frameworks"])
    return sorted(
        rows,
        key=lambda row: (
            order.index(row["verdict"]),
            frameworks.index(row["framework"]) if row["framework"] in frameworks else len(frameworks),
            -row["count"],
        ),
    )
