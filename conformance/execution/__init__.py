"""Running cases on frameworks.

================  ==================================================================================
``planner``       which cases go to which implementations
``connection``    a worker with requests sent ahead
``requests``      what a worker is asked, and the records of its answer
``driver``        one framework's workers through its jobs: deadlines, deaths
``blame``         which call crashed a worker
``engine``        planning, driving and judging side by side; yields ``events``
``case_runner``   single cases and probes, beside a run
``side_by_side``  tasks in threads, whose results are one stream
``session``       an engine from a command's options
``interrupts``    Ctrl-C
================  ==================================================================================
"""
