"""What each framework's documents demand: golden geometries, and what they leave open."""

from __future__ import annotations

import pytest
from hypothesis import given

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance
from conv_transpose_conformance.errors import InvalidCase
from conv_transpose_conformance.frameworks.registry import cannot_run, interpret, registry
from conv_transpose_conformance.generation.generate import parameter_sets

TORCH1, TORCH2 = "torch.nn.ConvTranspose1d", "torch.nn.functional.conv_transpose2d"
PADDLE1, PADDLE2 = "paddle.nn.functional.conv1d_transpose", "paddle.nn.Conv2DTranspose"
MS1, MS2 = "mindspore.nn.Conv1dTranspose", "mindspore.nn.Conv2dTranspose"
MINT = "mindspore.mint.nn.ConvTranspose2d"
EVERY1, EVERY2 = (TORCH1, PADDLE1, MS1), (TORCH2, PADDLE2, MS2, MINT)

R, F, U = Acceptance.REQUIRED, Acceptance.FORBIDDEN, Acceptance.UNSPECIFIED


def case_of(middle: str) -> Case:
    return Case.parse(f"v1_{middle}_f32_int.1")


# case, output size (worked out by hand), crop in front
GEOMETRIES = [
    ("1d_n1_ci1_co1_i4_k3", (6,), (0,)),
    ("1d_n1_ci1_co1_i4_k3_s2", (9,), (0,)),
    ("1d_n1_ci1_co1_i4_k3_s2_p1", (7,), (1,)),
    ("1d_n1_ci1_co1_i4_k3_s2_p1_op1", (8,), (1,)),
    ("1d_n1_ci1_co1_i4_k3_p2_d3", (6,), (2,)),
    ("1d_n1_ci1_co1_i4_k1_s5", (16,), (0,)),
    ("1d_u_ci1_co1_i4_k3_s3_os14", (14,), (0,)),
    ("1d_n1_ci1_co1_i4_k3_s2_p1.2", (6,), (1,)),
    ("2d_n1_ci1_co1_i4x3_k3x2_s2x1_p1x0", (7, 4), (1, 0)),
    ("2d_n2_ci4_co6_i5x7_k3x3_s2x1_p1x0.2_op1x0_d1x2_g2_b", (10, 9), (1, 0)),
]


@pytest.mark.parametrize(("middle", "size", "crop"), GEOMETRIES)
def test_where_the_formula_decides_every_api_has_its_geometry(middle, size, crop):
    case = case_of(middle)
    for name in EVERY1 if case.ndim == 1 else EVERY2:
        meaning = interpret(case, name)
        assert meaning.acceptance is R, name
        assert (meaning.geometry.output_size, meaning.geometry.crop_before) == (size, crop), name
        assert meaning.geometry.stride == case.stride
        assert meaning.geometry.dilation == case.dilation
        assert meaning.geometry.groups == case.groups


# case -> what torch, paddle, mindspore.nn and mint are held to
ACCEPTANCE = [
    # the same everywhere
    ("2d_n1_ci1_co1_i2x2_k3x3", R, R, R, R),
    ("2d_n1_ci3_co2_i2x2_k3x3_g2", F, F, F, F),
    ("2d_n1_ci2_co3_i2x2_k3x3_g2", F, F, F, F),
    ("2d_n1_ci1_co1_i2x2_k3x3_p3x3", F, F, F, F),  # both sizes -2
    ("2d_n1_ci1_co1_i2x2_k3x3_p0x3", F, F, F, F),
    ("2d_n1_ci1_co1_i2x2_k3x3_p2x2", U, U, U, U),  # an empty output
    ("2d_n1_ci1_co1_i2x2_k3x3_s0x1", F, F, F, F),
    ("2d_n1_ci1_co1_i2x2_k3x3_s-1x1", F, F, F, F),
    ("2d_n1_ci1_co1_i2x2_k3x3_d1x0", F, F, F, F),
    ("2d_n1_ci1_co1_i2x2_k0x3", F, F, F, F),
    # no channels: MindSpore's nn documents that they raise; elsewhere a number of channels is any integer
    ("2d_n1_ci0_co1_i2x2_k3x3", U, U, F, U),
    ("2d_n1_ci1_co0_i2x2_k3x3_b", U, U, F, U),
    ("2d_n1_ci-1_co1_i2x2_k3x3", F, F, F, F),
    ("2d_n1_ci1_co-1_i2x2_k3x3", F, F, F, F),
    ("2d_n1_ci1_co1_i2x2_k3x3_g0", F, F, F, F),
    ("2d_n0_ci1_co1_i2x2_k3x3", U, U, U, U),
    ("2d_n1_ci1_co1_i0x2_k3x3", U, U, U, U),
    ("2d_n1_ci1_co1_i2x2_k3x3_op-1x0", U, U, F, U),  # MindSpore's nn documents [0, max(stride, dilation))
    # output_size
    ("2d_n1_ci1_co1_i2x2_k3x3_s2x2_os6x5", R, R, R, R),
    # Paddle's pages say that it must lie in an interval, of which Conv2DTranspose's excludes the upper end
    ("2d_n1_ci1_co1_i2x2_k3x3_s2x2_os7x5", U, F, U, U),
    ("2d_n1_ci1_co1_i2x2_k3x3_s2x2_os4x5", U, F, U, U),
    ("2d_n1_ci1_co1_i2x2_k3x3_s2x1_os5x6", U, F, U, U),
    ("2d_n1_ci1_co1_i2x2_k3x3_s2x2_op1x0_os6x5", U, U, U, U),
    # a negative padding: the documents of MindSpore's nn alone forbid it
    ("2d_n1_ci1_co1_i2x2_k3x3_p-1x0", U, U, F, U),
    # output_padding: Paddle bounds it by the stride, in contradictory ways; MindSpore by stride or dilation;
    # PyTorch's documents say nothing
    ("2d_n1_ci1_co1_i3x3_k3x3_s3x1_op2x0", R, R, R, R),
    ("2d_n1_ci1_co1_i3x3_k3x3_s3x1_op3x0", U, U, F, F),
    ("2d_n1_ci1_co1_i3x3_k3x3_op1x0", U, U, F, F),
    ("2d_n1_ci1_co1_i3x3_k3x3_op1x0_d2x1", R, U, R, R),
    ("2d_n1_ci1_co1_i3x3_k3x3_op2x0_d2x1", U, U, F, F),
    # MindSpore's nn documents dilations up to the input's size
    ("2d_n1_ci1_co1_i2x3_k2x2_d2x3", R, R, R, R),
    ("2d_n1_ci1_co1_i2x3_k2x2_d3x1", R, R, U, R),
    # words for paddings: the documented length of Paddle's SAME is a convolution's; MindSpore's formulas
    # contradict the words above them
    ("2d_n1_ci1_co1_i2x2_k3x3_psame", None, U, R, None),
    ("2d_n1_ci1_co1_i2x2_k3x2_s1x3_psame", None, U, U, None),  # nothing to cut in width
    ("2d_n1_ci1_co1_i2x2_k3x3_s2x2_psame_op1x0", None, U, F, None),
    ("2d_n1_ci1_co1_i2x2_k3x3_s2x2_pvalid_op1x0", None, R, F, None),
    ("2d_n1_ci1_co1_i2x2_k0x3_psame", None, U, F, None),
    ("2d_n1_ci1_co1_i2x2_k3x3_pvalid", None, R, U, None),
]


@pytest.mark.parametrize(("middle", "torch", "paddle", "nn", "mint"), ACCEPTANCE, ids=lambda v: str(v))
def test_each_api_has_the_acceptance_of_its_documents(middle, torch, paddle, nn, mint):
    case = case_of(middle)
    for name, expected in ((TORCH2, torch), (PADDLE2, paddle), (MS2, nn), (MINT, mint)):
        if expected is not None:
            meaning = interpret(case, name)
            assert meaning.acceptance is expected, name
            assert (meaning.geometry is None) == (expected is not R), name
            assert bool(meaning.reason) == (expected is not R), name


@pytest.mark.parametrize(
    ("padding", "paddle", "mindspore"), [("same", U, U), ("valid", R, R)], ids=["same", "valid"]
)
def test_words_for_padding_in_one_dimension(padding, paddle, mindspore):
    case = case_of(f"1d_n1_ci1_co1_i4_k3_s2_p{padding}")
    assert interpret(case, PADDLE1).acceptance is paddle
    assert interpret(case, MS1).acceptance is mindspore
    if paddle is R:
        assert interpret(case, PADDLE1).geometry.output_size == (9,)
        assert interpret(case, MS1).geometry.output_size == (9,)


@pytest.mark.parametrize(("size", "expected"), [(8, F), (9, R), (10, R), (11, U), (12, F)])
def test_the_interval_of_an_output_size_in_one_dimension(size, expected):
    case = case_of(f"1d_n1_ci1_co1_i4_k3_s2_os{size}")
    for name in (PADDLE1, "paddle.nn.Conv1DTranspose"):
        assert interpret(case, name).acceptance is expected  # at 11 Paddle's pages contradict each other


def test_same_of_stride_1_in_one_dimension_cuts_the_odd_position_at_the_end():
    case = case_of("1d_n1_ci1_co1_i6_k4_psame")
    geometry = interpret(case, MS1).geometry
    assert (geometry.output_size, geometry.crop_before) == ((6,), (1,))  # of 3
    assert interpret(case, PADDLE1).acceptance is U


def test_same_in_two_dimensions_cuts_the_odd_position_at_the_end():
    case = case_of("2d_n1_ci1_co1_i5x4_k4x3_s1x2_psame")
    geometry = interpret(case, MS2).geometry
    assert geometry.output_size == (5, 8)
    assert geometry.crop_before == (1, 0)  # of 3 and of 1


@pytest.mark.parametrize("name", EVERY1)
def test_positions_beyond_64_bits_are_refused_in_one_line(name):
    for middle in ("1d_n1_ci1_co1_i1_k1_s4611686018427387904", "1d_n1_ci1_co1_i1_k1_d4611686018427387904"):
        with pytest.raises(InvalidCase, match="too large for the reference"):
            interpret(case_of(middle), name)


def test_the_unbatched_and_the_batched_call_have_one_geometry():
    one, two = case_of("1d_u_ci1_co1_i4_k3"), case_of("1d_n2_ci1_co1_i4_k3")
    assert interpret(one, TORCH1).geometry == interpret(two, TORCH1).geometry


@given(parameter_sets(2).filter(lambda case: case.padding != "same"))
def test_where_all_documents_decide_they_agree(case):
    # An API is asked what it can say: PyTorch's has no words for paddings.
    geometries = {interpret(case, name).geometry for name in EVERY2 if cannot_run(name, case) is None} - {
        None
    }
    assert len(geometries) <= 1


def test_every_framework_has_semantics():
    case = case_of("1d_n1_ci1_co1_i4_k3")
    for one in registry().frameworks.values():
        assert interpret(case, one.implementations[0].name).acceptance is R


@pytest.mark.parametrize(
    ("changes", "reason", "alone"),
    [
        ({"dilation": (0,)}, "dilation", True),
        ({"dilation": (0,), "padding": ((3, 3),)}, "dilation", False),  # and a negative size, by the formula
        ({"dilation": (0,), "output_padding": (2,)}, "dilation", False),  # and beyond the stride
        ({"kernel_size": (0,), "groups": 3}, "kernel_size", False),
        ({"input_size": (1,), "padding": ((3, 3),)}, "the output would have the negative size", True),
    ],
)
def test_whether_a_reason_is_all_that_speaks_against_a_call(changes, reason, alone):
    case = case_of("1d_n1_ci2_co2_i3_k3_s2")
    meaning = interpret(case.replace(**changes), "paddle.nn.Conv1DTranspose")
    assert meaning.reason.startswith(reason)
    assert meaning.alone is alone
