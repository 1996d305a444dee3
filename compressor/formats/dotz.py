"""The files of compress (.Z): docs/format/dotz.md. They have no check and no end mark."""

from collections.abc import Iterator

from compressor.errors import DamagedError
from compressor.formats.base import Format
from compressor.formats.packed import PIECE, READ, Packed
from compressor.formats.writing import Writing
from compressor.kernels import dotz
from compressor.stages.base import Bytes

MAGIC = b"\x1f\x9d"
CLEARS = 0x80  # flag: code 256 empties the dictionary; the lower five bits are the width of codes
LEAST_BITS, MOST_BITS = 9, 16
TRIED = 64 << 10  # packed bytes by which it is found out what a file without that flag means


def _read(packed: Packed, _memory: int) -> Iterator[bytes]:
    flags = packed.exactly(3)[2]
    bits = flags & 0x1F
    if not LEAST_BITS <= bits <= MOST_BITS:
        raise packed.damaged(f"codes of {bits} bits")
    decoder = dotz.Decoder(bits, bool(flags & CLEARS) or _clears_unsaid(packed.peek(TRIED), bits))
    data = packed.some()
    while True:
        last = len(data) < READ and not packed.peek(1)
        try:
            plain, taken = decoder.decode(data, PIECE, last=last)
        except DamagedError as error:
            raise packed.damaged(error) from error
        if plain:
            yield plain
        if len(plain) < PIECE:
            if last:
                return
            data = packed.some()
        else:
            data = data[taken:]


def _clears_unsaid(start: bytes, bits: int) -> bool:
    """Whether a file without the flag has CLEAR all the same: ``compress -C`` of ncompress 4 writes such.

    Read as what the flag says they soon name a phrase that is not defined yet.
    """
    return not _is_sound(start, bits, clears=False) and _is_sound(start, bits, clears=True)


def _is_sound(start: bytes, bits: int, *, clears: bool) -> bool:
    decoder = dotz.Decoder(bits, clears)
    try:
        while True:
            plain, taken = decoder.decode(start, PIECE, last=False)
            start = start[taken:]
            if len(plain) < PIECE:
                return True
    except DamagedError:
        return False


class _Coder:
    """One stream of codes: each depends on all before, so that there is nothing to do at once."""

    part_size = 1 << 20
    overlap = 0
    memory = 4 << 20
    threads = 1

    def __init__(self, level: int) -> None:
        self._bits = min(max(level, 2) + 8, MOST_BITS)  # 10 for -1 and -2, 16 for -8 and -9
        self._encoder = dotz.Encoder(self._bits)

    def start(self) -> bytes:
        """Return the header."""
        return MAGIC + bytes([CLEARS | self._bits])

    def note(self, part: Bytes) -> None:
        """Nothing is to be known of what follows."""

    def encode(self, part: Bytes, before: Bytes) -> bytes:
        """Return what the stream goes on with."""
        del before
        return self._encoder.encode(part, last=False)

    def end(self) -> bytes:
        """Return the last code."""
        return self._encoder.encode(b"", last=True)


FORMAT = Format(
    name="Z",
    words="a .Z file",
    endings={".Z": "", ".taZ": ".tar"},
    begins=lambda start: start.startswith(MAGIC),
    read=_read,
    writing=Writing(_Coder, 9, joins=False),
    alone=True,
)
