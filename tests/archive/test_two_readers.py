"""One truth: where reading from front to back finds nothing wrong, the index leads to the same.

So ``test`` goes forward with a seekable file, too, and needs no second look by the index.
"""

import random
import struct
import zlib
from collections.abc import Iterator

import pytest
from xxhash import xxh3_64_intdigest

from compressor.errors import CompressorError, LimitError
from tests.archive import reading
from tests.archive.forge import MEMBERS
from tests.archive.sound import SOUND

CHOSEN = ("good-every-kind", "good-pages", "good-reach", "good-two-leaves", "good-concatenated")
CHOSEN += ("good-folder", "good-dedup", "good-appended", "good-appended-pages")
CHOSEN += ("good-difference-chain", "good-difference-spans", "good-difference-appended")
CHOSEN += ("good-difference-outside",)
TRIES = 1500  # changes to each; a change of each byte to each value would be 100,000
HEADER = 32  # bytes


def lies(data: bytes, seed: int) -> Iterator[bytes]:
    """Yield the archive with a byte or two of one record's content changed, and its check mended."""
    chance = random.Random(seed)
    places = [(at, end) for at, end in reading.records(data) if end - at > HEADER + 8]
    for _ in range(TRIES):
        at, end = chance.choice(places)
        changed = bytearray(data)
        for _ in range(chance.choice((1, 1, 2))):
            place = chance.randrange(at + HEADER, end - 8)
            changed[place] = (changed[place] + chance.choice((-1, 1, 7, 64, 128))) % 256
        if data[at + 4] == MEMBERS:
            mend_columns(changed, at)
        check = xxh3_64_intdigest(changed[at + HEADER : end - 8])
        struct.pack_into("<Q", changed, end - 8, check)
        yield bytes(changed)


def mend_columns(data: bytearray, at: int) -> None:
    """Have the zlib stream of a leaf, where it is one of the forge, fit what it holds now."""
    meta, _ = struct.unpack_from("<II", data, at + 8)
    begin = at + HEADER + meta
    if data[begin : begin + 3] == b"\x78\x01\x01":
        (size,) = struct.unpack_from("<H", data, begin + 3)
        plain = data[begin + 7 : begin + 7 + size]
        data[begin + 7 + size : begin + 11 + size] = struct.pack(">I", zlib.adler32(plain))


@pytest.mark.parametrize("name", CHOSEN)
def test_what_passes_from_front_to_back_is_what_the_index_leads_to(name: str) -> None:
    passed = 0
    sound = SOUND[name]

    for number, changed in enumerate(lies(sound.make(), seed=9)):
        contents, errors = reading.forward(changed, bases=sound.bases)
        if errors:
            continue
        passed += 1
        try:
            by_index = reading.seekable(changed, sound.bases)
        except LimitError:  # it reckons memory otherwise
            continue
        except CompressorError as error:
            pytest.fail(f"change {number}: only the index shows: {error}")
        assert by_index == contents, number

    assert passed  # names, times, labels, optional features: nothing else tells of them
