"""Members in, members out: whatever the chain, the sizes and the threads."""

import io
import random
import threading
import weakref
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.archive.leaf import Entry
from compressor.archive.source import Source
from compressor.engine.limits import Limits
from compressor.engine.pack import Hole, Packer
from compressor.engine.packoptions import PackOptions
from compressor.engine.pool import SMALL
from compressor.engine.reading import UnpackOptions
from compressor.engine.unpack import Unpacker
from compressor.errors import DamagedError, LimitError, MemoryBudgetError, UsageError
from compressor.stages import chain as chains
from compressor.stages.chain import parse
from tests.engine.conftest import MemorySink, cut
from tests.stagenames import CODECS, FILTERS, under

NOISE = random.Random(7).randbytes(700_000)
TEXT = b"".join(b"line %d of a log that repeats itself\n" % (n % 997) for n in range(20_000))


@given(
    contents=st.lists(st.binary(max_size=300), max_size=6),
    block_size=st.integers(1, 200),
    chain=st.sampled_from(["store", "zstd", "zlib:level=1"]),
    threads=st.integers(1, 3),
)
@settings(max_examples=60, deadline=None)
def test_what_goes_in_comes_out(contents, block_size, chain, threads) -> None:
    members = {b"%d" % number: content for number, content in enumerate(contents)}
    target = io.BytesIO()
    options = PackOptions(parse(chain), block_size=block_size, threads=threads)
    packer = Packer(target.write, options)
    for name, content in members.items():
        packer.add(Entry(name), cut(content, block_size))
    packer.finish()

    sink = MemorySink()
    Unpacker(Source(io.BytesIO(target.getvalue())), sink, UnpackOptions(threads)).run()

    assert sink.contents == members
    assert sink.outcome.failures == []


@pytest.mark.parametrize("chain", [*CODECS, *(under(name, "huffman") for name in FILTERS)])
def test_every_stage_carries_text_and_noise(chain, pack, unpack) -> None:
    archive = pack({b"text": TEXT, b"noise": NOISE}, chain=chain, block_size=1 << 18, threads=2)

    assert unpack(archive, threads=2).contents == {b"text": TEXT, b"noise": NOISE}


def test_the_bytes_do_not_depend_on_the_threads(pack) -> None:
    archives = {pack({b"a": TEXT, b"b": NOISE}, block_size=1 << 17, threads=n) for n in (1, 2, 5)}

    assert len(archives) == 1


class Piece(bytearray):
    """Can be watched."""


def test_no_piece_is_kept_longer_than_its_packing_takes(pack) -> None:
    made: list[weakref.ref[Piece]] = []
    most = [0]

    def watched(count: int) -> Iterator[Piece]:
        for number in range(count):
            piece = Piece(b"%d" % number * 1000)
            made.append(weakref.ref(piece))
            most[0] = max(most[0], sum(item() is not None for item in made))
            yield piece

    pack({b"large": watched(8)}, block_size=1000, threads=1)

    assert most == [2]  # one read ahead, to tell a large member from a small one


def test_a_small_member_that_fills_its_block_does_not_wait_in_memory() -> None:
    options = PackOptions(parse("store"), block_size=8 << 20, threads=1)
    packer = Packer(lambda _: None, options)

    packer.add_small(Entry(b"a"), bytearray(packer.block_size))

    assert packer.packed_size > packer.block_size


def test_small_members_share_a_block(pack, unpack) -> None:
    members = {b"%03d" % number: b"the same words in every member " * 3 for number in range(200)}

    archive = pack(members)

    assert len(archive) < 200 * 80
    assert unpack(archive).contents == members


def test_a_hole_takes_no_room_and_comes_back_as_a_hole(pack, unpack) -> None:
    archive = pack({b"sparse": [bytearray(b"begin"), Hole(1 << 30), bytearray(b"end")]})
    holes = []

    class Sink(MemorySink):
        def hole(self, length: int) -> None:
            holes.append(length)

    sink = Sink()
    Unpacker(Source(io.BytesIO(archive)), sink, UnpackOptions()).run()

    assert len(archive) < 1000
    assert holes == [1 << 30]
    assert sink.contents == {b"sparse": b"beginend"}


def test_two_archives_in_a_row_give_the_members_of_both(pack, unpack) -> None:
    sink = unpack(pack({b"a": b"one"}) + pack({b"b": b"two"}))

    assert sink.contents == {b"a": b"one", b"b": b"two"}


def test_one_name_for_two_members_is_refused() -> None:
    packer = Packer(io.BytesIO().write, PackOptions(parse("store")))
    packer.add(Entry(b"same"), [])

    with pytest.raises(UsageError, match="same"):
        packer.add(Entry(b"same"), [])


def test_an_encoder_that_lies_costs_size_and_gives_a_warning_but_no_byte(
    pack, unpack, monkeypatch
) -> None:
    chain = parse("zlib")
    honest = type(chain.stage).encode
    monkeypatch.setattr(type(chain.stage), "encode", lambda self, plain: honest(self, plain)[:-1])
    said = []

    archive = pack({b"m": TEXT}, chain="zlib", block_size=1 << 18, verify=True, warn=said.append)

    monkeypatch.undo()
    assert unpack(archive).contents == {b"m": TEXT}
    assert len(archive) > len(TEXT)
    assert len(said) == -(-len(TEXT) // (1 << 18))
    assert "report this" in said[0]


def test_an_encoder_that_swaps_bytes_is_caught_too(pack, unpack, monkeypatch) -> None:
    stage = type(parse("zlib").stage)
    honest = stage.encode
    monkeypatch.setattr(stage, "encode", lambda self, plain: honest(self, bytes(plain[::-1])))

    archive = pack({b"m": TEXT}, chain="zlib", verify=True)

    monkeypatch.undo()
    assert unpack(archive).contents == {b"m": TEXT}


def test_native_chains_are_verified_unless_told_otherwise(monkeypatch) -> None:
    chain = parse("zstd")
    info = type(chain.info)(**{**_fields(chain.info), "native": True})
    native = type(chain)(info, chain.options, chain.stage)

    assert _verifies(native, None)
    assert not _verifies(native, False)
    assert not _verifies(chain, None)
    assert _verifies(chain, True)


def _fields(info) -> dict[str, object]:
    return {name: getattr(info, name) for name in info.__slots__}


def _verifies(chain, verify) -> bool:
    packer = Packer(io.BytesIO().write, PackOptions(chain, verify=verify))
    return packer._blocks.verify(chain)


@pytest.mark.parametrize("plain_size", [SMALL, SMALL - 1])
def test_the_work_of_a_block_is_its_plain_bytes_where_they_shrank_much(
    plain_size, pack, unpack, monkeypatch
) -> None:
    threads, decode = [], chains.decode
    monkeypatch.setattr(
        chains, "decode", lambda *a: (threads.append(threading.current_thread()), decode(*a))[1]
    )

    archive = pack({b"a": bytes(2 * plain_size)}, block_size=plain_size)
    unpack(archive, threads=2)

    here = threading.current_thread()
    assert len(archive) < SMALL
    assert [thread is here for thread in threads] == [plain_size < SMALL] * 2


def test_less_memory_means_fewer_threads_and_the_same_bytes(pack) -> None:
    roomy = Packer(io.BytesIO().write, PackOptions(parse("zstd"), threads=8))
    tight = Packer(io.BytesIO().write, PackOptions(parse("zstd"), threads=8, memory=160 << 20))

    assert roomy.threads == 8
    assert 1 <= tight.threads < 8
    assert pack({b"m": TEXT}) == pack({b"m": TEXT}, memory=160 << 20)


def test_too_little_memory_is_refused_with_both_numbers() -> None:
    with pytest.raises(MemoryBudgetError, match="MiB") as caught:
        Packer(io.BytesIO().write, PackOptions(parse("zstd:level=22"), memory=100 << 20))

    assert caught.value.needed > caught.value.allowed == 100 << 20


def test_reading_is_refused_where_memory_does_not_suffice(pack, unpack) -> None:
    archive = pack({b"m": b"x"}, chain="zstd:level=22")

    with pytest.raises(MemoryBudgetError):
        unpack(archive, limits=Limits(None, None, memory=100 << 20))


def test_a_bomb_ends_at_max_output(pack, unpack) -> None:
    archive = pack({b"bomb": [Hole(1 << 28)]})

    with pytest.raises(LimitError, match="max_output"):
        unpack(archive, limits=Limits(max_output=1 << 20, max_expansion=None))


def test_a_bomb_ends_at_max_expansion(pack, unpack) -> None:
    archive = pack({b"bomb": [Hole(1 << 28)]})

    with pytest.raises(LimitError, match="max_expansion"):
        unpack(archive, limits=Limits(max_output=None, max_expansion=100))


def test_one_damaged_block_costs_its_member_and_no_other(pack, unpack) -> None:
    archive = bytearray(pack({b"a": NOISE, b"b": TEXT, b"c": b"small"}, block_size=1 << 17))
    archive[300_000] ^= 1

    sink = unpack(bytes(archive))

    assert sink.contents == {b"b": TEXT, b"c": b"small"}
    [(name, error)] = sink.outcome.failures
    assert name == b"a"
    assert isinstance(error, DamagedError)
    assert error.offset is not None
