"""LZ4's frames, by the library lz4; the frames from before them (``lz4 -l``, kernels) by its blocks."""

from collections.abc import Iterator

import lz4.block
import lz4.frame

from compressor.formats.base import Format
from compressor.formats.packed import Packed, skippable, stream
from compressor.formats.writing import StreamCoder, Writing
from compressor.stages.base import Bytes

MAGIC = b"\x04\x22\x4d\x18"
OLD = b"\x02\x21\x4c\x18"
LEVELS = (-8, 0, 2, 3, 4, 5, 6, 7, 8, 9)  # of lz4, for each of ours: below 0 faster, from 3 on HC
PART = 4 << 20  # bytes: of the largest blocks
OLD_BLOCK = 8 << 20  # plain bytes of each block of an old frame but the last
OLD_BOUND = OLD_BLOCK + OLD_BLOCK // 255 + 16  # packed bytes of it at most


def _begins(start: bytes) -> bool:
    at = 0
    while skippable(start[at : at + 4]):  # a frame of zstd or of lz4 follows
        at += 8 + int.from_bytes(start[at + 4 : at + 8], "little")
    return start[at : at + 4] in (MAGIC, OLD)


def _read(packed: Packed, _memory: int) -> Iterator[bytes]:
    if packed.peek(4) == OLD:
        packed.exactly(4)
        yield from _old(packed)
    else:
        yield from stream(packed, lz4.frame.LZ4FrameDecompressor(), (RuntimeError, ValueError))


def _old(packed: Packed) -> Iterator[bytes]:
    """Yield the blocks of an old frame: it ends where the file does, or where another frame begins."""
    while head := packed.upto(4):
        if head in (MAGIC, OLD) or skippable(head):
            packed.give_back(head)
            return
        size = int.from_bytes(head, "little")
        if len(head) < 4:
            raise packed.truncated()
        if size > OLD_BOUND:
            raise packed.damaged("a block is too large")
        try:
            yield lz4.block.decompress(packed.exactly(size), uncompressed_size=OLD_BLOCK)
        except (lz4.block.LZ4BlockError, ValueError) as error:
            raise packed.damaged(error) from error


def _coder(level: int) -> StreamCoder:
    def encode(part: Bytes) -> bytes:
        packed: bytes = lz4.frame.compress(
            part,
            compression_level=LEVELS[level],
            block_size=lz4.frame.BLOCKSIZE_MAX4MB,
            content_checksum=True,
        )
        return packed

    return StreamCoder(PART, 1 << 20, encode)


FORMAT = Format(
    name="lz4",
    words="an lz4 file",
    endings={".lz4": "", ".tlz4": ".tar"},
    begins=_begins,
    read=_read,
    skips=True,
    writing=Writing(_coder, 1),
)
