"""Files that hold numbers: which, and their content cut into blocks of one type each."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from compressor.engine.packoptions import PackOptions
from compressor.plan.numbers import LEAST, Coding, Cut, cuts
from compressor.tree.inputs import Hole, Input

MEASURED = (
    16 << 20
)  # bytes; to measure what a smaller file holds (10 ms) could take as long as packing it
SAMPLE = 64 << 10  # bytes

Look = Callable[[int, int], bytes]
"""From an offset and a length to the bytes of a file."""

Content = Iterable["bytes | bytearray | Hole | Coded"]
"""A member's content: blocks of bytes or of numbers, and holes between them."""


class Coded(Struct, frozen=True):
    """A block of numbers."""

    plain: bytes | bytearray
    coding: Coding


def content_of(source: Input, options: PackOptions, piece_size: int) -> Content:
    """Yield a file's content: in blocks of one type each where it is numbers."""
    if options.codings and source.regular and source.at_start and source.whole_on_disk:
        found = _numbers_in(source.look, source.stat.st_size, options, piece_size)
        if found is not None:
            yield from _coded(found, source.take, piece_size)
    elif options.dtype in options.codings and not source.regular:
        coding = options.codings[options.dtype]
        for piece in source.pieces(min(coding.block_size, piece_size)):
            yield piece if isinstance(piece, Hole) else Coded(piece, coding)
    yield from source.pieces(piece_size)  # all of it, or what was added while it was read


def content_in(data: memoryview, options: PackOptions, piece_size: int) -> Content:
    """Return bytes in memory in the same way."""
    rest = data

    def look(at: int, size: int) -> bytes:
        return bytes(data[at : at + size])

    def take(size: int) -> bytes:
        nonlocal rest
        taken, rest = bytes(rest[:size]), rest[size:]
        return taken

    found = _numbers_in(look, len(data), options, piece_size) if options.codings else None
    return _coded(found or [Cut(len(data), None)], take, piece_size)


def _numbers_in(look: Look, size: int, options: PackOptions, most: int) -> list[Cut] | None:
    """Return how a file is cut, blocks of numbers in at most ``most`` bytes; None: it holds none."""
    if size < LEAST:
        return None
    from compressor.tensors.sniff import sniff  # most runs meet no file that needs it

    sniffed = sniff(look, size)
    segments = [(one.size, one.dtype) for one in sniffed.segments]
    if not sniffed.format:
        segments = [(size, options.dtype or _measured(look, size))]
    found = cuts(segments, options.codings, most)
    return found if any(cut.coding for cut in found) else None


def _measured(look: Look, size: int) -> str:
    """Return the type of an array without a header: one that samples from all over the file have."""
    if size < MEASURED:
        return ""
    from compressor.tensors.measure import measured

    dtype = measured(look(size // 2 & -8, SAMPLE))
    if dtype and all(measured(look(at & -8, SAMPLE)) == dtype for at in (size // 4, size * 3 // 4)):
        return dtype
    return ""


def _coded(
    found: Sequence[Cut], take: Callable[[int], bytes | bytearray], piece_size: int
) -> Iterator[bytes | bytearray | Coded]:
    """Yield a content as it is cut; ``take`` gives its next bytes, fewer where it ends early."""
    for cut in found:
        left = cut.size
        while left:
            plain = take(min(left, piece_size))
            if plain:
                yield plain if cut.coding is None else Coded(plain, cut.coding)
            if len(plain) < min(left, piece_size):
                return
            left -= len(plain)
