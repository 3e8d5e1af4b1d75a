raise ImportError("no such library\nanywhere")
