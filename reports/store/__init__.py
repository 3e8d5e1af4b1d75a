"""Reads and writes the files of a run: journal, records, run.json and divergences.json."""
