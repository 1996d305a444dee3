"""Exhaustive damage: every flipped bit and every truncation of small archives, seen by both readers.

Archives of a few hundred bytes hold the same records as large ones, so all of them can be tried.
"""

import io
from collections.abc import Callable, Iterator

import pytest

from compressor.archive.forward import Damage, ForwardReader
from compressor.archive.record import HEADER_SIZE, MAGIC, MAX_BLOCK
from compressor.archive.source import Source
from compressor.archive.stream import SCAN_SIZE
from compressor.errors import CompressorError
from tests.archive import reading
from tests.archive.forge import BLOCK, SYNC, Forge, entry
from tests.archive.sound import SOUND, provider, stream
from tests.stagenames import CODECS

CODEC_TEXT = b"abcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc" * 2


def archives() -> dict[str, Callable[[], bytes]]:
    by_codec = {
        f"codec {name}": lambda name=name: stream(CODEC_TEXT, name)
        for name in CODECS
        if provider(name)
    }
    chosen = ("good-every-kind", "good-concatenated", "good-skippable", "good-archive-inside")
    chosen += ("good-folder", "good-dedup", "good-appended", "good-appended-unchanged")
    chosen += ("good-difference", "good-difference-spans", "good-difference-appended")
    return by_codec | {name: SOUND[name].make for name in chosen}


ARCHIVES = archives()


def flips(data: bytes) -> Iterator[bytes]:
    for at in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[at] ^= 1 << bit
            yield bytes(flipped)


def seekable_or_none(data: bytes) -> reading.Contents | None:
    """Return the members by the index; None where any of them is refused."""
    try:
        return reading.seekable(data)
    except CompressorError:
        return None


def whole_parts(data: bytes) -> set[int]:
    """Sizes at which an archive of a concatenation ends, or a version."""
    footer, ends, at = SYNC + b"\x08", set(), 0
    while (at := data.find(footer, at + 1)) > 0:
        ends.add(at + 64)
    return {end for end in ends if reading.refusal(data[:end]) is None}


def true_contents(data: bytes) -> reading.Contents:
    """What the archive holds, in any of its versions."""
    return [item for size in whole_parts(data) for item in reading.forward(data[:size])[0]]


@pytest.mark.parametrize("name", ARCHIVES)
def test_no_flipped_bit_escapes_and_none_gives_a_wrong_byte(name: str) -> None:
    data = ARCHIVES[name]()
    sound, whole = true_contents(data), reading.forward(data)[0]
    escaped = []

    for number, flipped in enumerate(flips(data)):
        contents, errors = reading.forward(flipped)
        by_index = seekable_or_none(flipped)
        if not errors or by_index not in (None, whole) or any(c not in sound for c in contents):
            escaped.append(number)

    assert escaped == []


@pytest.mark.parametrize("name", ARCHIVES)
def test_no_truncation_escapes_and_none_gives_a_wrong_byte(name: str) -> None:
    data = ARCHIVES[name]()
    sound, allowed = true_contents(data), whole_parts(data)
    escaped = []

    for size in set(range(len(data))) - allowed:
        contents, errors = reading.forward(data[:size])
        refused = reading.refusal(data[:size])
        if not errors or refused is None or any(item not in sound for item in contents):
            escaped.append(size)

    assert escaped == []


def test_every_version_ends_where_the_archive_may_be_cut() -> None:
    sizes = {name: len(whole_parts(ARCHIVES[name]())) for name in ARCHIVES}

    assert {name: size for name, size in sizes.items() if size > 1} == {
        "good-concatenated": 2,
        "good-appended": 2,
        "good-appended-unchanged": 3,
        "good-difference-appended": 3,
    }


def test_a_later_version_survives_damage_to_the_end_of_the_one_before() -> None:
    sound = SOUND["good-appended"]
    data = bytearray(sound.make())
    data[min(whole_parts(bytes(data))) - 60] ^= 1  # within the header of the first FOOTER

    contents, errors = reading.forward(bytes(data))

    assert contents == sound.members
    assert [reading.class_of(error) for error in errors] == ["unfinished"]


def test_cutting_a_concatenation_where_an_archive_ends_leaves_a_whole_one() -> None:
    data = SOUND["good-concatenated"].make()
    (cut,) = whole_parts(data) - {len(data)}

    contents, errors = reading.forward(data[:cut])

    assert (contents, errors) == (SOUND["good-concatenated"].members[:1], [])
    assert reading.seekable(data[:cut]) == contents


@pytest.mark.parametrize("at", range(8, 320, 7))
def test_an_archive_stored_inside_is_not_mistaken_for_the_outer_one(at: int) -> None:
    data = bytearray(SOUND["good-archive-inside"].make())
    data[at] ^= 0x55

    contents, errors = reading.forward(bytes(data))

    assert errors
    assert all(name == b"inner.cz" for name, _ in contents)
    assert seekable_or_none(bytes(data)) in (None, SOUND["good-archive-inside"].members)


@pytest.mark.parametrize(
    "tail", [b"\0", b"x", bytes(512), b"\xc5Z\xd2\x1e", b"\x89CZ", b"PK\x03\x04"]
)
def test_bytes_behind_the_end_are_refused_and_the_members_before_them_given(tail: bytes) -> None:
    sound = SOUND["good-shared-block"]

    contents, errors = reading.forward(sound.make() + tail)

    assert contents == sound.members
    assert [reading.class_of(error) for error in errors] in (["damaged"], ["truncated"])
    assert reading.refusal(sound.make() + tail) == "unfinished"


@pytest.mark.parametrize(
    ("start", "words"),
    [(b"\x1f\x8b\x08\0", "gzip"), (b"PK\x03\x04", "zip"), (b"\x28\xb5\x2f\xfd", "zstd")],
)
def test_a_strangers_file_is_named(start: bytes, words: str) -> None:
    data = start + bytes(200)

    _, (error,) = reading.forward(data)

    assert words in str(error)
    assert reading.class_of(error) == reading.refusal(data) == "not an archive"


def test_an_empty_input_is_a_truncation() -> None:
    _, (error,) = reading.forward(b"")

    assert reading.class_of(error) == reading.refusal(b"") == "truncated"


def test_damage_to_one_block_costs_only_the_members_in_it() -> None:
    sound = SOUND["good-every-kind"]
    data = sound.make()
    at = data.index(sound.members[0][1])

    contents, errors = reading.forward(data[:at] + b"F" + data[at + 1 :])

    assert contents == sound.members[1:]
    assert [reading.class_of(error) for error in errors] == ["damaged"]


def test_damage_to_a_block_that_nothing_refers_to_is_told_and_costs_no_member() -> None:
    forge = Forge()
    forge.head()
    used = forge.block(b"used")
    forge.block(b"unused")
    data = forge.finish([entry(b"a", b"used", [[used, 0, 4]])])

    sound = reading.forward(data)
    contents, errors = reading.forward(data.replace(b"unused", b"unUsed"))

    assert sound == ([(b"a", b"used")], [])
    assert contents == [(b"a", b"used")]
    assert [reading.class_of(error) for error in errors] == ["damaged"]
    assert reading.seekable(data.replace(b"unused", b"unUsed")) == [(b"a", b"used")]


def test_extents_of_level_6_are_refused_as_no_entry_could_lead_to_them() -> None:
    forge = Forge()
    forge.head()
    forge.open(0, b"a")
    at = forge.extents(0, [[forge.block(b"used", member=0), 0, 4]])
    forge.extents(0, [[at, 0, 4]], level=6)

    _, errors = reading.forward(bytes(forge.data))

    assert "breaks its schema" in str(errors[0])


class _Counting(io.BytesIO):
    """Notes how much is asked for at a time: a raw file takes as much memory before it reads."""

    most = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        self.most = max(self.most, size)
        return super().read(size)


@pytest.mark.parametrize("magic", [MAGIC, b"\x88" + MAGIC[1:]])
def test_no_memory_is_taken_for_a_block_that_stands_in_the_place_of_head(magic: bytes) -> None:
    forge = Forge(bytearray(magic))
    forge.put(BLOCK, body_size=MAX_BLOCK)
    file = _Counting(forge.data[: len(MAGIC) + HEADER_SIZE])

    events = list(ForwardReader(Source(file)).events())

    told = [str(event.error) for event in events if isinstance(event, Damage)]
    assert any("begins with its HEAD" in what for what in told)
    assert file.most <= SCAN_SIZE
