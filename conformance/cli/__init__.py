"""The command line: options, and one line for every error.

=============  =====================================================================================
``app``        the group of commands, what they share; ``run``, ``replay``, ``env``, ``report``
``compare``    the commands that look at runs made before: ``expect``, ``diff``, ``merge``
``catalogue``  ``list``, ``keep``, ``selftest``
``releases``   ``matrix`` and ``bisect``
=============  =====================================================================================
"""

from conv_transpose_conformance.cli import catalogue, compare, releases  # their commands join the group
from conv_transpose_conformance.cli.app import main

__all__ = ["catalogue", "compare", "main", "releases"]
