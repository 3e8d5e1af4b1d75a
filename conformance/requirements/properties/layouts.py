"""Claims about the layout of the weight and the bias that a function is given."""

from __future__ import annotations

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.answers import Outcome
from conv_transpose_conformance.requirements.base.comparing import Array, hold, result, tried
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed


@tried
def weight_begins_with_outputs(prober: Prober, case: Case) -> Trial:
    """A weight of shape (C_out, C_in, *kernel), without groups, is taken as such."""
    arrays = {name: array for name, array in prober.arrays(case).items() if name in ("x", "w")}
    plain = case.replace(bias=False)
    expected = result(prober, plain, arrays)
    turned = {**arrays, "w": arrays["w"].swapaxes(0, 1).copy()}
    return _as_stated(prober, plain, turned, expected, "weight", "w")


@tried
def bias_of_two_dimensions(prober: Prober, case: Case) -> Trial:
    """A bias of shape (C_out, 1) is taken as a bias."""
    arrays = {name: array for name, array in prober.arrays(case).items() if name != "g"}
    expected = result(prober, case, arrays)
    return _as_stated(prober, case, {**arrays, "b": arrays["b"][:, None].copy()}, expected, "bias", "b")


def _as_stated(
    prober: Prober, case: Case, arrays: dict[str, Array], expected: Array, what: str, name: str
) -> Trial:
    """Returns the trial that the call with these tensors has the expected output."""
    words = f"a {what} of the shape {list(arrays[name].shape)}"
    answer = prober.call(case, arrays, refusable=True)
    if answer.outcome is Outcome.RAISED:
        return differs(f"{words} is refused: {answer.message}", case)
    trial = fault(answer, case)
    if trial is not None:
        return trial
    why = f"that of the {what} in the layout of the layer"
    hold({"the output": answer.arrays["values"]}, {"the output": expected}, case, why)
    return passed(case)
