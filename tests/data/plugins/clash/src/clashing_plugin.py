from pathlib import Path

from conv_transpose_conformance.frameworks.framework import Framework
from conv_transpose_conformance.frameworks.implementation import Implementation

FRAMEWORK = Framework(
    name="torch",
    adapter=Path(__file__),
    module="numpy",
    implementations=(Implementation(api="torch.nn.Other", ndim=1, is_layer=True),),
    interpret=lambda case, implementation: None,
    cannot_express=lambda case, implementation: None,
)
