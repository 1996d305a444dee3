"""Other programs' files in threads: the same bytes and the same errors as by one thread."""

import bz2
import gzip
import io
import random
import re
import struct
import zlib

import pytest
import zstandard

from compressor.engine import foreignthreads
from compressor.engine.foreignthreads import TASK, ForeignReading
from compressor.errors import CompressorError
from compressor.formats import bzip2
from compressor.formats.packed import PIECE, Packed
from compressor.formats.table import format_of
from tests.formats.samples import NOISE, TEXT

PARTS = [TEXT + NOISE + bytes([number]) * 3000 for number in range(8)]
PLAIN = b"".join(PARTS)
SKIPPED = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
MEMORY = 1 << 30


def blocked(plain: bytes) -> bytes:
    """Return BGZF: members of at most 64 KiB, each with its size, an empty one at the end."""
    members = []
    for at in [*range(0, len(plain), 65280), len(plain)]:
        part = plain[at : at + 65280]
        coder = zlib.compressobj(1, zlib.DEFLATED, -15)
        body = coder.compress(part) + coder.flush()
        head = (
            b"\x1f\x8b\x08\x04" + bytes(5) + b"\xff\6\0BC\2\0" + struct.pack("<H", len(body) + 25)
        )
        members.append(head + body + struct.pack("<II", zlib.crc32(part), len(part)))
    return b"".join(members)


def framed(*, checked: bool = True) -> bytes:
    coder = zstandard.ZstdCompressor(write_checksum=checked)
    return b"".join(SKIPPED + coder.compress(part) for part in PARTS)


PACKED = {
    "gz": blocked(PLAIN),
    "bz2": b"".join(map(bz2.compress, PARTS)),
    "zst": framed(),
}


def outcome(packed: bytes, threads: int, memory: int = MEMORY) -> tuple[bytes, str, list[int]]:
    """Return what came, the error that ended it, and the positions that were reported.

    The error is without its offset, which tells how far was read, and that depends on what was read at once.
    """
    found = format_of(packed[:512])
    assert found is not None
    reading = ForeignReading(found, Packed(io.BytesIO(packed).read, found.words), memory, threads)
    came, positions = [], []
    try:
        for piece in reading.pieces():
            came.append(piece)
            positions.append(reading.position)
    except CompressorError as error:
        what = re.sub(" at byte .*", "", str(error))
        return b"".join(came), f"{type(error).__name__}: {what}", positions
    return b"".join(came), "", [*positions, reading.position]


@pytest.mark.parametrize("name", PACKED)
def test_units_are_decoded_side_by_side_and_given_in_order(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    real = foreignthreads._decoded
    monkeypatch.setattr(
        foreignthreads, "_decoded", lambda *args: sizes.append(len(args[1])) or real(*args)
    )

    came, error, positions = outcome(PACKED[name], 3)

    assert (came, error) == (PLAIN, "")
    assert sum(sizes) > 0.8 * len(PACKED[name])
    assert len(sizes) > 1
    assert positions == sorted(positions)
    assert positions[-1] == len(PACKED[name])


@pytest.mark.parametrize("name", PACKED)
def test_damage_and_early_ends_are_what_one_thread_says(name: str) -> None:
    packed = PACKED[name]
    chosen = random.Random(3)
    told = 0
    for number in range(9):
        damaged = bytearray(packed)
        if number % 3:
            damaged[chosen.randrange(len(packed))] ^= 1 << chosen.randrange(8)
        else:
            del damaged[chosen.randrange(len(packed)) :]
        alone, error, _ = outcome(bytes(damaged), 1)
        came, same, _ = outcome(bytes(damaged), 3)
        assert same == error
        # How much of a broken stream comes before the error depends on what its library got at once.
        assert came.startswith(alone[:-PIECE])
        assert alone.startswith(came[:-PIECE])
        told += bool(error)
    assert told > 4


@pytest.mark.parametrize("name", PACKED)
def test_other_bytes_behind_the_end_come_after_all_that_is_sound(name: str) -> None:
    came, error, _ = outcome(PACKED[name] + b"other bytes", 3)

    assert came == PLAIN
    assert "followed by something else" in error
    assert error == outcome(PACKED[name] + b"other bytes", 1)[1]


def test_what_looks_like_a_start_and_is_none_is_read_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    false = b"BZh91AY&SY" + random.Random(1).randbytes(40)
    packed = PACKED["bz2"]
    assert outcome(packed + false + packed, 3)[:2] == outcome(packed + false + packed, 1)[:2]

    monkeypatch.setattr(bzip2, "STARTS", re.compile(b"AY&S|xyz|a[a-d]"))
    assert outcome(packed, 3)[:2] == (PLAIN, "")


def test_streams_of_which_no_end_is_known_go_between_those() -> None:
    unsized = zstandard.ZstdCompressor().compressobj()
    one = unsized.compress(TEXT) + unsized.flush()

    assert outcome(framed() + one + framed() + one, 3)[0] == PLAIN + TEXT + PLAIN + TEXT
    assert outcome(gzip.compress(TEXT) + PACKED["gz"] + bytes(7), 3)[0] == TEXT + PLAIN
    for name in ("gz", "bz2"):
        padded = PACKED[name] + bytes(99) + PACKED[name] + bytes(9)
        assert outcome(padded, 3)[:2] == (PLAIN + PLAIN, "")


def test_a_unit_that_holds_more_than_it_may_is_read_piece_by_piece() -> None:
    large = bytes(9 << 20)
    packed = bz2.compress(large) + bz2.compress(TEXT) * 2
    lying = blocked(TEXT)[:18] + blocked(bytes(65280))[18:]

    assert outcome(packed, 2)[0] == large + TEXT + TEXT
    assert outcome(lying, 2)[:2] == outcome(lying, 1)[:2]
    frames = zstandard.ZstdCompressor().compress(large) * 2
    assert outcome(frames, 2)[0] == large * 2


def test_threads_keep_within_the_memory() -> None:
    found = format_of(PACKED["zst"][:512])
    assert found is not None
    packed = Packed(io.BytesIO(PACKED["zst"]).read, "")

    for memory, threads in ((TASK, 1), (4 * TASK, 2), (7 * TASK, 5), (99 * TASK, 8)):
        assert ForeignReading(found, packed, memory, 8)._pool.threads == threads


def test_a_frame_to_skip_that_is_too_large_is_not_gathered() -> None:
    skipped = (0x184D2A50).to_bytes(4, "little") + (1 << 31).to_bytes(4, "little") + bytes(4 << 20)
    found = format_of(zstandard.compress(b""))
    packed = Packed(io.BytesIO(skipped).read, found.words)

    assert ForeignReading(found, packed, MEMORY, 2)._units() == (b"", 0)
    assert len(packed._held) < 1 << 20


def test_units_that_stand_for_nothing_are_bounded_by_their_packed_size(monkeypatch) -> None:
    nothing = zstandard.compress(b"")
    found = format_of(nothing)
    monkeypatch.setattr(foreignthreads, "MOST_PACKED", 5 * len(nothing))
    packed = Packed(io.BytesIO(nothing * 100).read, found.words)

    assert ForeignReading(found, packed, MEMORY, 2)._units() == (nothing * 5, 0)
