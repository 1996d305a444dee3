"""Pages above pages, made small so that a test can have several levels of them."""

import pytest

from compressor.archive import pages, schema
from compressor.engine.pack import Info, Packer
from compressor.errors import DamagedError, LimitError
from tests.archive import reading
from tests.archive.sound import packed

SIZE = 3  # items in a page


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_PAGE", SIZE)


def blocks_of(count: int) -> bytes:
    return b"".join(b"%04d" % number for number in range(count))


def large(count: int) -> bytes:
    content = blocks_of(count)
    pieces = [bytearray(content[at : at + 4]) for at in range(0, len(content), 4)]
    return packed(lambda packer: packer.add(Info(b"m"), pieces), block_size=4)


def many(count: int) -> bytes:
    def fill(packer: Packer) -> None:
        for number in range(count):
            packer.add(Info(b"%04d" % number), [bytearray(b"%04d" % number)])

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
    reader: pages.PageReader[int] = pages.PageReader("items")
    for item in range(SIZE):
        reader.add(item)

    with pytest.raises(DamagedError, match="lacks its list"):
        reader.add(SIZE)


def test_more_items_than_the_levels_can_list_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MAX_LEVEL", 1)
    writer: pages.PageWriter[int] = pages.PageWriter(lambda level, items: level)

    for item in range(SIZE**2 - 1):
        writer.add(item)

    with pytest.raises(LimitError):
        writer.add(0)
