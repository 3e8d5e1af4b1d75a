"""Scripts of development; nothing here is installed."""
