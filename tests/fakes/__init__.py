"""Stand-ins and helpers: an honest operator, interpreters that lie, crash and hang, and calls by hand."""
