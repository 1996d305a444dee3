"""What a packer holds between two calls: members that wait for their block, the one that is fed."""

from collections.abc import Callable, Iterable

from blake3 import blake3
from msgspec import Struct, field

from compressor.archive.leaf import Entry
from compressor.archive.schema import MAX_PAGE, Span
from compressor.engine.block import Contents


class Solid(Struct):
    """The small members that wait for their block; ``number`` is the block's, 0 before it has any byte.

    ``parts`` are its bytes, ``size`` of them.
    """

    parts: list[bytes | bytearray] = field(default_factory=list)
    size: int = 0
    entries: list[Entry] = field(default_factory=list)
    pieces: list[tuple[int, int, bytes]] = field(default_factory=list)
    number: int = 0
    weight: int = 0

    def take(self, content: bytes | bytearray) -> None:
        """Add a content."""
        self.parts.append(content)
        self.size += len(content)

    def contents(self) -> Contents:
        """Return the block's contents, put together by whoever packs them; nothing else is left here."""
        parts, self.parts = self.parts, []
        plain = parts[0] if len(parts) == 1 else b"".join(parts)
        return Contents(plain, None, 0, self.pieces)


class Current(Struct):
    """The member that is being fed, and the block of its last piece."""

    entry: Entry
    ordinal: int
    position: int = 0
    number: int = 0
    digest: blake3 = field(default_factory=blake3)


class Extents:
    """The next extents of the member that is being fed: those of several small blocks share a record.

    ``write`` takes at most MAX_PAGE of them, in order. Until then their blocks wait, which a reader holds:
    at most ``most`` bytes, and MAX_PAGE blocks.
    """

    def __init__(self, write: Callable[[list[Span]], object], most: int) -> None:
        self._write = write
        self._most = most
        self._spans: list[Span] = []
        self._waiting = 0  # bytes of their blocks

    def wait(self, size: int) -> None:
        """Have a block of ``size`` bytes, which is written next, wait for its extents."""
        if self._waiting + size > self._most or len(self._spans) >= MAX_PAGE:
            self.flush()
        self._waiting += size

    def __len__(self) -> int:
        return len(self._spans)

    def add(self, spans: Iterable[Span]) -> None:
        """Take what the member goes on with."""
        for span in spans:
            if len(self._spans) == MAX_PAGE:
                self.flush()
            self._spans.append(span)

    def flush(self) -> None:
        """Have all that was taken written."""
        spans, self._spans, self._waiting = self._spans, [], 0
        if spans:
            self._write(spans)
