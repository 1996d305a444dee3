"""How a content becomes another program's file: in parts, which threads pack side by side."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from compressor.stages.base import Bytes


class Coder(Protocol):
    """One content on its way: ``start``, then parts in order, then ``end``; what they give makes the file."""

    part_size: int
    """Plain bytes of each part but the last."""

    overlap: int
    """Plain bytes that ``encode`` is told of what comes before its part."""

    memory: int
    """Bytes that packing a part takes, besides the part and what it becomes."""

    threads: int
    """Parts that may be packed at once; 0: any number."""

    def start(self) -> bytes:
        """Return what the file begins with."""
        ...

    def note(self, part: Bytes) -> None:
        """Hear of each part, in order, before it is packed."""
        ...

    def encode(self, part: Bytes, before: Bytes) -> bytes:
        """Return what a part becomes; threads may call it at once."""
        ...

    def end(self) -> bytes:
        """Return what the file ends with."""
        ...


Make = Callable[[int], Coder]
"""From a level, 0 (fastest) to 9, to what packs one content with it."""


class Writing(Struct, frozen=True):
    """How a format is written: with which level where none is asked for.

    ``joins``: files in a row are one, so that several contents may go to one file. ``notice`` gives
    what users should know before they wait for it.
    """

    make: Make
    level: int
    joins: bool = True
    notice: Callable[[], str | None] = lambda: None


class StreamCoder:
    """For formats in which streams in a row are one: a stream for each part."""

    overlap = 0
    threads = 0

    def __init__(self, part_size: int, memory: int, encode: Callable[[Bytes], bytes]) -> None:
        self.part_size = part_size
        self.memory = memory
        self._encode = encode
        self._empty = True

    def start(self) -> bytes:
        """Nothing comes before the first stream."""
        return b""

    def note(self, part: Bytes) -> None:
        """Note that there is something."""
        self._empty = self._empty and not part

    def encode(self, part: Bytes, before: Bytes) -> bytes:
        """Return a stream."""
        del before
        return self._encode(part)

    def end(self) -> bytes:
        """Return the stream of nothing, where nothing came."""
        return self._encode(b"") if self._empty else b""
