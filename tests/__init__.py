"""The suite's own tests; folders mirror the code."""
