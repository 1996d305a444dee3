"""What a packer holds between two calls: members that wait for their block, the one that is fed."""

from blake3 import blake3
from msgspec import Struct, field

from compressor.archive.leaf import Entry


class Solid(Struct):
    """The small members that wait for their block; ``number`` is the block's, 0 before it has any byte."""

    plain: bytearray = field(default_factory=bytearray)
    entries: list[Entry] = field(default_factory=list)
    pieces: list[tuple[int, int, bytes]] = field(default_factory=list)
    number: int = 0
    weight: int = 0

    def take(self, content: bytearray) -> None:
        """Add a content."""
        if self.plain:
            self.plain += content
        else:
            self.plain = content  # no copy of what may be a whole block


class Current(Struct):
    """The member that is being fed, and the block of its last piece."""

    entry: Entry
    ordinal: int
    position: int = 0
    number: int = 0
    skipped: int = 0
    digest: blake3 = field(default_factory=blake3)
