"""What a run leaves on disk: journal, records, run.json and divergences.json."""
