"""What is known of a foreign format."""

from collections.abc import Callable, Iterator

from msgspec import Struct

from compressor.formats.packed import Packed
from compressor.formats.writing import Writing

Read = Callable[[Packed, int], Iterator[bytes]]
"""Yields what one stream holds: from its magic to its end, within so many bytes of memory."""


MOST_PACKED = MOST_PLAIN = 8 << 20  # bytes of a unit: more is read by one thread, piece by piece

Unit = Callable[[Packed], tuple[int, int]]
"""Looks at what comes next, and leaves it there: the packed bytes of a unit that can be decoded by itself
(whole streams, with what is skipped before them), and its plain bytes at most; (0, 0): that is not known."""


class Recorded(Struct, frozen=True):
    """What a header says of the file that was packed: its name, or b""; seconds since 1970, or 0."""

    name: bytes
    seconds: int


class Format(Struct, frozen=True):
    """A format of one content: ``words`` for people; ``endings`` of names, and what each becomes.

    ``begins`` says whether bytes, 13 or all there are, look like its start. ``padding``: streams may be
    followed by zeros, in multiples of so many. ``skips``: frames that hold nothing of ours may stand
    anywhere. ``alone``: nothing follows a stream. ``unit`` finds what threads can decode side by side, but
    need not be right: what can't be decoded is read once more in a row. ``recorded`` looks at a
    header, and leaves it there.
    """

    name: str
    words: str
    endings: dict[str, str]
    begins: Callable[[bytes], bool]
    read: Read
    writing: Writing | None = None
    padding: int = 0
    skips: bool = False
    alone: bool = False
    unit: Unit | None = None
    recorded: Callable[[Packed], Recorded] = lambda _packed: Recorded(b"", 0)

    @property
    def suffix(self) -> str:
        """The usual end of a file's name."""
        return next(iter(self.endings))
