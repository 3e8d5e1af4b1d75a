"""Judges answers: verdicts and records.

==============  ====================================================================================
``verdicts``    verdicts, checks and records
``answers``     checks and converts the answers of workers
``problem``     a case under one geometry, with its data and reference
``judge``       makes records from an answer, the reference and the meaning of a case
==============  ====================================================================================
"""
