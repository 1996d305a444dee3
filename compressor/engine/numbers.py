"""Files that hold numbers: which, and their content cut into blocks of one type each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from compressor.engine.packoptions import PackOptions
from compressor.plan.columns import FLAT, columns_of
from compressor.plan.numbers import LEAST, Coding, Cut, Run, cuts
from compressor.tree.inputs import Hole, Input

if TYPE_CHECKING:
    from compressor.tensors.segments import Segment

MEASURED = 256 << 10  # bytes; of a smaller file the samples would be nearly all
SAMPLE = 64 << 10  # bytes
LOOKED_AT = 16 << 20  # bytes of a pipe, at most: headers of models have less
ENDLESS = 1 << 62  # bytes: what a pipe gives, as long as it has not ended

LEAST_TENSOR = 4 << 10  # bytes; a smaller one is compared together with its neighbours
GLANCE = 64  # bytes from the middle of a tensor: two that differ in them are not the same

Look = Callable[[int, int], bytes]
"""From an offset and a length to the bytes of a file."""

Content = Iterable["bytes | bytearray | Hole | Coded"]
"""A member's content: blocks of bytes or of numbers, and holes between them."""

Twins = Callable[[], object]
"""Called before the first of a content that seems to hold a tensor twice."""

Key = tuple[str, str, tuple[int, ...] | None]
"""Name ("": none), type and shape: tensors that have these in common are states of one another."""


class Part(Struct, frozen=True):
    """Bytes ``begin`` to ``end`` of a tensor, or of what lies behind it.

    ``between``: they have no coding, and are in a block of numbers because these lie around them.
    """

    key: Key
    begin: int
    end: int
    between: bool = False

    @property
    def size(self) -> int:
        """How many bytes they are."""
        return self.end - self.begin


class Coded(Struct, frozen=True):
    """A block of numbers, and the tensors that these are of, in order."""

    plain: bytes | bytearray
    coding: Coding
    parts: Sequence[Part] = ()

    @property
    def columns(self) -> int:
        """The elements of a row, where all of the block is of one tensor."""
        return columns_of(self.parts[0].key[2]) if len(self.parts) == 1 else FLAT

    def sizes(self) -> list[int]:
        """Return the sizes of what it is compared by: its tensors, of which tiny neighbours are joined.

        Cut elsewhere numbers would lose what they have in common.
        """
        return [sum(part.size for part in group) for group in self._groups()] or [len(self.plain)]

    def only(self, plain: bytes | bytearray, starts: Collection[int]) -> Coded:
        """Return what is left of it: ``plain``, that which begins at these places in it."""
        if len(plain) == len(self.plain):
            return self
        at, parts = 0, list[Part]()
        for group in self._groups():
            if at in starts:
                parts += group
            at += sum(part.size for part in group)
        return Coded(plain, self.coding, parts)

    def _groups(self) -> list[list[Part]]:
        groups, joins = list[list[Part]](), False
        for part in self.parts:
            tiny = part.size < LEAST_TENSOR
            if tiny and joins:
                groups[-1].append(part)
            else:
                groups.append([part])
            joins = tiny
        return groups


def key_of_tensor(segment: Segment) -> Key:
    """Return what a tensor is known by."""
    return segment.name or "", segment.dtype, segment.shape


def content_of(source: Input, options: PackOptions, piece_size: int, twins: Twins) -> Content:
    """Yield a file's content: in blocks of one type each where it is numbers."""
    if options.codings and source.regular and source.at_start and source.whole_on_disk:
        found = _numbers_in(source.look, source.stat.st_size, options, piece_size)
        if found is not None:
            if options.alone and found.has_twins(source.look):
                twins()
            yield from _coded(found, source.take, piece_size)
    elif options.codings and not source.regular:
        yield from content_from(source.take, options, piece_size)
        return
    yield from source.pieces(piece_size)  # all of it, or what was added while it was read


def content_from(
    take: Callable[[int], bytes | bytearray], options: PackOptions, piece_size: int
) -> Content:
    """Yield the content that ``take`` gives, fewer bytes than asked for only at its end: as a pipe's."""
    if options.codings:
        ahead = _Ahead(take)
        yield from _cut_up(_numbers_ahead(ahead, options, piece_size), ahead.take, piece_size)
    else:
        yield from _in_pieces(take, piece_size)


class _TooFarError(Exception):
    """A look at a pipe goes further than what is held of it."""


class _Ahead:
    """A pipe of which the first bytes are looked at before they are taken."""

    def __init__(self, take: Callable[[int], bytes | bytearray]) -> None:
        self._take = take
        self._held = bytearray()
        self._at = 0  # in what is held
        self._ended = False

    def look(self, at: int, size: int) -> bytes:
        """Return bytes from anywhere near the start; fewer where the pipe ends.

        Raises:
            _TooFarError: they are not near it.
        """
        if at + size > LOOKED_AT:
            raise _TooFarError
        while len(self._held) < at + size and not self._ended:
            wanted = max(at + size - len(self._held), LEAST)
            more = self._take(wanted)
            self._held += more
            self._ended = len(more) < wanted
        return bytes(self._held[at : at + size])

    def take(self, size: int) -> bytes | bytearray:
        """Return the next bytes, fewer where the pipe ends; what was looked at comes first."""
        held = self._held[self._at : self._at + size]
        self._at += len(held)
        if self._at >= len(self._held):
            self._held, self._at = bytearray(), 0
        if len(held) == size or self._ended:
            return held
        more = self._take(size - len(held))
        return held + more if held else more


def _numbers_ahead(ahead: _Ahead, options: PackOptions, most: int) -> _Cuts | None:
    """Return how a pipe is cut: as a file is whose beginning says what is in it."""
    if len(ahead.look(0, LEAST)) < LEAST:
        return None
    try:
        return _numbers_in(ahead.look, ENDLESS, options, most)
    except _TooFarError:  # such as a zip, whose directory stands at its end
        return None


def _cut_up(
    found: _Cuts | None, take: Callable[[int], bytes | bytearray], piece_size: int
) -> Iterator[bytes | bytearray | Coded]:
    return _in_pieces(take, piece_size) if found is None else _coded(found, take, piece_size)


def content_in(data: memoryview, options: PackOptions, piece_size: int, twins: Twins) -> Content:
    """Return bytes in memory in the same way."""
    rest = data

    def look(at: int, size: int) -> bytes:
        return bytes(data[at : at + size])

    def take(size: int) -> bytes:
        nonlocal rest
        taken, rest = bytes(rest[:size]), rest[size:]
        return taken

    found = _numbers_in(look, len(data), options, piece_size) if options.codings else None
    if found is not None and options.alone and found.has_twins(look):
        twins()
    return _cut_up(found, take, piece_size)


class _Cuts:
    """How a file is cut that consists of these segments: lazily, for who knows what its header says."""

    def __init__(self, segments: Sequence[Segment], options: PackOptions, most: int) -> None:
        self._segments, self._options, self._most = segments, options, most

    def cuts(self) -> Iterator[Cut]:
        """Yield the cuts."""
        runs = (Run(one.size, one.dtype, columns_of(one.shape)) for one in self._segments)
        return cuts(runs, self._options.codings, self._most)

    def with_parts(self) -> Iterator[tuple[Cut, list[Part]]]:
        """Yield each cut with the parts of segments in it."""
        at = number = 0
        for cut in self.cuts():
            end = at + cut.size
            found: list[Part] = []
            while number < len(self._segments) and self._segments[number].start < end:
                segment = self._segments[number]
                begin = max(at - segment.start, 0)
                if segment.end > at:
                    stop = min(end, segment.end) - segment.start
                    found.append(self._part(number, begin, stop))
                if segment.end > end:
                    break
                number += 1
            yield cut, found
            at = end

    def _part(self, number: int, begin: int, end: int) -> Part:
        """Return a part of a segment; one that is no tensor lies behind the tensor before it."""
        segment = self._segments[number]
        between = segment.dtype not in self._options.codings
        if number and not segment.dtype:
            before = self._segments[number - 1]
            return Part(key_of_tensor(before), before.size + begin, before.size + end, between)
        return Part(key_of_tensor(segment), begin, end, between)

    def has_twins(self, look: Look) -> bool:
        """Say whether two tensors of one size seem to be the same, and not one number all over."""
        met = set[tuple[int, bytes]]()
        for one in self._segments:
            if one.dtype and one.size >= LEAST_TENSOR:
                seen = look(one.start + one.size // 2, GLANCE)
                if (one.size, seen) in met:
                    return True
                if seen[8:] != seen[:-8]:
                    met.add((one.size, seen))
        return False


def _numbers_in(look: Look, size: int, options: PackOptions, most: int) -> _Cuts | None:
    """Return how a file is cut, blocks of numbers in at most ``most`` bytes; None: it holds none."""
    if size < LEAST:
        return None
    from compressor.tensors.segments import Segment  # most runs meet no file that needs it
    from compressor.tensors.sniff import sniff

    sniffed = sniff(look, size)
    segments: Sequence[Segment] = sniffed.segments
    if not sniffed.tensors:
        segments = [Segment(0, size, options.dtype or _measured(look, size))]
    found = _Cuts(segments, options, most)
    return found if any(cut.coding for cut in found.cuts()) else None


def _measured(look: Look, size: int) -> str:
    """Return the type of an array without a header: one that samples from all over the file have."""
    if size < MEASURED or size == ENDLESS:
        return ""
    from compressor.tensors.measure import measured

    dtype = measured(look(size // 2 & -8, SAMPLE))
    if dtype and all(measured(look(at & -8, SAMPLE)) == dtype for at in (size // 4, size * 3 // 4)):
        return dtype
    return ""


def _coded(
    found: _Cuts, take: Callable[[int], bytes | bytearray], piece_size: int
) -> Iterator[bytes | bytearray | Coded]:
    """Yield a content as it is cut; ``take`` gives its next bytes, fewer where it ends early."""
    for cut, parts in found.with_parts():
        left = cut.size
        while left:
            plain = take(min(left, piece_size))
            if cut.coding is None:
                yield from [plain] if plain else []
            elif plain:
                yield Coded(plain, cut.coding, parts if len(plain) == cut.size else ())
            if len(plain) < min(left, piece_size):
                return
            left -= len(plain)


def _in_pieces(
    take: Callable[[int], bytes | bytearray], piece_size: int
) -> Iterator[bytes | bytearray]:
    """Yield a content that holds no numbers, to its end."""
    while plain := take(piece_size):
        yield plain
        if len(plain) < piece_size:
            return
