"""The command line: parses options and prints every error as one line.

=============  =====================================================================================
``app``        the command group and shared options; ``run``, ``replay``, ``env``, ``report``
``compare``    commands on finished runs: ``expect``, ``diff``, ``merge``
``catalogue``  ``list``, ``keep``, ``selftest``
``releases``   ``matrix`` and ``bisect``
=============  =====================================================================================
"""

from conv_transpose_conformance.cli import catalogue, compare, releases  # their commands join the group
from conv_transpose_conformance.cli.app import main

__all__ = ["catalogue", "compare", "main", "releases"]
