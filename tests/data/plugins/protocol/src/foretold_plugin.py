from pathlib import Path

from conv_transpose_conformance.cases.meaning import explicit
from conv_transpose_conformance.frameworks.framework import Framework
from conv_transpose_conformance.frameworks.implementation import Implementation

FRAMEWORK = Framework(
    name="foretold",
    adapter=Path(__file__).with_name("foretold_adapter.py"),
    module="numpy",
    implementations=(Implementation(api="foretold.conv", ndim=1, is_layer=False),),
    interpret=lambda case, implementation: explicit(case),
    cannot_express=lambda case, implementation: "never" if isinstance(case.padding, str) else None,
)
