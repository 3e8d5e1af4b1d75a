from pathlib import Path

from conv_transpose_conformance.frameworks.framework import Framework

FRAMEWORK = Framework(
    name="crossed",
    adapter=Path(__file__),
    module="numpy",
    implementations=["crossed.conv"],
    interpret=lambda case, implementation: None,
    cannot_express=lambda case, implementation: None,
)
