"""Pages above pages, made small so that a test can have several levels of them."""

import io

import pytest
from blake3 import blake3

from compressor.archive import pages, schema
from compressor.archive.index import Index, indexes
from compressor.archive.leaf import Entry
from compressor.archive.pages import PageReader
from compressor.archive.record import Kind
from compressor.archive.schema import LeafRef
from compressor.archive.source import RandomSource
from compressor.archive.writer import ArchiveWriter, Before, Kept, VersionLabel
from compressor.engine.pack import Packer
from compressor.errors import DamagedError, LimitError
from tests.archive import reading
from tests.archive.sound import packed

SIZE = 3  # items in a page
HIGH = 5  # from here on a version lists leaves instead of pages


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_PAGE", SIZE)


def blocks_of(count: int) -> bytes:
    return b"".join(b"%04d" % number for number in range(count))


def large(count: int) -> bytes:
    content = blocks_of(count)
    pieces = [bytearray(content[at : at + 4]) for at in range(0, len(content), 4)]
    return packed(lambda packer: packer.add(Entry(b"m"), pieces), block_size=4)


def many(count: int) -> bytes:
    def fill(packer: Packer) -> None:
        for number in range(count):
            packer.add(Entry(b"%04d" % number), [bytearray(b"%04d" % number)])

    return packed(fill, block_size=4)


COUNTS = (2, 3, 4, 8, 9, 10, 26, 27, 28, 81, 82, 100)


@pytest.mark.parametrize("count", COUNTS)
def test_a_member_reads_through_any_number_of_pages(count: int) -> None:
    data = large(count)

    contents, errors = reading.forward(data)

    assert errors == []
    assert contents == reading.seekable(data) == [(b"m", blocks_of(count))]


@pytest.mark.parametrize("count", COUNTS)
def test_members_are_found_through_any_number_of_root_pages(count: int) -> None:
    data = many(count)

    contents, errors = reading.forward(data)

    assert errors == []
    assert contents == reading.seekable(data)
    assert [name for name, _ in contents] == [b"%04d" % number for number in range(count)]


def test_any_range_of_a_paged_member_reads_through_the_index() -> None:
    archive = reading.opened(large(30))
    ((index, entry),) = archive.entries()

    wrong = [
        (begin, end)
        for begin in range(0, 121, 7)
        for end in range(begin, 121, 5)
        if archive.read(index, entry, begin, end) != blocks_of(30)[begin:end]
    ]

    assert wrong == []


def test_a_look_up_reads_each_member_by_name() -> None:
    archive = reading.opened(many(30))

    found = [archive.find(b"%04d" % number)[1].name for number in range(30)]

    assert found == [b"%04d" % number for number in range(30)]


def before(index: Index) -> Before:
    """What a version is appended to."""
    return Before(index.end, index.end - 64, index.version().number)


def staying(index: Index, dead: set[int]) -> Kept:
    """What stays where these leaves do not."""
    top = LeafRef(index.footer.root, b"", b"", schema.MAX_LEVEL + 1)
    hashes = []
    for ref in index.leaves():
        _, body = index.record(ref.offset, Kind.MEMBERS).checked()
        hashes += [blake3(body).digest()] if ref.offset not in dead else []
    return Kept(kept(index, top, dead), hashes)


def kept(index: Index, page: LeafRef, dead: set[int]) -> list[LeafRef]:
    """What is left of a ROOT: those below it as they are, where nothing of them is dead."""
    found: list[LeafRef] = []
    for item in index.page(page).items:
        below = leaves_of(index, item)
        if not below & dead and item.height < HIGH:
            found.append(item)
        elif item.height:
            found += kept(index, item, dead)
    return found


def leaves_of(index: Index, item: LeafRef) -> set[int]:
    if not item.height:
        return {item.offset}
    return set().union(*(leaves_of(index, below) for below in index.page(item).items))


def appended(data: bytes, name: bytes, offsets: set[int]) -> bytes:
    """The archive with a version that adds an empty file; the members of some leaves are gone."""
    [index] = indexes(RandomSource(io.BytesIO(data)))
    gone = [
        one.name for ref in index.leaves() if ref.offset in offsets for one in index.listed(ref)
    ]
    out = bytearray(data)
    writer = ArchiveWriter(out.extend, index.head, before(index))
    writer.removed(gone)
    writer.members([Entry(name, content_hash=blake3(b"").digest())])
    writer.finish(VersionLabel(), staying(index, offsets))
    return bytes(out)


@pytest.mark.parametrize("count", [1, 3, 10, 28, 82])
def test_versions_list_what_stays_by_the_pages_that_list_it_already(count: int) -> None:
    data, names = many(count), [b"%04d" % number for number in range(count)]
    for number in range(9):
        [index] = indexes(RandomSource(io.BytesIO(data)))
        leaves = [ref.offset for ref in index.leaves()]
        dead = {leaves[(7 * number) % len(leaves)]}
        gone = {one.name for one in index.entries() if one.name in names} - {
            one.name
            for ref in index.leaves()
            if ref.offset not in dead
            for one in index.listed(ref)
        }
        data = appended(data, b"new%d" % number, dead)
        names = [name for name in names if name not in gone] + [b"new%d" % number]

        contents, errors = reading.forward(data)
        assert errors == []
        assert contents == reading.seekable(data)
        assert [name for name, _ in contents if name in names] == names[: len(contents)]
    assert [found for name in names if (found := reading.opened(data).find(name)[1].name)] == names


def test_pages_that_would_be_too_high_are_refused_by_the_writer() -> None:
    head = schema.Head(0, 2, [], [], 64, 0, 0, 64, "store")
    items = [LeafRef(at, b"a", b"a", schema.MAX_LEVEL) for at in range(1, SIZE)]
    writer = ArchiveWriter(lambda _: None, head, Before(1000, 900, 1))
    writer.members([Entry(b"b", content_hash=blake3(b"").digest())])

    with pytest.raises(LimitError, match="too deep"):
        writer.finish(VersionLabel(), Kept(items))


def test_an_unchanged_version_lists_the_old_root_alone() -> None:
    data = many(28)

    later = appended(data, b"new", set())

    [index] = indexes(RandomSource(io.BytesIO(later)))
    top = index.page(LeafRef(index.footer.root, b"", b"", schema.MAX_LEVEL + 1))
    assert len(later) - len(data) < 900
    assert [item.offset < len(data) for item in top.items] == [True] * (len(top.items) - 1) + [
        False
    ]
    assert len(reading.seekable(later)) == 29


def test_every_level_of_the_tree_is_used() -> None:
    ((_, entry),) = reading.opened(large(100)).entries()

    assert entry.level == 5  # pages of level 0 to 4: 3**4 < 100


@pytest.mark.parametrize("count", [28, 82])
def test_an_archive_that_leaves_out_a_page_is_refused(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = pages.PageWriter.finish

    def forgetful(self: pages.PageWriter[schema.Span]) -> tuple[int, list[schema.Span]]:
        level, items = finish(self)
        return level, items[1:] or items

    monkeypatch.setattr(pages.PageWriter, "finish", forgetful)
    _, errors = reading.forward(large(count))

    assert any(isinstance(error, DamagedError) for error in errors)


def test_a_full_list_that_no_page_lists_is_refused() -> None:
    reader = PageReader()
    for item in range(SIZE):
        reader.add((item, 0, 1), 1)

    with pytest.raises(DamagedError, match="lacks its list"):
        reader.add((SIZE, 0, 1), 1)


def test_more_items_than_the_levels_can_list_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_LEVEL", 1)
    writer: pages.PageWriter[int] = pages.PageWriter(lambda level, items: level)

    for item in range(SIZE**2 - 1):
        writer.add(item)

    with pytest.raises(LimitError):
        writer.add(0)


@pytest.mark.parametrize("level", [1, 3])
def test_an_empty_list_of_a_level_that_nobody_met_is_refused(level: int) -> None:
    reader = PageReader()

    with pytest.raises(DamagedError):
        reader.end(level, [], 100)
