"""What the host knows of frameworks: names, documents' demands, interpreters, environments.

===================  ===============================================================================
``implementations``  names and globs
``semantics``        what an API's documents demand of a case; one module a framework beside it
``environments``     the virtual environments that the suite makes
``interpreters``     the user's own interpreters, probed; ``r_interpreter`` for R
``targets``          which interpreter or release each framework of a run has
===================  ===============================================================================
"""
