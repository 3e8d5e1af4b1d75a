"""Stand-ins and helpers: an honest operator, interpreters that lie, crash and hang, and calls by hand."""

from pathlib import Path

ROOT = Path(__file__).parents[2]  # of the checkout: on the path of a process that needs these tests
