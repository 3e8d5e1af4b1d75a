import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.condition import InvalidCondition, Table, parse

TWO = "v1_2d_n2_ci4_co6_i5x7_k3x2_s2x1_p1x0.2_op1x0_d1x2_g2_b_f32_int.1f"
ONE = "v1_1d_u_ci2_co3_i4_k3_f64_real.1"


def holds(text: str, case: str = TWO) -> bool:
    return parse(text).holds(Case.parse(case))


@pytest.mark.parametrize(
    "text",
    [
        "bias",
        "output_padding > 0",
        "output_padding > 0 and stride > 1",
        "in some dimension: output_padding > 0 and (dilation > 1 or bias)",
        "not channels_last and groups == 2",
        "stride[0] == 2 and stride[1] == 1",
        "padding_after > padding_before",
        "all(kernel_size >= 2)",
        "asymmetric",
        "in_per_group == 2 and out_per_group == 3",
        "extent[1] == 3 and output[1] == 7",
        "batch == 2 and ndim == 2 and float32 and not real and not unbatched",
        "always",
        "output > -1",
        "bias or dilation > 9 and dilation > 9",
    ],
)
def test_a_condition_holds(text):
    assert holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "not bias",
        "output_padding > 0 and dilation > 1",  # each holds, in different dimensions
        "all(stride > 1)",
        "kernel_size[0] == kernel_size[1]",
        "(bias or dilation > 9) and dilation > 9",
        "channels_left > 0",
        "sized",
        "tuples",
    ],
)
def test_a_condition_does_not_hold(text):
    assert not holds(text)


def test_the_second_dimension_of_a_1d_case_is_nothing():
    assert not holds("stride[1] > 0", ONE)
    assert not holds("stride[1] <= 0", ONE)
    assert holds("batch == 0 and unbatched and real and float64", ONE)


def test_an_output_size_counts_as_output_padding():
    sized = "v1_1d_n1_ci1_co1_i3_k2_s2_os7_f32_int.1"
    assert holds("output_padding == 1 and sized", sized)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("v1_1d_n1_ci1_co1_i3_k2_s2_p1_op1_f32_int.1", 1),  # the crop gives the place back
        ("v1_1d_n1_ci1_co1_i3_k2_s2_op1_f32_int.1", 0),  # nothing reaches beyond the full output
        ("v1_1d_n1_ci1_co1_i3_k1_s3_p2_op1_f32_int.1", 0),  # a gap of the stride
    ],
)
def test_the_terms_in_the_output_padding_are_counted(case, expected):
    assert Table([Case.parse(case)], 1).column("tail_terms")[0, 0] == expected


def test_terms_in_the_output_padding_need_the_other_dimension_too():
    # height: everything is cropped away, so that no product lies in any output position
    case = "v1_2d_n1_ci3_co6_i2x2_k1x1_s2x4_p1x1_op0x3_g3_f32_int.cd2f"
    assert list(Table([Case.parse(case)], 2).column("tail_terms")[0]) == [0, 0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at its end, expected a quantity"),
        (
            "output_paddin > 0",
            "at character 1, expected a quantity, a flag or a number, found 'output_paddin'",
        ),
        ("bias and", "at its end, expected"),
        ("stride 2", "at character 8, expected a comparison"),
        ("stride > 1)", "at character 11, expected 'and', 'or' or the end"),
        ("(bias", "at its end, expected ')'"),
        ("stride[2] > 1", "at character 8, expected the dimension 0 or 1"),
        ("bias; import os", "at character 5, unexpected ';'"),
        ("groups[0] > 1", "at character 7, expected a comparison (> >= < <= == !=), found '['"),
    ],
)
def test_a_condition_that_cannot_be_read_is_named_with_its_place(text, said):
    with pytest.raises(InvalidCondition) as caught:
        parse(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_condition_is_evaluated_on_a_table_of_cases():
    cases = [Case.parse(TWO), Case.parse(TWO).replace(bias=False)]
    assert Table(cases, 2).holds(parse("bias")).tolist() == [True, False]
    assert Table([], 2).holds(parse("bias")).tolist() == []
