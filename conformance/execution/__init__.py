"""Running cases on frameworks.

===============  ===================================================================================
``planner``      which cases go to which implementations
``connection``   a worker with requests sent ahead
``driver``       one framework's workers through its jobs: deadlines, deaths
``blame``        which call crashed a worker
``engine``       planning, driving and judging side by side; yields ``events``
``session``      an engine from a command's options
``interrupts``   Ctrl-C
===============  ===================================================================================
"""
