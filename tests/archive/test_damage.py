"""Exhaustive damage: every flipped bit and every truncation of small archives, seen by both readers.

Archives of a few hundred bytes hold the same records as large ones, so all of them can be tried.
Every bit is turned in an archive of each codec of the table, and in as few as hold a record of every
kind, two blocks and two leaves (a test below sees to it). The others differ in what records say of
each other, not in their checks: of each of their bytes one bit is turned. All are cut everywhere.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pytest

from compressor.archive.forward import Damage, ForwardReader
from compressor.archive.record import HEADER_SIZE, MAGIC, MAX_BLOCK
from compressor.archive.source import Source
from compressor.archive.stream import SCAN_SIZE
from compressor.errors import CompressorError
from tests.archive import reading
from tests.archive.forge import BLOCK, MEMBERS, SYNC, Forge, entry
from tests.archive.sound import SOUND, provider, stream
from tests.stagenames import CODECS

CODEC_TEXT = b"abcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc" * 2


class Tried(NamedTuple):
    make: Callable[[], bytes]
    bases: tuple[bytes, ...] = ()
    every_bit: bool = True


EVERY_KIND = ("good-every-kind", "good-skippable", "good-difference-outside")
RELATED = ("good-concatenated", "good-archive-inside", "good-folder", "good-dedup", "good-appended")
RELATED += ("good-appended-unchanged", "good-difference", "good-difference-spans")
RELATED += ("good-difference-appended",)


def archives() -> dict[str, Tried]:
    by_codec = {
        f"codec {name}": Tried(lambda name=name: stream(CODEC_TEXT, name))
        for name in CODECS
        if provider(name)
    }
    return by_codec | {
        name: Tried(SOUND[name].make, SOUND[name].bases, name in EVERY_KIND)
        for name in EVERY_KIND + RELATED
    }


ARCHIVES = archives()


def flips(data: bytes, *, every_bit: bool) -> Iterator[bytes]:
    for at in range(len(data)):
        for bit in range(8) if every_bit else [at % 8]:
            flipped = bytearray(data)
            flipped[at] ^= 1 << bit
            yield bytes(flipped)


def seekable_or_none(data: bytes, bases: Sequence[bytes] = ()) -> reading.Contents | None:
    """Return the members by the index; None where any of them is refused."""
    try:
        return reading.seekable(data, bases)
    except CompressorError:
        return None


def whole_parts(data: bytes, bases: Sequence[bytes] = ()) -> set[int]:
    """Sizes at which an archive of a concatenation ends, or a version."""
    footer, ends, at = SYNC + b"\x08", set(), 0
    while (at := data.find(footer, at + 1)) > 0:
        ends.add(at + 64)
    return {end for end in ends if reading.refusal(data[:end], bases) is None}


def true_contents(data: bytes, bases: Sequence[bytes]) -> reading.Contents:
    """What the archive holds, in any of its versions."""
    whole = [data[:size] for size in whole_parts(data, bases)]
    return [item for part in whole for item in reading.forward(part, bases=bases)[0]]


def kinds(data: bytes) -> Counter[int]:
    return Counter(data[at + 4] for at, _ in reading.records(data))


def test_every_bit_is_turned_of_a_record_of_each_kind_two_blocks_and_two_leaves() -> None:
    turned = [kinds(tried.make()) for tried in ARCHIVES.values() if tried.every_bit]
    there = set().union(*(kinds(sound.make()) for sound in SOUND.values()))

    assert set().union(*turned) == there
    assert any(found[BLOCK] >= 2 and found[MEMBERS] >= 2 for found in turned)
    assert {f"codec {name}" for name in CODECS if provider(name)} <= ARCHIVES.keys()


@pytest.mark.parametrize("name", ARCHIVES)
def test_no_flipped_bit_escapes_and_none_gives_a_wrong_byte(name: str) -> None:
    make, bases, every_bit = ARCHIVES[name]
    data = make()
    sound, whole = true_contents(data, bases), reading.forward(data, bases=bases)[0]
    escaped = []

    for number, flipped in enumerate(flips(data, every_bit=every_bit)):
        contents, errors = reading.forward(flipped, bases=bases)
        by_index = seekable_or_none(flipped, bases)
        if not errors or by_index not in (None, whole) or any(c not in sound for c in contents):
            escaped.append(number)

    assert escaped == []


@pytest.mark.parametrize("name", ARCHIVES)
def test_no_truncation_escapes_and_none_gives_a_wrong_byte(name: str) -> None:
    make, bases, _ = ARCHIVES[name]
    data = make()
    sound, allowed = true_contents(data, bases), whole_parts(data, bases)
    escaped = []

    for size in set(range(len(data))) - allowed:
        contents, errors = reading.forward(data[:size], bases=bases)
        refused = reading.refusal(data[:size], bases)
        if not errors or refused is None or any(item not in sound for item in contents):
            escaped.append(size)

    assert escaped == []


def test_every_version_ends_where_the_archive_may_be_cut() -> None:
    sizes = {name: len(whole_parts(made.make(), made.bases)) for name, made in ARCHIVES.items()}

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
