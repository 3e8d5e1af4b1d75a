"""Stand-ins: an honest operator written from the definition, and interpreters that lie, crash and hang."""
