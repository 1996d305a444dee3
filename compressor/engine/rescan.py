"""The index of archives whose end is missing or damaged, made again from a scan of their records."""

from collections.abc import Iterator

from compressor.archive.forward import Damage, End, ForwardReader, Leaf
from compressor.archive.index import Forward, Index, RandomSource
from compressor.archive.names import leaf_ref
from compressor.archive.schema import Footer, LeafRef
from compressor.archive.source import Source
from compressor.errors import UnfinishedError


class RebuiltIndex(Index):
    """An index that knows its leaves from a scan: no root is read, no footer."""

    def __init__(self, source: RandomSource, start: int, end: int, leaves: list[LeafRef]) -> None:
        super().__init__(source, start, end, Footer(0, leaves[-1].offset, 0))
        self._leaf_refs = leaves

    def leaves(self, name: bytes | None = None) -> Iterator[LeafRef]:
        """Yield all leaves in order, whatever ``name``: any may hold it."""
        del name
        yield from self._leaf_refs


def rebuilt(source: RandomSource) -> list[Index]:
    """Return the archives in a file, first to last; all bytes are read.

    Raises:
        DamagedError: more is damaged than what stands behind a last leaf.
    """
    scanned = Source(Forward(source))
    found: list[Index] = []
    leaves: list[LeafRef] = []
    start = 0
    for event in ForwardReader(scanned).events():
        if isinstance(event, Damage) and not isinstance(event.error, UnfinishedError):
            raise event.error
        if isinstance(event, Leaf):
            leaves.append(leaf_ref(event.offset, event.entries))
        if isinstance(event, End):
            found.append(RebuiltIndex(source, start, event.position, leaves))
            leaves, start = [], event.position
    if leaves:
        found.append(RebuiltIndex(source, start, source.size, leaves))
    return found
