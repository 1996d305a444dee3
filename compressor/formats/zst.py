"""Zstandard's frames (RFC 8878), handed to the library block by block.

The library's own readers give all that an input stands for, however much, or can't tell a frame that
was cut off from one that ended. A block stands for 128 KiB at most, and says whether it is the last.
"""

from collections.abc import Iterator

import zstandard
from msgspec import Struct

from compressor.errors import MemoryBudgetError, UnsupportedError
from compressor.formats.base import MOST_PACKED, MOST_PLAIN, Format
from compressor.formats.packed import INSIDE, Packed, skip_frame, skippable
from compressor.formats.writing import StreamCoder, Writing
from compressor.stages.base import Bytes

MAGIC = b"\x28\xb5\x2f\xfd"
MAX_BLOCK = 128 << 10  # bytes, packed or plain
LEVELS = (-3, 1, 2, 3, 5, 7, 9, 12, 16, 19)  # of zstd, for each of ours: up to 7 as .cz has them
STRONG = 9  # of zstd; above, windows have 8 MiB, and larger parts pay
PART, LARGE_PART = 8 << 20, 32 << 20  # bytes
RUN = 1  # kind of a block: one byte, repeated


class _Header(Struct, frozen=True):
    """A frame's: its bytes; those of its window and, if that is said, its content; whether it has a check."""

    data: bytes
    window: int
    plain_size: int | None
    checked: bool


def _read(packed: Packed, memory: int) -> Iterator[bytes]:
    header = _header(packed)
    needed = header.window + INSIDE
    if needed > memory:
        raise MemoryBudgetError("reading this zstd file", needed, memory)
    library = zstandard.ZstdDecompressor(max_window_size=max(header.window, 1 << 10))
    decoder = library.decompressobj()
    try:
        decoder.decompress(header.data)
        last = False
        while not last:
            last, block = _block(packed)
            plain = decoder.decompress(block)
            if plain:
                yield plain
        if header.checked:
            decoder.decompress(packed.exactly(4))
    except zstandard.ZstdError as error:
        raise packed.damaged(error) from error
    if not decoder.eof:
        raise packed.damaged("its end is not where its blocks end")


def _header(packed: Packed) -> _Header:
    start = packed.exactly(5)
    descriptor = start[4]
    single = bool(descriptor & 0x20)
    size_bytes = (int(single), 2, 4, 8)[descriptor >> 6]
    id_bytes = (0, 1, 2, 4)[descriptor & 3]
    rest = packed.exactly((not single) + id_bytes + size_bytes)
    dictionary = int.from_bytes(rest[not single :][:id_bytes], "little")
    if dictionary:
        raise UnsupportedError(
            f"this zstd file needs dictionary ID {dictionary}; `zstd -d -D` reads it"
        )
    plain_size = None
    if size_bytes:
        plain_size = int.from_bytes(rest[-size_bytes:], "little") + 256 * (size_bytes == 2)
    if single:
        window = plain_size or 0
    else:
        base = 1 << (10 + (rest[0] >> 3))
        window = base + base // 8 * (rest[0] & 7)
    return _Header(start + rest, window, plain_size, bool(descriptor & 4))


def _block(packed: Packed) -> tuple[bool, bytes]:
    """Return whether a block is the last, and its bytes."""
    head = packed.exactly(3)
    word = int.from_bytes(head, "little")
    kind, size = word >> 1 & 3, word >> 3
    if size > MAX_BLOCK:
        raise packed.damaged("a block is too large")
    return bool(word & 1), head + packed.exactly(1 if kind == RUN else size)


def _unit(packed: Packed) -> tuple[int, int]:
    """Find the end of a frame that says its size."""
    plain_size = 0

    def walk(ahead: Packed) -> None:
        nonlocal plain_size
        while skippable(ahead.peek(4)):
            if ahead.position + int.from_bytes(ahead.peek(8)[4:], "little") > MOST_PACKED:
                raise ahead.damaged("no frame that could be held")
            skip_frame(ahead)
        header = _header(ahead)
        if header.plain_size is None or header.plain_size > MOST_PLAIN:
            raise ahead.damaged("no frame that could be held")
        plain_size = header.plain_size
        last = False
        while not last:
            last, _ = _block(ahead)
            if ahead.position > MOST_PACKED:
                raise ahead.damaged("no frame that could be held")
        ahead.exactly(4 * header.checked)

    return packed.measure(walk), plain_size


def _coder(level: int) -> StreamCoder:
    own = LEVELS[level]
    size = LARGE_PART if own > STRONG else PART
    memory = zstandard.ZstdCompressionParameters.from_level(
        own
    ).estimated_compression_context_size()

    def encode(part: Bytes) -> bytes:
        return zstandard.ZstdCompressor(level=own, write_checksum=True).compress(part)

    return StreamCoder(size, memory, encode)


FORMAT = Format(
    name="zst",
    words="a zstd file",
    endings={".zst": "", ".tzst": ".tar", ".zstd": ""},
    begins=lambda start: start.startswith(MAGIC) or skippable(start),
    read=_read,
    skips=True,
    unit=_unit,
    writing=Writing(_coder, 3),
)
