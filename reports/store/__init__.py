"""Reads and writes the files of a run: journal, records, run.json and divergences.json.

``findings`` counts what they hold: what a run found, how grave it is, and what fails the run.
"""
