"""Judges answers: verdicts and records.

==============  ====================================================================================
``verdicts``    verdicts, checks and records
``severity``    how grave a failure is, and whose fault
``answers``     checks and converts the answers of workers
``problem``     a case under one geometry, with its data and reference
``judge``       makes records from an answer, the reference and the meaning of a case
==============  ====================================================================================
"""
