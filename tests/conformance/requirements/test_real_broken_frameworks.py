"""Requirements can be broken on purpose: the real PyTorch, with one fault put into it, does not hold them.

A fault is a few lines that are run in the worker's interpreter as soon as torch has been imported there.
Each is shown beside the same requirement on the PyTorch that nobody has touched, and beside another one that
the fault has nothing to do with.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path

import pytest

from conv_transpose_conformance.judging.verdicts import FAILING, Verdict
from conv_transpose_conformance.requirements.base.requirement import Result
from conv_transpose_conformance.requirements.catalogue import choose
from conv_transpose_conformance.requirements.examine import Subject
from tests.support.examining import results_of

pytestmark = pytest.mark.frameworks

API, VARIANT = "torch.nn.ConvTranspose1d", "torch.nn.ConvTranspose1d+vmap"
UNTOUCHED = "reject.groups.dividing"  # which is decided before anything is computed

# Runs ``fault`` once torch is there, in a worker and in what workers are forked from alike.
HOOK = """
import importlib.abc, importlib.util, sys

class Spoiler(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec("torch")
        load = spec.loader.exec_module
        def exec_module(module):
            load(module)
            import fault
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Spoiler())
"""

# Comes before a fault that has a ``faulty(x, weight, bias, **others)``: that stands in for the function.
FUNCTION = """
import torch
functional = torch.nn.functional
right = functional.conv_transpose1d

def conv_transpose1d(
    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
):
    others = dict(
        stride=stride, padding=padding, output_padding=output_padding, groups=groups, dilation=dilation
    )
    return faulty(input, weight, bias, **others)

functional.conv_transpose1d = conv_transpose1d
"""

FAULTS = {
    # kind of check: the requirement that must not hold, the fault
    "rejection": (
        "reject.stride.zero",
        """
        def faulty(x, weight, bias, stride, **others):
            return right(x, weight, bias, stride=tuple(s or 1 for s in stride), **others)
        """,
    ),
    "accepted and right": (
        "accept.view.strided",
        """
        def faulty(x, weight, bias, **others):
            dense = torch.empty(x.shape).stride()
            return right(x.as_strided(x.shape, dense), weight, bias, **others)
        """,
    ),
    "relations": (
        "relation.batch",
        """
        def faulty(x, weight, bias, **others):
            y = right(x, weight, bias, **others)
            return y + (x.shape[0] > 1) * y.detach()[:1]
        """,
    ),
    "derivatives": (
        "derivative.second",
        """
        class Once(torch.autograd.Function):
            @staticmethod
            def forward(context, y):
                return y.clone()

            @staticmethod
            def backward(context, grad):
                return grad.detach()

        def faulty(x, weight, bias, **others):
            return Once.apply(right(x, weight, bias, **others))
        """,
    ),
    "gradients": (
        "derivative.output-size",
        """
        def faulty(x, weight, bias, **others):
            y = right(x, weight, bias, **others)
            if y.requires_grad:
                y.register_hook(lambda grad: grad.flip(-1))
            return y
        """,
    ),
    "dtypes": (
        "dtype.float64.accuracy",
        """
        def faulty(x, weight, bias, **others):
            narrow = [None if t is None else t.float() for t in (x, weight, bias)]
            return right(*narrow, **others).to(x.dtype)
        """,
    ),
    "special values": (
        "special.nan-input",
        """
        def faulty(x, weight, bias, **others):
            return right(torch.nan_to_num(x), weight, bias, **others)
        """,
    ),
    "parameters": (
        "parameters.uniform",
        """
        import torch
        layer = torch.nn.modules.conv._ConvNd
        reset = layer.reset_parameters

        def reset_parameters(self):
            reset(self)
            with torch.no_grad():
                self.weight.mul_(1.01)

        layer.reset_parameters = reset_parameters
        """,
    ),
    "signatures": (
        "signature.positional",
        """
        import torch
        right = torch.nn.ConvTranspose1d

        class ConvTranspose1d(right):
            def __init__(
                self, in_channels, out_channels, kernel_size, padding=0, stride=1, *rest, **others
            ):
                super().__init__(in_channels, out_channels, kernel_size, stride, padding, *rest, **others)

        torch.nn.ConvTranspose1d = ConvTranspose1d
        """,
    ),
    "claims of a document": (
        "T1.padding",
        """
        def faulty(x, weight, bias, padding, **others):
            y = right(x, weight, bias, padding=padding, **others)
            return y.roll(1, -1) if max(padding) else y
        """,
    ),
}
# of the variant alone: what torch.vmap gives for all the images but the first
VARIANTS_FAULT = (
    "relation.batch",
    """
    import torch
    right = torch.vmap

    def vmap(function, *arguments, **others):
        mapped = right(function, *arguments, **others)

        def first_alone(x):
            y = mapped(x)
            return torch.cat([y[:1], y[1:] + 1])

        return first_alone

    torch.vmap = vmap
    """,
)


def found(python: Path, requirements: Iterable[str], *names: str) -> dict[tuple[str, str], Result]:
    subject = Subject("torch", python, {name: name for name in names})
    results = results_of(choose(requirements), subject)
    return {(result.requirement, result.key): result for result in results}


@pytest.fixture(scope="module")
def untouched(framework_python):
    """The same requirements, as PyTorch is."""
    wanted = {requirement for requirement, _ in FAULTS.values()}
    return found(framework_python("torch"), [*wanted, UNTOUCHED], API, VARIANT)


@pytest.fixture
def spoiled(framework_python, tmp_path):
    """An interpreter whose torch has a fault."""

    def make(fault: str) -> Path:
        modules = tmp_path / "modules"
        modules.mkdir()
        (modules / "sitecustomize.py").write_text(HOOK)
        common = FUNCTION if "def faulty" in fault else ""
        (modules / "fault.py").write_text(common + textwrap.dedent(fault))
        script = tmp_path / "python"
        script.write_text(f'#!/bin/sh\nPYTHONPATH="{modules}" exec "{framework_python("torch")}" "$@"\n')
        script.chmod(0o755)
        return script

    return make


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_breaks_the_requirement_that_is_about_it(untouched, spoiled, kind):
    requirement, fault = FAULTS[kind]
    assert untouched[requirement, API].verdict is Verdict.PASS, untouched[requirement, API].plain()
    broken = found(spoiled(fault), [requirement, UNTOUCHED], API)
    assert broken[requirement, API].verdict in FAILING, broken[requirement, API].plain()
    assert broken[requirement, API].plain()["message"]
    assert broken[UNTOUCHED, API].verdict is Verdict.PASS, broken[UNTOUCHED, API].plain()


def test_a_fault_of_a_variant_breaks_the_requirement_on_the_variant_alone(untouched, spoiled):
    requirement, fault = VARIANTS_FAULT
    assert untouched[requirement, VARIANT].verdict is Verdict.PASS, untouched[requirement, VARIANT].plain()
    broken = found(spoiled(fault), [requirement, UNTOUCHED], API, VARIANT)
    assert broken[requirement, VARIANT].verdict is Verdict.DIVERGE, broken[requirement, VARIANT].plain()
    assert broken[requirement, API].verdict is Verdict.PASS, broken[requirement, API].plain()
    assert broken[UNTOUCHED, VARIANT].verdict is Verdict.PASS
