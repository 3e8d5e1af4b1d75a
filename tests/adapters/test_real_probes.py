"""What probes ask of each framework, against the operator's definition and the suite's own reference."""

from __future__ import annotations

from operator import attrgetter

import numpy as np
import pytest

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.execution.case_runner import CaseRunner
from conv_transpose_conformance.frameworks.registry import framework_of, registry
from conv_transpose_conformance.frameworks.registry import implementation as declared
from conv_transpose_conformance.judging.answers import Outcome
from conv_transpose_conformance.reference_impl import Geometry, backward, forward
from conv_transpose_conformance.requirements.base.probe import Prober, same

pytestmark = pytest.mark.frameworks

PLAIN = [
    name
    for framework in registry().frameworks
    for name in map(attrgetter("name"), registry().frameworks[framework].implementations)
    if ".mint." not in name and "+" not in name
]
LAYERS = [name for name in PLAIN if declared(name).is_layer]
CASES = {
    1: Case.parse("v1_1d_n2_ci4_co6_i5_k3_s2_p1_g2_b_f32_int.3"),
    2: Case.parse("v1_2d_n2_ci4_co6_i5x4_k3x2_s2x2_p1x1_g2_b_f32_int.3"),
}


@pytest.fixture(scope="module")
def prober(framework_python):
    """A prober for an implementation; the frameworks' workers live as long as the module."""
    runners: dict[str, CaseRunner] = {}

    def find(name: str) -> Prober:
        framework = framework_of(name)
        if framework not in runners:
            runners[framework] = CaseRunner(Target(framework), framework_python(framework))
        return Prober(name, runners[framework])

    yield find
    for runner in runners.values():
        runner.close()


def geometry_of(prober: Prober, case: Case) -> Geometry:
    geometry = prober.meaning(case).geometry
    assert geometry is not None
    return geometry


@pytest.mark.parametrize("name", PLAIN)
def test_the_adjoint_is_the_frameworks_own_convolution(prober, name):
    on = prober(name)
    case = CASES[on.ndim]
    arrays = on.arrays(case)
    answer = on.ask("convolve", case, {**arrays, "y": arrays["g"]})
    gradients = backward(arrays["x"], arrays["w"], arrays["g"], geometry=geometry_of(on, case))
    assert answer.outcome is Outcome.OK, answer.message
    assert np.array_equal(answer.arrays["values"], gradients.x)


@pytest.mark.parametrize("name", PLAIN)
def test_second_derivatives_are_those_of_a_bilinear_map(prober, name):
    on = prober(name)
    case = CASES[on.ndim]
    arrays, geometry = on.arrays(case), geometry_of(on, case)
    v = {
        "vx": np.roll(arrays["x"], 1),
        "vw": np.roll(arrays["w"], 1),
        "vb": np.roll(arrays["b"], 1),
    }
    answer = on.ask("second", case, {**arrays, **v})
    if answer.outcome is Outcome.UNSUPPORTED:
        assert "not registered" in answer.message  # the framework's words, not ours
        return
    assert answer.outcome is Outcome.OK, answer.message
    x, w, g = (arrays[key] for key in "xwg")
    assert np.array_equal(answer.arrays["second_x"], backward(x, v["vw"], g, geometry=geometry).x)
    assert np.array_equal(answer.arrays["second_w"], backward(v["vx"], w, g, geometry=geometry).w)
    of_g = forward(v["vx"], w, v["vb"], geometry=geometry) + forward(x, v["vw"], None, geometry=geometry)
    assert np.array_equal(answer.arrays["second_g"], of_g)


@pytest.mark.parametrize("name", PLAIN)
def test_forward_mode_is_the_product_rule(prober, name):
    on = prober(name)
    case = CASES[on.ndim]
    arrays, geometry = on.arrays(case), geometry_of(on, case)
    vx, vw, vb = (np.roll(arrays[key], 1) for key in "xwb")
    answer = on.ask("tangent", case, {**arrays, "vx": vx, "vw": vw, "vb": vb})
    if answer.outcome is Outcome.UNSUPPORTED and framework_of(name) == "mindspore":
        vw, vb = np.zeros_like(vw), np.zeros_like(vb)  # its jvp takes inputs only
        answer = on.ask("tangent", case, {**arrays, "vx": vx, "vw": vw, "vb": vb})
    if answer.outcome is Outcome.UNSUPPORTED:
        assert "not registered" in answer.message or answer.message == "R torch has no forward mode"
        return
    assert answer.outcome is Outcome.OK, answer.message
    expected = forward(vx, arrays["w"], vb, geometry=geometry) + forward(
        arrays["x"], vw, None, geometry=geometry
    )
    assert np.array_equal(answer.arrays["values"], expected)


@pytest.mark.parametrize("view", ["channels_last", "strided", "transposed", "flipped", "broadcast"])
@pytest.mark.parametrize("name", PLAIN)
def test_a_view_holds_the_values_of_the_case(prober, name, view):
    on = prober(name)
    case = CASES[on.ndim]
    arrays = on.arrays(case)
    if view == "broadcast":
        arrays["x"] = np.repeat(arrays["x"][:1], len(arrays["x"]), axis=0)
    held = on.ask("inputs", case, arrays, view=view)
    if view == "flipped" and held.outcome is Outcome.UNSUPPORTED:
        return
    assert held.outcome is Outcome.OK, held.message
    assert same(held.arrays["x"], arrays["x"])
    assert same(held.arrays["w"], arrays["w"])
    assert same(held.arrays["b"], arrays["b"])
    assert on.call(case, arrays, view=view).outcome is Outcome.OK


@pytest.mark.parametrize("name", LAYERS)
def test_initial_parameters_follow_the_seed(prober, name):
    on = prober(name)
    case = CASES[on.ndim]
    first, again, other = (on.ask("initial", case, {}, seed=seed) for seed in (1, 1, 2))
    assert first.outcome is Outcome.OK, first.message
    assert first.arrays["weight"].shape == case.weight_shape
    assert same(again.arrays["weight"], first.arrays["weight"])
    assert not same(other.arrays["weight"], first.arrays["weight"])


@pytest.mark.parametrize("name", PLAIN)
def test_arguments_replace_the_cases_and_go_by_position(prober, name):
    on = prober(name)
    case = CASES[on.ndim]
    arrays = {key: value for key, value in on.arrays(case).items() if key != "g"}
    named = on.call(case, arrays, arguments={"stride": 3})
    assert named.outcome is Outcome.OK, named.message
    assert named.shape != on.call(case, arrays).shape
    signature = on.signature().get("construct" if on.module else "forward")
    # a function written in C tells no signature
    order = [argument for argument, _ in signature] if signature else ["input", "weight", "bias", "stride"]
    placed = on.call(case, arrays, arguments={"stride": 3}, positional=order[: order.index("stride") + 1])
    assert placed.outcome is Outcome.OK, placed.message
    assert same(placed.arrays["values"], named.arrays["values"])


@pytest.mark.parametrize("name", PLAIN)
def test_determinism_is_switched_on_or_plainly_not_to_be_had(prober, name):
    on = prober(name)
    case = CASES[on.ndim]
    plain = on.call(case)
    assert plain.outcome is Outcome.OK, plain.message
    answer = on.call(case, deterministic=True)
    if answer.outcome is Outcome.UNSUPPORTED:
        assert "deterministic" in answer.message
        return
    assert answer.outcome is Outcome.OK, answer.message
    assert same(answer.arrays["values"], plain.arrays["values"])
