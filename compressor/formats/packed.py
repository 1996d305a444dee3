"""Packed bytes from front to back, and what all readers of foreign formats do with them."""

from collections.abc import Callable, Iterator
from typing import Protocol

from compressor.errors import CompressorError, DamagedError, TruncatedError
from compressor.stages.base import Bytes

READ = 128 << 10  # bytes asked for at once
PIECE = 256 << 10  # plain bytes given at once, at most, where a library lets us choose
SKIPPED = 0x184D2A50  # the first of 16 magics of frames that hold nothing of ours
INSIDE = 1 << 20  # bytes that a library may take besides what its format declares


class Packed:
    """A source of packed bytes; ``position`` counts those that were taken, ``words`` say what they are."""

    def __init__(self, read: Callable[[int], bytes | None], words: str) -> None:
        self._read = read
        self._held = b""  # read, and taken up to `_at`
        self._at = 0
        self.position = 0
        self.words = words

    def some(self, most: int = READ) -> bytes:
        """Return the next bytes, ``most`` of them or fewer; none only at the end."""
        if self._at == len(self._held):
            self._held, self._at = self._read(max(most, READ)) or b"", 0
        data = self._held[self._at : self._at + most]
        self._at += len(data)
        self.position += len(data)
        return data

    def upto(self, size: int) -> bytes:
        """Return the next ``size`` bytes, or what there is before the end."""
        data = self.some(size)
        if len(data) == size or not data:
            return data
        gathered = bytearray(data)
        while len(gathered) < size and (data := self.some(min(size - len(gathered), PIECE))):
            gathered += data
        return bytes(gathered)

    def exactly(self, size: int) -> bytes:
        """Return the next ``size`` bytes.

        Raises:
            TruncatedError: there are not so many.
        """
        data = self.upto(size)
        if len(data) < size:
            raise self.truncated()
        return data

    def give_back(self, data: bytes) -> None:
        """Have these bytes, the last ones taken, be the next again."""
        self._held, self._at = data + self._held[self._at :], 0
        self.position -= len(data)

    def peek(self, size: int) -> bytes:
        """Return the next bytes, ``size`` or as many as there are, and leave them there."""
        if len(self._held) - self._at < size:
            self.give_back(self.upto(size))
        return self._held[self._at : self._at + size]

    def measure(self, walk: Callable[["Packed"], object]) -> int:
        """Return how many of the next bytes ``walk`` takes, 0 where it raises; leave them there."""
        taken: list[bytes] = []

        def read(size: int) -> bytes:
            taken.append(self.some(size))
            return taken[-1]

        ahead = Packed(read, self.words)
        try:
            walk(ahead)
        except CompressorError:
            return 0
        else:
            return ahead.position
        finally:
            self.give_back(b"".join(taken))

    def truncated(self) -> TruncatedError:
        """Return the error of an end that comes too early."""
        return TruncatedError(f"{self.words} that ends too early", offset=self.position)

    def damaged(self, reason: object) -> DamagedError:
        """Return the error of bytes that break the format or its check."""
        return DamagedError(f"{self.words} that is damaged ({reason})", offset=self.position)


def skippable(start: Bytes) -> bool:
    """Whether a frame begins so that zstd and lz4 skip."""
    return len(start) >= 4 and int.from_bytes(start[:4], "little") & ~15 == SKIPPED


def skip_frame(packed: Packed) -> None:
    """Pass over such a frame."""
    left = int.from_bytes(packed.exactly(8)[4:], "little")
    while left:
        left -= len(packed.exactly(min(left, PIECE)))


class Decompressor(Protocol):
    """What bz2, lzma and lz4 have in common."""

    @property
    def eof(self) -> bool:
        """Whether the end of the stream was read."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more packed bytes."""
        ...

    @property
    def unused_data(self) -> bytes | None:
        """Return what follows the end, of what was given."""
        ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Take ``data``, return ``max_length`` bytes at most."""
        ...


def stream(
    packed: Packed, decoder: Decompressor, errors: tuple[type[Exception], ...]
) -> Iterator[bytes]:
    """Yield what one stream holds; what follows it can be taken next.

    Raises:
        DamagedError: it ends too early, or the library raised one of ``errors``.
    """
    while not decoder.eof:
        data = packed.some() if decoder.needs_input else b""
        if not data and decoder.needs_input:
            raise packed.truncated()
        try:
            plain = decoder.decompress(data, PIECE)
        except errors as error:
            raise packed.damaged(error) from error
        if plain:
            yield plain
    packed.give_back(decoder.unused_data or b"")  # lz4 has None for none
