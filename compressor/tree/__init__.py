"""The file system: inputs opened with care, outputs that appear whole or not at all."""
