"""Processes of the suite: started in one way, contained, and ended whatever becomes of the host.

================  ==================================================================================
``launch``        starts every child process there is
``process``       a worker as the host holds it: started, fed, timed, ended
``environment``   which variables each kind of child process sees
``fork_server``   workers forked from a process that has imported its framework
``watchdog``      the process that ends the others where the host is killed
================  ==================================================================================
"""
