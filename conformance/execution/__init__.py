"""Runs cases on frameworks.

================  ==================================================================================
``planner``       assigns cases to implementations
``connection``    sends requests to a worker ahead of its answers
``requests``      builds a worker's requests and the records of its answers
``driver``        runs one framework's jobs in workers: deadlines, deaths
``blame``         decides which call crashed a worker
``engine``        plans, drives and judges side by side; yields ``events``
``case_runner``   runs single cases and probes outside a run
``side_by_side``  runs tasks in threads and merges their results into one stream
``session``       makes an engine from a command's options
``interrupts``    handles Ctrl-C and SIGTERM
================  ==================================================================================
"""
