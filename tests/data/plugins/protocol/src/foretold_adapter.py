"""It greets by the version of another protocol."""

from conv_transpose_conformance.adapters import worker
from conv_transpose_conformance.adapters.base import Adapter

worker.PROTOCOL = 99


class ADAPTER(Adapter):
    framework = "foretold"

    def describe(self):
        return {"version": "1", "device": "cpu", "dtypes": ["float32"]}
