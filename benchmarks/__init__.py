"""Figures quoted in the documents, each with the command that makes it."""
