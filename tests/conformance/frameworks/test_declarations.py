"""What adapters declare without their framework: names, and what each API has no way to say."""

from __future__ import annotations

from operator import attrgetter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conv_transpose_conformance.adapters.base import (
    api_of,
    first_line,
    is_symmetric,
    scalar_or_tuple,
    to_channels_first,
    to_channels_last,
)
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.registry import (
    all_implementations,
    cannot_express,
    framework_of,
    registry,
    select,
)
from conv_transpose_conformance.frameworks.registry import implementation as declared
from tests.support.cases import any_cases

ALL = {
    name: framework
    for framework in registry().frameworks
    for name in map(attrgetter("name"), registry().frameworks[framework].implementations)
}


def test_the_implementations_by_the_names_their_users_call_them():
    assert {name for name in ALL if "+" not in name} == {
        "torch.nn.ConvTranspose1d",
        "torch.nn.ConvTranspose2d",
        "torch.nn.functional.conv_transpose1d",
        "torch.nn.functional.conv_transpose2d",
        "paddle.nn.Conv1DTranspose",
        "paddle.nn.Conv2DTranspose",
        "paddle.nn.functional.conv1d_transpose",
        "paddle.nn.functional.conv2d_transpose",
        "mindspore.nn.Conv1dTranspose",
        "mindspore.nn.Conv2dTranspose",
        "mindspore.mint.nn.ConvTranspose2d",
        "r.torch.nn_conv_transpose1d",
        "r.torch.nn_conv_transpose2d",
        "r.torch.nnf_conv_transpose1d",
        "r.torch.nnf_conv_transpose2d",
    }
    assert all_implementations() == tuple(ALL)


def test_a_variant_belongs_to_a_known_api_and_declares_the_same():
    variants = [name for name in ALL if "+" in name]
    assert {name.partition("+")[2] for name in variants} == {
        "compile", "export", "vmap", "meta", "to_static", "jit"
    }  # fmt: skip
    for name in variants:
        assert declared(name).ndim == declared(api_of(name)).ndim
        assert declared(api_of(name)).is_layer
    assert not set(variants) & set(select([]))
    assert set(select(["*"])) == set(select([]))
    assert set(select([], variants=True)) == set(ALL)
    assert select(["*Transpose1d+vmap"]) == ("torch.nn.ConvTranspose1d+vmap",)
    assert select(["torch.nn.ConvTranspose1d"], variants=True) == ("torch.nn.ConvTranspose1d",)


@given(any_cases(), st.sampled_from(sorted(name for name in ALL if "+" in name)))
def test_a_variant_says_what_its_api_says(case, name):
    expected = cannot_express(api_of(name), case)
    if name.endswith("+vmap") and case.batch is None:
        expected = expected or "vmap maps over the batch, so the input must have one"
    assert (cannot_express(name, case) is None) == (expected is None)


def test_the_framework_begins_the_name_and_is_that_of_its_adapter():
    for name, framework in ALL.items():
        assert framework_of(name) == framework_of(f"{name}@1.2.3") == framework
        assert ("1" in name.rsplit(".", 1)[1]) == (declared(name).ndim == 1)


@given(any_cases(), st.sampled_from(sorted(ALL)))
def test_any_case_is_expressible_or_there_is_a_reason(case, name):
    reason = cannot_express(name, case)
    assert reason is None or reason.strip()


PLAIN1, PLAIN2 = "v1_1d_n1_ci1_co1_i4_k3_{}", "v1_2d_n1_ci1_co1_i4x4_k3x3_{}"
R1, RF1, R2 = "r.torch.nn_conv_transpose1d", "r.torch.nnf_conv_transpose1d", "r.torch.nn_conv_transpose2d"
T1, TF1, T2 = "torch.nn.ConvTranspose1d", "torch.nn.functional.conv_transpose1d", "torch.nn.ConvTranspose2d"
P1, P2 = "paddle.nn.Conv1DTranspose", "paddle.nn.functional.conv2d_transpose"
M1, M2, MINT = (
    "mindspore.nn.Conv1dTranspose",
    "mindspore.nn.Conv2dTranspose",
    "mindspore.mint.nn.ConvTranspose2d",
)
EXPRESSIBLE = [
    ("f32_int.1", {T1, TF1, P1, M1}, {T2, P2, M2, MINT}),
    ("f64_int.1", {T1, TF1, P1}, {T2, P2}),
    ("bf16_int.1", {T1, TF1, P1}, {T2, P2}),
    ("b_f32_cl_int.1", {P1}, {P2}),
    ("psame_f32_int.1", {P1, M1}, {P2, M2}),
    ("pvalid_f32_int.1", {P1, M1}, {P2, M2}),
]
SPECIFIC = [
    ("v1_1d_u_ci1_co1_i4_k3_f32_int.1", {T1, TF1}),
    ("v1_1d_n1_ci1_co1_i4_k3_s2_p1.0_f32_int.1", {P1}),
    ("v1_1d_n1_ci1_co1_i4_k3_s2_op1_f32_int.1", {T1, TF1, P1}),
    ("v1_1d_n1_ci1_co1_i4_k3_s2_os10_f32_int.1", {T1, P1}),
    ("v1_1d_n1_ci1_co1_i4_k3_s2_op1_os10_f32_int.1", {T1}),
    ("v1_1d_n1_ci4_co3_i4_k3_g2_f32_int.1", {T1, P1, M1}),  # a function would compute 2 channels
    ("v1_2d_n1_ci4_co3_i4x4_k3x3_g2_f32_int.1", {T2, M2, MINT}),
    ("v1_2d_u_ci1_co1_i4x4_k3x3_f32_int.1", {T2, MINT}),
    ("v1_2d_n1_ci1_co1_i4x4_k3x3_p1x2_f32_int.1", {T2, P2, M2, MINT}),
    ("v1_2d_n1_ci1_co1_i4x4_k3x3_p1x2.0_f32_int.1", {P2, M2}),
    ("v1_2d_n1_ci1_co1_i4x4_k3x3_s2x2_op1x0_f32_int.1", {T2, P2, M2, MINT}),
    ("v1_2d_n1_ci1_co1_i4x4_k3x3_s2x2_os10x9_f32_int.1", {T2, P2, MINT}),
]


@pytest.mark.parametrize(
    "id_", [PLAIN1.format(rest) for rest, _, _ in EXPRESSIBLE] + [id_ for id_, _ in SPECIFIC]
)
def test_r_torch_can_say_what_pytorch_can(id_):
    pairs = [(T1, R1), (TF1, RF1)] if "_1d_" in id_ else [(T2, R2)]
    for torch, r in pairs:
        assert bool(able(id_, [torch])) == bool(able(id_, [r]))


def able(id_: str, names: list[str]) -> set[str]:
    return {name for name in names if cannot_express(name, Case.parse(id_)) is None}


@pytest.mark.parametrize(("rest", "one", "two"), EXPRESSIBLE)
def test_who_can_express_it_in_both_dimensions(rest, one, two):
    assert able(PLAIN1.format(rest), [T1, TF1, P1, M1]) == one
    assert able(PLAIN2.format(rest), [T2, P2, M2, MINT]) == two


@pytest.mark.parametrize(("id_", "names"), SPECIFIC)
def test_who_can_express_it(id_, names):
    assert able(id_, [T1, TF1, P1, M1] if "_1d_" in id_ else [T2, P2, M2, MINT]) == names


def test_arguments_are_written_as_a_user_would():
    assert scalar_or_tuple([3, 3]) == 3
    assert scalar_or_tuple([3, 2]) == (3, 2)
    assert scalar_or_tuple([3]) == 3
    assert is_symmetric({"padding": [[1, 1], [2, 2]]})
    assert not is_symmetric({"padding": [[1, 1], [2, 1]]})
    assert not is_symmetric({"padding": "same"})


@pytest.mark.parametrize(
    ("batched", "first", "last"), [(True, (2, 3, 4, 5), (2, 4, 5, 3)), (False, (3, 4, 5), (4, 5, 3))]
)
def test_layouts_are_each_others_inverse(batched, first, last):
    array = np.arange(np.prod(first)).reshape(first)
    moved = to_channels_last(array, batched)
    assert moved.shape == last
    assert moved.flags["C_CONTIGUOUS"]
    assert np.array_equal(to_channels_first(moved, batched), array)
    index = (1, 2, 3, 4) if batched else (2, 3, 4)
    assert moved[(*index[:-3], *index[-2:], index[-3])] == array[index]


def test_a_frameworks_words_without_its_backtrace():
    assert first_line(RuntimeError("  one\n two\n\nC++ Traceback\n 0x0")) == "one two"
    assert first_line(RuntimeError("of <built-in at 0x7f5fe5941e40> none")) == "of <built-in> none"
    assert len(first_line(RuntimeError("x" * 5000))) == 1000
    assert first_line(RuntimeError()) == ""
