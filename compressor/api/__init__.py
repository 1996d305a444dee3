"""What users call.

The public names are those of the package ``compressor``; docs/library.md shows each in use.
"""
