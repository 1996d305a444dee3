"""Files that hold numbers: which, and their content cut into blocks of one type each."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from compressor.plan.numbers import LEAST, Coding, Codings, Cut, cuts
from compressor.tree.inputs import Hole, Input

Content = Iterable["bytes | bytearray | Hole | Coded"]
"""A member's content: blocks of bytes or of numbers, and holes between them."""


class Coded(Struct, frozen=True):
    """A block of numbers."""

    plain: bytes | bytearray
    coding: Coding


def numbers_in(
    look: Callable[[int, int], bytes], size: int, codings: Codings, most: int
) -> list[Cut] | None:
    """Return how a file's content is cut, in blocks of at most ``most`` bytes where they are numbers.

    ``look(offset, length)`` gives its bytes. None: there are no numbers that would be worth it.
    """
    if size < LEAST:
        return None
    from compressor.tensors.sniff import sniff  # most runs meet no file that needs it

    found = cuts(((one.size, one.dtype) for one in sniff(look, size).segments), codings, most)
    return found if any(cut.coding for cut in found) else None


def content_of(source: Input, codings: Codings, piece_size: int) -> Content:
    """Yield a file's content: in blocks of one type each where it is numbers, and that is wanted."""
    if codings and source.regular and not source.sparse and source.at_start:
        found = numbers_in(source.look, source.stat.st_size, codings, piece_size)
        if found is not None:
            yield from _coded(found, source.take, piece_size)
    yield from source.pieces(piece_size)  # all of it, or what was added while it was read


def content_in(data: memoryview, codings: Codings, piece_size: int) -> Content:
    """Return bytes in memory in the same way."""
    found = None
    if codings:

        def look(at: int, size: int) -> bytes:
            return bytes(data[at : at + size])

        found = numbers_in(look, len(data), codings, piece_size)
    rest = data

    def take(size: int) -> bytes:
        nonlocal rest
        taken, rest = bytes(rest[:size]), rest[size:]
        return taken

    return _coded(found or [Cut(len(data), None)], take, piece_size)


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
