"""What each command does; ``cli`` has their options.

=====================  =============================================================================
``run``                ``conformance run``; made of
``phases``             its phases, each a generator of events: cases, requirements, causes, scripts, writing
``handlers``           what is done with the events: journal, records, frameworks, scripts
``progress``           the handler that shows them
``context``            what phases and handlers share
``recorder``           everything that is kept of a run's records
``evaluate``           the requirements' results
``known_divergences``  the divergences, with what was expected of them
``run_document``       the content of run.json, and the exit code
``resume``             goes on with a run that was cut short
``replay``             one case again; ``replay_all`` all that failed in a run
``expect``             writes the file of known divergences
``merge``              one run from shards
``releases``           ``matrix`` and ``bisect``
``environments``       ``conformance env``
=====================  =============================================================================
"""
