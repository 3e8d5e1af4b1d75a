"""Writes and runs scripts that reproduce a divergence with the framework alone."""
