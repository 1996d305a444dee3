"""Formats of other programs: one content each, known by how they begin."""
