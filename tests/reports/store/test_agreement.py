"""Runs of several suite versions: which agree, and how each refusal reads."""

from pathlib import Path

import pytest

from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.reports.store.agreement import (
    check_mergeable,
    check_one_suite,
    reworded,
    suite_text,
)

HERE, THERE = Path("a"), Path("b")


def entry(**changes):
    stated = {"id": "T1.x", "statement": "It holds.", "source": "T1", "document": "D", "page": "p"}
    return stated | {"applies": ["torch.*"], "needs": "", "note": "", "kind": "probed"} | changes


def run(version="0.1.0", *, judged_by=None, catalogue=(), **changes):
    suite = {"name": "conv-transpose-conformance", "version": version}
    if judged_by:
        suite["judged_by"] = judged_by
    fields = {"suite": suite, "profile": "quick", "corpus": 3, "shard": None}
    return fields | {"requirements": {"catalogue": list(catalogue), "results": []}} | changes


def test_a_run_names_the_versions_that_judged_it_where_others_did():
    assert suite_text(run()) == "conv-transpose-conformance 0.1.0"
    merged = run("0.3.0", judged_by=["0.1.0", "0.2.0"])
    assert suite_text(merged) == "conv-transpose-conformance 0.3.0 (verdicts by 0.1.0 and 0.2.0)"


def test_suites_of_two_names_are_not_compared():
    other = run(suite={"name": "another", "version": "2"})
    with pytest.raises(BadRunFolder, match=r"^b: made by another 2, a by .* 0\.1\.0: compare runs"):
        check_one_suite([(HERE, run()), (THERE, other)], "compare")


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"document": "Another title", "page": "moved"}, True),  # where it stands, not what it demands
        ({"statement": "It may hold."}, False),
        ({"applies": ["*"]}, False),
        ({"note": "Read so."}, False),
        ({"kind": "judged"}, False),
    ],
)
def test_a_requirement_is_reworded_where_its_demand_is(changes, same):
    before, after = run(catalogue=[entry()]), run("0.2.0", catalogue=[entry(**changes)])
    assert reworded(before, after) == (() if same else ("T1.x",))


def test_what_one_run_alone_examined_is_not_reworded():
    assert reworded(run(), run(catalogue=[entry()])) == reworded(run(catalogue=[entry()]), run()) == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (run(), run("0.2.0")),
        (run(corpus=None), run("0.2.0")),
        (run(catalogue=[entry()]), run("0.2.0", catalogue=[entry(page="moved")])),
        (run(profile="full"), run("0.2.0", profile="full")),  # each with implementations of its own
        (run(profile="full", shard=[1, 2]), run(profile="full", shard=[2, 2])),
    ],
)
def test_versions_that_agree_are_merged(one, other):
    check_mergeable([(HERE, one), (THERE, other)], [entry()], "0.2.0")


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (
            run(),
            run("0.2.0", corpus=4),
            r"^b: judged corpus 4 \(.* 0\.2\.0\), a corpus 3 \(.* 0\.1\.0\): merge runs of one corpus$",
        ),
        (
            run(profile="full", shard=[1, 2]),
            run("0.2.0", profile="full", shard=[2, 2]),
            r"^b: a shard of the full profile drawn by .* 0\.2\.0, a by .* 0\.1\.0: merge such shards",
        ),
        (
            run(),
            run("0.2.0", catalogue=[entry(statement="It may hold.")]),
            r"^b: .* 0\.2\.0 examined T1\.x, which this suite, 0\.3\.0, states differently: merge",
        ),
        (
            run(catalogue=[entry(id="T9.gone")]),
            run("0.2.0"),
            r"^a: .* 0\.1\.0 examined T9\.gone, which this suite, 0\.3\.0, does not have: merge",
        ),
    ],
)
def test_versions_that_disagree_are_refused(one, other, said):
    with pytest.raises(BadRunFolder, match=said):
        check_mergeable([(HERE, one), (THERE, other)], [entry()], "0.3.0")


def test_a_corpus_is_compared_past_a_run_that_names_none():
    runs = [(HERE, run(corpus=None)), (THERE, run()), (Path("c"), run(corpus=4))]
    with pytest.raises(BadRunFolder, match=r"^c: judged corpus 4 .*, b corpus 3 "):
        check_mergeable(runs, [], "0.1.0")
