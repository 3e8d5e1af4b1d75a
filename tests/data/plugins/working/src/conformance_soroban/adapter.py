"""The worker's half."""

from __future__ import annotations

from conv_transpose_conformance.adapters.base import Adapter, Call


class SorobanAdapter(Adapter):
    framework = "soroban"
    module = "soroban"

    def __init__(self):
        import soroban

        self.soroban = soroban

    def describe(self):
        return {"version": self.soroban.__version__, "device": "cpu", "dtypes": ["float32", "float64"]}

    def call(self, implementation, case, arrays, options=None):
        return SorobanCall(self.soroban, self.made(implementation), case, arrays, options)


class SorobanCall(Call):
    def __init__(self, soroban, function, case, arrays, options):
        self.soroban, self.function, self.arrays, self.options = soroban, function, arrays, options
        self.given = {
            "stride": case["stride"],
            "padding": [before for before, _ in case["padding"]],
            "groups": case["groups"],
            "dilation": case["dilation"],
        }
        self.extra = case["output_padding"]

    def construct(self):
        return {}

    def forward(self):
        given = {
            "x": self.arrays["x"],
            "weight": self.arrays["w"],
            "bias": self.arrays.get("b"),
            **self.given,
        }
        return self.options.called(self.function, {**given, "output_padding": self.extra})

    def shape_and_dtype(self, output):
        return list(output.shape), str(output.dtype)

    def fetch(self, output):
        return output

    def backward(self, output, grad):
        names = ("grad_input", "grad_weight", "grad_bias")
        found = dict(
            zip(names, self.soroban.gradients(self.arrays["x"], self.arrays["w"], grad, **self.given))
        )
        return found if "b" in self.arrays else {name: found[name] for name in names[:2]}


ADAPTER = SorobanAdapter
