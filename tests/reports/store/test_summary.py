import json
import math
import random

import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import Check, Evidence, Verdict
from conv_transpose_conformance.reports.store.strict_json import dumps
from conv_transpose_conformance.reports.store.summary import rounded_up

NAME = "torch.nn.ConvTranspose1d"


def case_of_size(size: int, seed: int = 1) -> Case:
    return Case.parse(f"v1_1d_n1_ci1_co1_i{size}_k2_f32_int.{seed:x}")


def test_counts_per_implementation_check_and_verdict(divergent):
    first, second = divergent.implementations().values()
    assert first["framework"] == "torch"
    assert (first["cases"], first["judged"]) == (3, 3)
    assert first["verdicts"] == {"pass": 3, "not-applicable": 1}
    assert first["checks"] == {"values": {"pass": 3}, "grad_bias": {"not-applicable": 1}}
    assert (second["cases"], second["judged"]) == (2, 2)
    assert second["checks"] == {
        "acceptance": {"crash": 1},
        "shape": {"unsupported": 1},
        "values": {"diverge": 2},
    }


def test_a_divergence_shows_the_smallest_case_that_has_evidence(make_record, summarise):
    evidence = Evidence(expected=[1], actual=[2], difference=[1], shape=(1,), index=(0,), wrong=1, elements=1)
    bare, small, large = (
        make_record(case_of_size(size), verdict=Verdict.DIVERGE, evidence=given)
        for size, given in ((1, None), (2, evidence), (3, evidence))
    )
    (divergence,) = summarise(large, small, bare).divergences()
    assert divergence["smallest"]["case"] == small.case.id
    assert divergence["smallest"]["evidence"]["actual"] == [2]
    assert divergence["others"] == [bare.case.id, large.case.id]
    assert (divergence["failing"], divergence["judged"]) == (3, 3)
    assert divergence["replay"] == f"conformance replay {small.case.id} --implementation {NAME}"


def test_judged_counts_neither_unsupported_nor_not_applicable(make_record, summarise):
    verdicts = [Verdict.DIVERGE, Verdict.PASS, Verdict.ALLOWED, Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE]
    (divergence,) = summarise(*(make_record(verdict=verdict) for verdict in verdicts)).divergences()
    assert (divergence["failing"], divergence["judged"]) == (1, 3)


def test_at_most_twenty_further_cases_and_those_the_smallest(make_record, summarise):
    sizes = list(range(1, 61))
    random.Random(0).shuffle(sizes)
    records = [make_record(case_of_size(size), verdict=Verdict.DIVERGE) for size in sizes]
    (divergence,) = summarise(*records).divergences()
    assert divergence["failing"] == 60
    assert divergence["smallest"]["case"] == case_of_size(1).id
    assert divergence["others"] == [case_of_size(size).id for size in range(2, 22)]


def test_each_verdict_of_a_check_is_a_divergence_in_a_fixed_order(make_record, summarise):
    records = [
        make_record(implementation=name, check=check, verdict=verdict)
        for name in ("torch.b", "torch.a")
        for check in (Check.VALUES, Check.ACCEPTANCE)
        for verdict in (Verdict.HANG, Verdict.ERROR)
    ]
    found = [
        (d["id"], d["implementation"], d["check"], d["verdict"]) for d in summarise(*records).divergences()
    ]
    assert found == [
        ("D1", "torch.a", "acceptance", "error"),
        ("D2", "torch.a", "acceptance", "hang"),
        ("D3", "torch.a", "values", "error"),
        ("D4", "torch.a", "values", "hang"),
        ("D5", "torch.b", "acceptance", "error"),
        ("D6", "torch.b", "acceptance", "hang"),
        ("D7", "torch.b", "values", "error"),
        ("D8", "torch.b", "values", "hang"),
    ]


def test_the_order_of_the_records_changes_nothing(make_record, summarise):
    records = [
        make_record(case_of_size(size), verdict=verdict, escape=2 / size, message=f"message {size % 7}")
        for size in range(3, 40)
        for verdict in (Verdict.DIVERGE, Verdict.PASS, Verdict.UNSUPPORTED)
    ]
    backwards = summarise(*reversed(records))
    forwards = summarise(*records)
    assert dumps(forwards.implementations()) == dumps(backwards.implementations())
    assert dumps(forwards.divergences()) == dumps(backwards.divergences())


def test_the_most_frequent_messages_come_first(make_record, summarise):
    records = [
        make_record(verdict=Verdict.UNSUPPORTED, message=f"m{number}")
        for number in range(7)
        for _ in range(number)
    ]
    entry = summarise(*records).implementations()[NAME]
    assert entry["messages"]["values"]["unsupported"] == [
        {"message": f"m{number}", "count": number} for number in (6, 5, 4, 3, 2)
    ]


def certificate(records, summarise):
    return summarise(*records).implementations()[NAME]["certificate"]


def test_the_certificate_counts_exact_passes_and_their_worst_bound(make_record, summarise):
    records = [make_record(case_of_size(n), escape=escape) for n, escape in enumerate((0.125, 0.25, 0.5), 1)]
    records.append(make_record(case_of_size(4), verdict=Verdict.DIVERGE))
    records.append(make_record(case_of_size(5), level="bounded", error=1.0))
    records.append(make_record(case_of_size(6), level="", check=Check.SHAPE))
    found = certificate(records, summarise)
    assert (found["probes"], found["passed"]) == (4, 3)
    assert (found["largest"], found["median"]) == (0.5, 0.25)
    assert found["sentence"] == (
        "Each of the 3 exact-integer probes that passed would have missed a wrong bilinear map with "
        "probability at most 0.5 (Schwartz–Zippel); for half of them it is at most 0.25."
    )


def test_a_rounded_integer_probe_certifies_nothing(make_record, summarise):
    records = [
        make_record(escape=0.25, met="exact"),
        make_record(case_of_size(9), met="inexact", error=0.5),
    ]
    found = certificate(records, summarise)
    assert (found["probes"], found["passed"], found["inexact"]) == (2, 1, 1)
    assert "The one exact-integer probe" in found["sentence"]
    assert "1 more were rounded" in found["sentence"]


@pytest.mark.parametrize(
    ("records", "words"),
    [
        ([], "nothing is certified"),
        ([{"verdict": Verdict.DIVERGE}], "None of the 1 exact-integer probes came back exact"),
        ([{}], "no escape probability was recorded"),
        ([{"escape": 0.25}, {}], "1 have a known bound"),
        ([{"escape": 2.0}], "proves nothing"),
    ],
)
def test_the_certificate_promises_no_more_than_is_known(make_record, summarise, records, words):
    always = make_record(level="", check=Check.SHAPE)
    assert (
        words
        in certificate([always, *(make_record(**changes) for changes in records)], summarise)["sentence"]
    )


@pytest.mark.parametrize(
    ("bound", "text"), [(2 / 97, "0.021"), (0.25, "0.25"), (2**-30, "9.4e-10"), (0.999, "1")]
)
def test_an_upper_bound_is_never_rounded_down(bound, text):
    assert rounded_up(bound) == text
    assert float(text) >= bound


@pytest.mark.parametrize(
    ("errors", "largest"),
    [([0.5, 2.0, 1.0], 2.0), ([math.inf, 1.0], "inf"), ([1.0, math.nan, math.inf], "nan"), ([None], None)],
)
def test_the_largest_error_and_the_promises_of_bounded_checks(make_record, summarise, errors, largest):
    records = [make_record(level="bounded", error=error, met="wider") for error in errors]
    bounded = summarise(*records).implementations()[NAME]["bounded"]["values"]
    assert bounded["largest"] == largest
    assert bounded["met"] == {"wider": len(errors)}
    assert bounded["judged"] == len(errors)


def test_numbers_that_json_lacks_become_strings(make_record, summarise):
    evidence = Evidence(expected=[math.nan], actual=[math.inf], difference=[-math.inf], wrong=1, elements=1)
    summary = summarise(make_record(verdict=Verdict.DIVERGE, evidence=evidence, error=math.inf))
    (found,) = json.loads(dumps(summary.divergences()), parse_constant=pytest.fail)
    assert found["smallest"]["error"] == "inf"
    assert [found["smallest"]["evidence"][k] for k in ("expected", "actual", "difference")] == [
        ["nan"],
        ["inf"],
        ["-inf"],
    ]


def test_a_case_that_was_only_not_applicable_is_not_judged(make_record, summarise):
    records = [
        make_record(case_of_size(1)),
        make_record(case_of_size(2), verdict=Verdict.NOT_APPLICABLE, level=""),
        make_record(case_of_size(3), verdict=Verdict.UNSUPPORTED, level=""),
        make_record(case_of_size(4), verdict=Verdict.ALLOWED, level=""),
    ]
    entry = summarise(*records).implementations()[NAME]
    assert (entry["cases"], entry["judged"]) == (4, 2)
