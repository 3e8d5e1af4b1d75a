"""Implements the commands; ``cli`` declares their options.

=====================  =============================================================================
``run``                ``conformance run``, built from the modules below
``phases``             its phases, each a generator of events: cases, requirements, causes, scripts, writing
``handlers``           handlers of the events: journal, records, frameworks, scripts
``progress``           the handler that shows the events
``context``            the state that phases and handlers share
``recorder``           writes a run's records and adds them up
``evaluate``           the requirements' results
``repeats``            links failing requirements to the divergences that they repeat
``known_divergences``  the content of divergences.json, with expectations
``run_document``       the content of run.json, and the exit code
``resume``             continues an interrupted run
``replay``             reruns one case; ``replay_all`` reruns all failures of a run
``expect``             writes the file of known divergences
``merge``              merges shards into one run
``releases``           ``matrix`` and ``bisect``
``environments``       ``conformance env``
=====================  =============================================================================
"""
