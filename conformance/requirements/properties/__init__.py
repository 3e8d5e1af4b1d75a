"""Requirements on every API, one module for each property."""
