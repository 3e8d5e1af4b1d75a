"""What the documents state, one module a page."""
