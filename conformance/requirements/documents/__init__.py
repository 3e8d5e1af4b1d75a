"""The documents' claims, one module for each page."""
