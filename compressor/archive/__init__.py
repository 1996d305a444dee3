"""The container: records, the writer, the forward reader, the index. Format: docs/format/archive.md."""
