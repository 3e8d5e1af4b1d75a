"""``pytest --conformance NAME``: cases as pytest items."""
