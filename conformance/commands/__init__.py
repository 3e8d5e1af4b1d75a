"""What each command does; ``cli`` has their options.

=================  =================================================================================
``run``            ``conformance run``; ``finish`` its end, ``progress`` its live view
``resume``         goes on with a run that was cut short
``replay``         one case again; ``replay_all`` all that failed in a run
``expect``         writes the file of known divergences
``merge``          one run from shards
``releases``       ``matrix`` and ``bisect``
``environments``   ``conformance env``
=================  =================================================================================
"""
