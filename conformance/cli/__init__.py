"""The command line: options, and one line for every error.

=============  =====================================================================================
``app``        the group of commands, what they share; ``run``, ``replay``, ``env``, ``report``
``adapter``    ``adapter check`` and ``adapter new``
``compare``    the commands that look at runs made before: ``expect``, ``diff``, ``merge``
``catalogue``  ``list``, ``keep``, ``selftest``
``releases``   ``matrix`` and ``bisect``
=============  =====================================================================================
"""

from conv_transpose_conformance.cli import (  # their commands join the group
    adapter,
    catalogue,
    compare,
    releases,
)
from conv_transpose_conformance.cli.app import main

__all__ = ["adapter", "catalogue", "compare", "main", "releases"]
