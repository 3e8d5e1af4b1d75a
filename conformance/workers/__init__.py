"""Child processes of the suite: started in one way, contained, and ended even if the host is killed.

================  ==================================================================================
``launch``        starts every child process
``process``       the host's side of a worker: starts, feeds, times and ends it
``environment``   the variables that each kind of child process sees
``fork_server``   workers forked from a process that has imported its framework
``watchdog``      the process that ends the others if the host is killed
================  ==================================================================================
"""
