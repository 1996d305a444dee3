"""What repeats is stored once, within the reach that is declared, and can be read both ways."""

import io
import random
from dataclasses import dataclass
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compressor.archive.forward import BlockRecord, ExtentsPage, ForwardReader, Leaf
from compressor.archive.index import Index
from compressor.archive.leaf import Entry
from compressor.archive.schema import Head, Span
from compressor.archive.source import Source
from compressor.engine.access import SeekableArchive
from compressor.engine.extract import Extraction, members_of
from compressor.engine.pack import Packer
from compressor.engine.packoptions import PackOptions
from compressor.engine.reading import UnpackOptions
from compressor.engine.window import Window
from compressor.errors import LimitError
from compressor.stages.base import Bytes
from compressor.stages.chain import parse
from compressor.tree.inputs import Hole
from tests.engine.conftest import MemorySink, cut, from_file, from_pipe

KIB, MIB = 1 << 10, 1 << 20


@cache
def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


@dataclass(frozen=True)
class Stretch:
    """Some bytes of one of few contents, said shortly."""

    seed: int
    start: int
    size: int

    @property
    def content(self) -> bytes:
        return noise(self.seed, 400 * KIB)[self.start : self.start + self.size]


Part = bytes | Hole


@dataclass(frozen=True)
class Tree:
    """Members, each of bytes and holes, and how they are packed."""

    members: dict[bytes, list[Part]]
    block_size: int = MIB
    solid_size: int = 4 * MIB
    reach: int | None = None
    threads: int = 1
    chain: str = "store"

    @property
    def contents(self) -> dict[bytes, bytes]:
        return {
            name: b"".join(bytes(part.length) if isinstance(part, Hole) else part for part in parts)
            for name, parts in self.members.items()
        }


def packed(tree: Tree) -> bytes:
    target = io.BytesIO()
    options = PackOptions(
        parse(tree.chain),
        block_size=tree.block_size,
        solid_size=tree.solid_size,
        reach=tree.reach,
        threads=tree.threads,
    )
    packer = Packer(target.write, options)
    for name, parts in tree.members.items():
        pieces = []
        for part in parts:
            whole = isinstance(part, Hole)
            pieces += [part] if whole else list(cut(part, packer.piece_size))
        packer.add(Entry(name), pieces)
    packer.finish()
    return target.getvalue()


def one(content: bytes, *others: bytes, **how) -> Tree:  # type: ignore[no-untyped-def]
    parts = (content, *others)
    return Tree({b"%d" % number: [part] for number, part in enumerate(parts)}, **how)


def read_by_index(archive: bytes, threads: int = 1) -> MemorySink:
    sink = MemorySink()
    options = UnpackOptions(threads)
    seekable = SeekableArchive(io.BytesIO(archive), options)
    Extraction(seekable, sink, options).run(list(members_of(seekable, lambda _leaf: True)))
    return sink


def farthest(archive: bytes) -> tuple[int, int]:
    """Return the reach that the HEAD declares, and how far back an extent of an old block leads."""
    reach, most, fresh = -1, 0, set[int]()
    for event in ForwardReader(Source(io.BytesIO(archive))).events():
        if isinstance(event, Head):
            reach = event.reach
        elif isinstance(event, BlockRecord):
            fresh.add(event.record.header.offset)  # no reach is needed until the next record
        elif isinstance(event, ExtentsPage | Leaf):
            old = {offset for offset, _, _ in spans_of(event)} - fresh - {0}
            most = max([most, *(event.offset - offset for offset in old)])
            fresh.clear()
    return reach, most


def spans_of(event: ExtentsPage | Leaf) -> list[Span]:
    if isinstance(event, ExtentsPage):
        return event.extents.spans
    return [span for entry in event.entries if not entry.level for span in entry.spans]


# Once


@pytest.mark.parametrize("size", [100, 20 * KIB, 900 * KIB, 5 * MIB])
def test_a_file_that_is_there_twice_is_stored_once(size: int) -> None:
    content = noise(1, size)

    alone, twice = packed(one(content)), packed(one(content, content))

    assert len(twice) < len(alone) + 200 + 30 * (size // (64 * KIB) + 1)
    assert read_by_index(twice).contents == {b"0": content, b"1": content}


@pytest.mark.parametrize("length", [180, 300, 7000])
def test_many_tiny_files_of_long_names_share_a_block_within_reach(length: int) -> None:
    count = (5 << 19) // (length + 158)
    members: dict[bytes, list[Part]] = {
        b"n" * length + b"%05d" % number: [b"%d" % (number % 10)] for number in range(count)
    }
    archive = packed(Tree(members, reach=count))
    sink = from_pipe(archive)
    assert not sink.outcome.failures
    assert len(sink.contents) == count


def test_a_file_smaller_than_a_block_opens_by_decoding_one(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = noise(1, 60 * KIB)
    contents = {
        b"%02d" % number: noise(number + 2, 9 * KIB * (number % 3)) + shared[number * KIB :]
        for number in range(12)
    }
    contents[b"again"] = contents[b"03"]  # in one piece, in another block
    members: dict[bytes, list[Part]] = {name: [content] for name, content in contents.items()}
    archive = packed(Tree(members, block_size=256 * KIB, solid_size=128 * KIB, chain="zstd"))
    decoded: list[int] = []
    real = SeekableArchive.decode

    def counted(self: SeekableArchive, index: Index, offset: int) -> Bytes:
        decoded.append(offset)
        return real(self, index, offset)

    monkeypatch.setattr(SeekableArchive, "decode", counted)
    blocks = set()
    for name, content in contents.items():
        opened = SeekableArchive(io.BytesIO(archive))
        index, entry = opened.find(name)
        assert opened.read(index, entry, 0, entry.size) == content
        assert len(decoded) == 1, name
        blocks.add(decoded.pop())
    assert len(blocks) > 3  # so that there was something to refer to


def test_names_that_come_between_do_not_matter() -> None:
    content, other = noise(1, 3 * MIB), noise(2, 3 * MIB)

    archive = packed(one(content, other, b"small", content, other, b"small"))

    assert len(archive) < 6.1 * MIB
    assert from_file(archive).outcome.failures == []


@pytest.mark.parametrize("shift", [1, 777, 100_001])
def test_a_content_that_is_shifted_within_another_shares_most_of_it(shift: int) -> None:
    content = noise(3, 12 * MIB)
    shifted = noise(4, shift) + content[:-5000] + noise(5, 3000)

    archive = packed(one(content, shifted))

    assert len(archive) < len(content) + shift + 2 * MIB
    assert from_file(archive).contents == {b"0": content, b"1": shifted}
    assert read_by_index(archive).contents == {b"0": content, b"1": shifted}


def test_nothing_is_shared_where_the_reach_is_nothing() -> None:
    content = noise(1, 3 * MIB)

    archive = packed(one(content, content, reach=0))

    assert len(archive) > 6 * MIB
    assert farthest(archive)[0] == 0


def test_the_bytes_do_not_depend_on_the_threads() -> None:
    contents = [noise(n % 3, 700 * KIB) + noise(n % 4, 40 * KIB) for n in range(12)]
    for reach in (None, 4 * MIB):
        trees = [one(*contents, reach=reach, threads=n, chain="zstd") for n in (1, 2, 5)]

        assert len({packed(tree) for tree in trees}) == 1


# Within reach


@pytest.mark.parametrize("gap", range(0, 1200, 100))
def test_a_large_member_refers_no_further_back_than_declared(gap: int) -> None:
    """What a block has new is written between what it refers to and the record that refers."""
    again = noise(1, 400 * KIB)
    tree = one(again, noise(2, 2 * MIB), noise(3, gap * KIB) + noise(4, MIB) + again, reach=4 * MIB)

    archive = packed(tree)

    reach, most = farthest(archive)
    assert most <= reach == 4 * MIB
    assert from_pipe(archive).outcome.failures == []
    assert from_pipe(archive).contents == tree.contents


@pytest.mark.parametrize(("reach", "shared"), [(3 * MIB, False), (9 * MIB, True)])
def test_small_members_refer_no_further_back_than_declared(reach: int, shared: bool) -> None:
    contents = [noise(n % 40, 100 * KIB) for n in range(200)]
    tree = one(*contents, reach=reach, solid_size=512 * KIB)

    archive = packed(tree)

    assert farthest(archive)[1] <= reach
    assert from_pipe(archive).contents == tree.contents
    assert (len(archive) < 5 * MIB) == shared


def test_a_reader_of_a_pipe_keeps_no_more_than_the_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[int] = []
    settle = Window.settle

    def watched(self: Window):  # type: ignore[no-untyped-def]
        result = settle(self)
        kept.append(sum(record.header.body_size for record in self._old.values()))
        return result

    monkeypatch.setattr(Window, "settle", watched)
    # Nothing for versions that may follow.
    monkeypatch.setattr("compressor.engine.unpack.SPARE_SHARE", 1 << 62)
    contents = [noise(n % 9, 600 * KIB) for n in range(40)]
    for reach, limit in ((2 * MIB, 3 * MIB + 700 * KIB), (4 * MIB, 5 * MIB + 700 * KIB)):
        kept.clear()
        tree = one(*contents, reach=reach, block_size=256 * KIB)

        assert from_pipe(packed(tree)).contents == tree.contents
        assert 0 < max(kept) <= limit


# Whatever it is


def parts() -> st.SearchStrategy[Stretch | Hole]:
    """Return a stretch of one of few contents, so that stretches repeat; or a hole."""
    content = st.builds(
        Stretch,
        st.integers(0, 3),
        st.sampled_from([0, 0, 1, 5000, 100_000]),
        st.sampled_from([1, 300, 17_000, 70_000, 300_000, 400_000]),
    )
    return st.one_of(content, content, content, st.builds(Hole, st.integers(1, 200_000)))


@given(
    members=st.lists(st.lists(parts(), max_size=4), max_size=12),
    block_size=st.sampled_from([5000, 64 * KIB, 256 * KIB, MIB]),
    solid_size=st.sampled_from([0, 20 * KIB, 300 * KIB, 4 * MIB]),
    reach=st.sampled_from([0, 1, 200 * KIB, 600 * KIB, 3 * MIB, None]),
    threads=st.integers(1, 3),
    chain=st.sampled_from(["store", "zstd"]),
)
@settings(max_examples=60, deadline=None)
def test_random_trees_go_through_both_readers(  # noqa: PLR0917  by name
    members: list[list[Stretch | Hole]],
    block_size: int,
    solid_size: int,
    reach: int | None,
    threads: int,
    chain: str,
) -> None:
    named = {
        b"%02d" % number: [part.content if isinstance(part, Stretch) else part for part in member]
        for number, member in enumerate(members)
    }
    tree = Tree(named, block_size, solid_size, reach, threads, chain)

    archive = packed(tree)

    sinks = [from_file(archive), read_by_index(archive, threads)]
    if reach is None:
        with pytest.raises(LimitError, match="from a file that can seek"):
            from_pipe(archive)
    else:
        sinks.append(from_pipe(archive, threads))
    for sink in sinks:
        assert sink.outcome.failures == []
        assert sink.contents == tree.contents
    declared, most = farthest(archive)
    assert reach in (None, declared)
    assert most <= declared
