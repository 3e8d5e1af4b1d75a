"""Judges answers: verdicts and records.

==============  ====================================================================================
``verdicts``    verdicts, checks and records
``severity``    how grave a failure is, and whose fault
``answers``     checks and converts the answers of workers
``problem``     a case under one geometry, with its data and reference
``observation`` finds the geometry of an output for which no document gives one
``judge``       makes records from an answer, the reference and the meaning of a case
==============  ====================================================================================
"""
