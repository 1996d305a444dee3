"""The native formats in plain Python, in the order of their pages; for tests and readers."""
