"""What the host knows of frameworks: declarations, interpreters, environments.

===================  ===============================================================================
``framework``        the object through which a framework comes in; ``registry`` loads all of them
``implementation``   APIs and variants; ``interface`` their arguments, ``expressing`` shared limits
``torch`` …          one module per framework: its declarations, and the demands of its documents
``runtime``          languages of interpreters; ``python_runtime`` and ``r_runtime`` implement it
``environments``     virtual environments that the suite makes
``targets``          the interpreter or release of each framework in a run
``starting``         the command that starts a worker
``idiom``            calls in a framework's own words, for scripts
===================  ===============================================================================
"""
