"""The command line: parses options and prints every error as one line.

=============  =====================================================================================
``options``    options that several commands share
``running``    what commands share beyond options: errors as one line, a run, the summary of a run
``app``        the command group; ``run``, ``replay``, ``env``, ``report``
``adapter``    ``adapter check`` and ``adapter new``
``compare``    commands on finished runs: ``expect``, ``diff``, ``merge``
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
