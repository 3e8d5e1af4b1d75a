"""Ids: canonical, reversible, and precise about what is wrong with one."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.recipe import Recipe
from conv_transpose_conformance.errors import InvalidCase
from tests.support.cases import any_cases

FULL = "v1_2d_n2_ci4_co6_i5x7_k3x3_s2x1_p1x0.2_op1x0_os9x8_d1x2_g2_b_f32_cl_int.1f"
SHORT = "v1_1d_u_ci1_co1_i2_k2_f64_real.0"


@given(any_cases())
def test_parsing_inverts_the_id(case):
    assert Case.parse(case.id) == case


@given(any_cases(), any_cases())
def test_different_cases_have_different_ids(one, other):
    assert (one.id == other.id) == (one == other)


@given(any_cases())
def test_an_id_is_one_plain_word_of_a_command_line(case):
    assert re.fullmatch(r"[A-Za-z0-9_.\-]+", case.id)


def test_every_token_is_read_into_its_field():
    assert Case.parse(FULL) == Case(
        input_size=(5, 7),
        batch=2,
        in_channels=4,
        out_channels=6,
        kernel_size=(3, 3),
        stride=(2, 1),
        padding=((1, 1), (0, 2)),
        output_padding=(1, 0),
        output_size=(9, 8),
        dilation=(1, 2),
        groups=2,
        bias=True,
        dtype="float32",
        layout="channels_last",
        recipe=Recipe("int", 0x1F),
    )


def test_defaults_are_left_out():
    case = Case.parse(SHORT)
    assert (case.stride, case.padding, case.output_padding, case.dilation) == ((1,), ((0, 0),), (0,), (1,))
    assert (case.batch, case.output_size, case.groups, case.bias, case.layout) == (
        None,
        None,
        1,
        False,
        "channels_first",
    )


MALFORMED = [
    ("", 1, "version"),
    ("v2_1d_u_ci1_co1_i2_k2_f64_real.0", 1, "version"),
    ("V1_1d_u_ci1_co1_i2_k2_f64_real.0", 1, "version"),
    (" " + SHORT, 1, "version"),
    ("v1", 3, "'1d' or '2d'"),
    ("v1_3d_u_ci1_co1_i2_k2_f64_real.0", 4, "'1d' or '2d'"),
    ("v1_1d_m2_ci1_co1_i2_k2_f64_real.0", 7, "batch"),
    ("v1_1d_co1_ci1_u_i2_k2_f64_real.0", 7, "batch"),
    ("v1_1d_u_co1_ci1_i2_k2_f64_real.0", 9, "input channels"),
    ("v1_1d_u_ci1_i2_k2_f64_real.0", 13, "output channels"),
    ("v1_1d_u_ci1_co1_k2_i2_f64_real.0", 17, "input size"),
    ("v1_1d_u_ci1_co1_i2_f64_real.0", 20, "kernel size"),
    ("v1_1d_u_ci1_co1_i2x2_k2_f64_real.0", 17, "1 value(s)"),
    ("v1_2d_u_ci1_co1_i2x2_k2_f64_real.0", 22, "2 value(s)"),
    ("v1_2d_u_ci1_co1_i2x2_k2x2_p1_f64_real.0", 27, "2 value(s)"),
    ("v1_1d_u_ci1_co1_i2_k2_p1_s2_f64_real.0", 26, "dtype"),
    ("v1_1d_u_ci1_co1_i2_k2_s2_s2_f64_real.0", 26, "dtype"),
    ("v1_1d_u_ci1_co1_i2_k2_pfull_f64_real.0", 23, "dtype"),
    ("v1_1d_u_ci1_co1_i2_k2_p1.2.3_f64_real.0", 23, "dtype"),
    ("v1_1d_u_ci1_co1_i2_k2_f8_real.0", 23, "dtype"),
    ("v1_1d_u_ci1_co1_i2_k2_real.0", 23, "dtype"),
    ("v1_1d_u_ci1_co1_i2_k2_f64", 26, "recipe"),
    ("v1_1d_u_ci1_co1_i2_k2_f64_real", 27, "recipe"),
    ("v1_1d_u_ci1_co1_i2_k2_f64_real.", 27, "recipe"),
    ("v1_1d_u_ci1_co1_i2_k2_f64_real.FF", 27, "recipe"),
    ("v1_1d_u_ci1_co1_i2_k2_f64_real.11112222333344445", 27, "recipe"),
    ("v1_1d_u_ci1_co1_i2_k2_f64_real.0_", 34, "end of the id"),
    (SHORT + "\n", 27, "recipe"),
    (SHORT + "_x", 34, "end of the id"),
    ("v1_1d_u_ci１_co1_i2_k2_f64_real.0", 9, "input channels"),  # a full-width digit
    ("v1_1d_u_ci1_co1_i2_k2_f64_rėal.0", 27, "recipe"),
    ("v1_1d__ci1_co1_i2_k2_f64_real.0", 7, "batch"),
    ("v1_1d_u_ci+1_co1_i2_k2_f64_real.0", 9, "input channels"),
    ("v1_1d_u_ci1_co1_i2_k" + "9" * 10_000 + "_f64_real.0", 20, "kernel size"),
    ("x" * 10_000, 1, "version"),
    ("_" * 10_000, 1, "version"),
]


@pytest.mark.parametrize(("text", "position", "wanted"), MALFORMED, ids=lambda value: str(value)[-40:])
def test_a_malformed_id_is_refused_with_its_place(text, position, wanted):
    with pytest.raises(InvalidCase) as caught:
        Case.parse(text)
    message = str(caught.value)
    assert f"at character {position}," in message
    assert wanted in message
    assert "\n" not in message
    assert len(message) < 500


NOT_CANONICAL = {
    "v1_1d_u_ci01_co1_i2_k2_f64_real.0": "ci1",
    "v1_1d_u_ci1_co1_i-0_k2_f64_real.0": "i0",
    "v1_1d_u_ci1_co1_i2_k2_s1_f64_real.0": SHORT,
    "v1_1d_u_ci1_co1_i2_k2_p0_f64_real.0": SHORT,
    "v1_1d_u_ci1_co1_i2_k2_p1.1_f64_real.0": "_p1_",
    "v1_1d_u_ci1_co1_i2_k2_op0_f64_real.0": SHORT,
    "v1_1d_u_ci1_co1_i2_k2_g1_f64_real.0": SHORT,
    "v1_1d_u_ci1_co1_i2_k2_f64_real.0f": "real.f",
}


@pytest.mark.parametrize(("text", "right"), NOT_CANONICAL.items())
def test_a_second_spelling_is_refused_and_the_canonical_one_named(text, right):
    with pytest.raises(InvalidCase, match=r"not canonical: write it '.*'") as caught:
        Case.parse(text)
    assert right in str(caught.value)


@pytest.mark.parametrize("token", ["ci9223372036854775808", "ci-9999999999999999999"])
def test_a_number_beyond_64_bits_is_refused(token):
    with pytest.raises(InvalidCase, match="in_channels must be an integer of at most 64 bits"):
        Case.parse(f"v1_1d_u_{token}_co1_i2_k2_f64_real.0")


@pytest.mark.parametrize("end", range(len(FULL)))
def test_no_truncation_is_an_id_of_the_same_case(end):
    try:
        assert Case.parse(FULL[:end]).id == FULL[:end] != FULL
    except InvalidCase as error:
        assert "at character" in str(error) or "not canonical" in str(error)  # noqa: PT017


@given(any_cases(), st.data())
def test_swapped_tokens_are_refused(case, data):
    tokens = case.id.split("_")
    at = data.draw(st.integers(0, len(tokens) - 2))
    tokens[at], tokens[at + 1] = tokens[at + 1], tokens[at]
    with pytest.raises(InvalidCase):
        Case.parse("_".join(tokens))


@given(any_cases(st.integers(-2, 5)), st.data())
def test_junk_anywhere_is_refused_or_another_case(case, data):
    text = case.id
    at = data.draw(st.integers(0, len(text)))
    junk = data.draw(st.text(alphabet=string.printable + "é１\u2028\ud800", min_size=1, max_size=5))
    changed = text[:at] + junk + text[at + data.draw(st.integers(0, 2)) :]
    try:
        assert Case.parse(changed).id == changed
    except InvalidCase as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017


@given(st.text())
def test_any_text_is_an_id_or_refused(text):
    with pytest.raises(InvalidCase):
        Case.parse(text)
