"""Compress files, streams and folders, and get the same bytes back."""

__version__ = "0.1.0"
