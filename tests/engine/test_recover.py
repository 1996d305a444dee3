"""recover: whatever is damaged, what comes out is sound, and nothing whole is lost."""

import io
import os
import random
from pathlib import Path

import pytest

import compressor
from compressor.archive.forward import ForwardReader
from compressor.archive.record import HEADER_SIZE, Kind, parse_header
from compressor.archive.schema import Head
from compressor.archive.source import RandomSource, Source
from compressor.engine.limits import INTERPRETER
from compressor.engine.reading import NONE_GIVEN
from compressor.engine.recover import LOST, recover
from compressor.engine.salvage import scan
from compressor.engine.salvagemembers import Contents
from compressor.errors import CompressorError, DamagedError
from compressor.stages.chain import parse
from tests.archive.forge import Forge, entry
from tests.engine.growing import Growing

RANDOM = random.Random(3)
MEMBERS = {
    b"big": RANDOM.randbytes(50) * 60,
    b"small": b"hello " * 10,
    b"empty": b"",
    b"noise": RANDOM.randbytes(1500),
}


def recovered(archive: bytes, unpack) -> tuple[object, dict[bytes, bytes]]:
    target = Growing()
    outcome = recover(io.BytesIO(archive), target)
    sink = unpack(target.getvalue())
    assert sink.outcome.failures == []
    return outcome, sink.contents


@pytest.fixture
def archive(pack) -> bytes:
    return pack(MEMBERS, block_size=700)


def test_a_sound_archive_comes_out_whole(archive, unpack) -> None:
    outcome, contents = recovered(archive, unpack)

    assert contents == MEMBERS
    assert outcome.complete


def test_every_flipped_byte_leaves_sound_members_and_true_leftovers(archive, unpack) -> None:
    for at in range(0, len(archive), 3):
        damaged = bytearray(archive)
        damaged[at] ^= 1 << (at % 8)

        _, contents = recovered(bytes(damaged), unpack)

        whole = {name: content for name, content in contents.items() if name in MEMBERS}
        assert all(MEMBERS[name] == content for name, content in whole.items()), at
        assert len(whole) >= 2, at
        leftovers = [content for name, content in contents.items() if name.startswith(LOST)]
        assert all(any(part in m for m in MEMBERS.values()) for part in leftovers), at


def test_of_equal_members_each_keeps_its_own_blocks_where_the_pages_of_one_are_lost(
    pack, unpack
) -> None:
    members = {b"one": MEMBERS[b"noise"], b"two": MEMBERS[b"noise"]}
    archive, at, pages = pack(members, block_size=700, reach=0), 8, []
    while at < len(archive):
        header = parse_header(archive[at : at + HEADER_SIZE], at)
        if header.kind == Kind.EXTENTS:
            pages.append(header.end - 9)
        at = header.end
    for page in (pages[0], pages[-1]):
        damaged = bytearray(archive)
        damaged[page] ^= 1

        outcome, contents = recovered(bytes(damaged), unpack)

        assert outcome.complete
        assert contents == members


def test_a_stream_that_was_cut_off_gives_its_blocks_in_one_piece(pack, unpack) -> None:
    archive = pack({b"big": MEMBERS[b"noise"]}, block_size=300)

    outcome, contents = recovered(archive[: archive.rindex(b"big") - 60], unpack)

    [(name, content)] = contents.items()
    assert name.startswith(LOST)
    assert content == MEMBERS[b"noise"]
    assert not outcome.complete


def test_an_archive_that_is_cut_while_it_is_recovered_is_damaged(archive) -> None:
    file = io.BytesIO(archive)
    [remains] = scan(Source(file))
    contents = Contents(RandomSource(file), remains, 1 << 20, NONE_GIVEN)
    last = max(remains.blocks)
    file.truncate(last + 20)  # within its header

    with pytest.raises(DamagedError):
        contents.read(last)


def test_a_block_that_takes_too_much_memory_is_left_out(pack) -> None:
    archive = pack({b"big": MEMBERS[b"noise"]}, block_size=300)
    cut_off = archive[: archive.rindex(b"big") - 60]

    outcome = recover(io.BytesIO(cut_off), Growing(), INTERPRETER + 200)

    [(name, reason)] = outcome.left_out
    assert name.startswith(LOST)
    assert "--memory" in reason


def head_of(archive: bytes) -> Head:
    head = next(ForwardReader(Source(io.BytesIO(archive))).events())
    assert isinstance(head, Head)
    return head


def test_where_head_is_lost_what_is_declared_comes_from_the_blocks(pack, unpack) -> None:
    archive = bytearray(pack({b"big": MEMBERS[b"big"]}, chain="lzma", block_size=700))
    archive[12] ^= 1  # within the header of HEAD
    target = Growing()

    recover(io.BytesIO(archive), target)

    head = head_of(target.getvalue())
    assert head.block_size == 700
    assert head.decode_memory == parse("lzma").decode_memory(700)
    assert unpack(target.getvalue()).contents == {b"big": MEMBERS[b"big"]}


def test_a_block_that_needs_what_is_missing_here_is_copied_and_declares_nothing() -> None:
    forge = Forge()
    forge.head()
    at = forge.block(b"packed elsewhere", chain="acme-rle")
    forge.finish([entry(b"m", b"packed elsewhere", [[at, 0, 16]])])
    forge.data[12] ^= 1
    target = Growing()

    outcome = recover(io.BytesIO(forge.data), target)

    assert outcome.kept == 1
    assert head_of(target.getvalue()).decode_memory == 0


def test_each_archive_of_several_in_a_row_is_recovered(pack, unpack) -> None:
    first, second = pack({b"a": b"one"}), pack({b"b": b"two"})
    damaged = bytearray(first + second)
    damaged[len(first) - 5] ^= 1  # the first one's footer

    _, contents = recovered(bytes(damaged), unpack)

    assert contents == {b"a": b"one", b"b": b"two"}


def test_the_beginning_of_another_archive_behind_one_costs_nothing(archive, unpack) -> None:
    _, contents = recovered(archive + archive[:5], unpack)

    assert contents == MEMBERS


@pytest.mark.parametrize("junk", [b"", b"\x1f\x8b junk", b"text that is no archive at all"])
def test_what_is_no_archive_is_refused(junk) -> None:
    with pytest.raises(CompressorError):
        recover(io.BytesIO(junk), Growing())


# Archives that nobody wrote by accident: every check fits


def test_pages_that_list_each_other_over_and_over_are_no_content(unpack) -> None:
    forge, plain = Forge(), b"bytes"
    forge.head()
    forge.open(0, b"m")
    at, length = forge.block(plain, member=0), len(plain)
    spans = [[at, 0, length]]
    for level in range(6):
        page = forge.extents(0, spans, level=level)
        spans, length = [[page, 0, length]] * 2, 2 * length
    content = plain * (length // len(plain))
    forge.finish([entry(b"m", content, spans, level=6)])

    outcome, contents = recovered(bytes(forge.data), unpack)

    assert [name for name, _ in outcome.left_out] == [b"m"]
    assert list(contents.values()) == [plain]


def test_a_block_larger_than_declared_costs_itself_alone(unpack) -> None:
    forge, plain, large = Forge(), b"bytes", bytes(65)
    forge.head()
    at = forge.block(large, body=large[:64])
    forge.leaf([entry(b"large", large, [[at, 0, 65]])])
    at = forge.block(plain)
    forge.finish([entry(b"m", plain, [[at, 0, 5]])])

    outcome, contents = recovered(bytes(forge.data), unpack)

    assert [name for name, _ in outcome.left_out] == [b"large"]
    assert contents == {b"m": plain}


def test_of_two_members_of_one_name_the_last_is_kept_and_the_bytes_of_the_other(unpack) -> None:
    forge, places = Forge(), []
    forge.head()
    for content in (b"one", b"two"):
        places.append(forge.block(content))
        forge.leaf([entry(b"m", content, [[places[-1], 0, 3]])], last=content == b"two")

    _, contents = recovered(bytes(forge.data), unpack)

    assert contents == {b"m": b"two", LOST + b"%d" % places[0]: b"one"}


def test_what_was_found_before_keeps_its_name(unpack) -> None:
    forge = Forge()
    forge.head()
    lost = forge.block(b"new")
    forge.extents(0, [[lost, 0, 3]])
    name = LOST + b"%d" % lost
    at = forge.block(b"old")
    forge.finish([entry(name, b"old", [[at, 0, 3]])])

    _, contents = recovered(bytes(forge.data), unpack)

    assert contents == {name: b"old", name + b"-2": b"new"}


def test_members_of_one_leaf_may_lie_in_more_blocks_than_a_reader_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An append that finds another time on each file lists all in one leaf, far from their blocks."""
    monkeypatch.chdir(tmp_path)
    contents = {f"run/{number}": random.Random(number).randbytes(300_000) for number in range(40)}
    Path("run").mkdir()
    for name, content in contents.items():
        Path(name).write_bytes(content)
    compressor.pack("run", "run.cz", solid_size=1 << 20, block_size=1 << 20)
    for name in contents:
        os.utime(name, ns=(1, 1))
    compressor.append("run.cz", "run", block_size=1 << 20)

    new = Growing()
    with Path("run.cz").open("rb") as file:
        outcome = recover(file, new)
    Path("new.cz").write_bytes(new.getvalue())

    assert outcome.complete
    assert outcome.kept == 41
    with compressor.Archive("new.cz") as archive:
        archive.test()
        assert {name: archive.read(name) for name in contents} == contents
