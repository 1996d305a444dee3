"""The index of a file that nobody vouches for: reading it ends, and takes what the file is worth."""

import io

import pytest
from blake3 import blake3

from compressor.archive import index as archive_index
from compressor.archive.index import indexes
from compressor.archive.source import RandomSource
from compressor.errors import DamagedError
from tests.archive import reading
from tests.archive.forge import Forge, entry, listing
from tests.archive.sound import SOUND, A

LEVELS = 7  # of ROOT records, one above the other
FAN = 3


def _begun() -> Forge:
    forge = Forge()
    forge.head()
    forge.leaf([entry(b"a")], last=True)
    return forge


def _repeating() -> bytes:
    """Each page lists the one below several times."""
    forge = _begun()
    at = forge.leaf_at
    for level in range(LEVELS):
        at = forge.root([[at, b"a", b"a", level]] * FAN)
    forge.footer()
    return bytes(forge.data)


def _sharing() -> bytes:
    """The pages of a level all list the same ones below."""
    forge = _begun()
    below = [forge.leaf_at]
    for level in range(LEVELS):
        items = [[at, b"a", b"a", level] for at in below]
        below = [forge.root(items) for _ in range(FAN)]
    forge.footer()
    return bytes(forge.data)


def _barren() -> bytes:
    """The pages repeat each other, and none has anything of the name b."""
    forge = _begun()
    leaf = forge.leaves[0]
    other = [forge.leaf([entry(b"c")]), b"c", b"c", 0]
    low = [listing(forge.root([item]), [item]) for item in (leaf, other)]
    page = listing(forge.root(low), low)
    for _ in range(LEVELS - 3):
        page = listing(forge.root([page] * FAN), [page])
    forge.root([page] * FAN)
    forge.footer()
    return bytes(forge.data)


@pytest.mark.parametrize("make", [_repeating, _sharing, _barren])
def test_no_record_is_met_twice_however_pages_list_it(make) -> None:
    [index] = indexes(RandomSource(io.BytesIO(make())))

    with pytest.raises(DamagedError, match="root does not list"):
        list(index.entries())
    with pytest.raises(DamagedError, match="root does not list"):
        list(index.leaves(b"b" if make is _barren else b"a"))


@pytest.mark.parametrize("make", [_repeating, _sharing, _barren])
def test_a_forward_reader_refuses_such_roots_too(make) -> None:
    _, errors = reading.forward(make())

    assert reading.class_of(errors[0]) == "unfinished"


def _keeping(count: int, entries: int) -> bytes:
    """A second version keeps what many leaves of the first one hold."""
    forge = Forge()
    forge.head(reach=1 << 20)
    names = [[b"%d/%d" % (leaf, number) for number in range(entries)] for leaf in range(count)]
    leaves = [forge.leaf([entry(name) for name in group]) for group in names]
    forge.leaf([], last=True)
    forge.root()
    forge.footer()
    forge.append(*leaves)
    for number in range(entries):
        kept = [entry(names[leaf][number], kept=[leaves[leaf], number]) for leaf in range(count)]
        forge.leaf(kept)
    return forge.finish([], number=2)


def test_leaves_that_others_refer_to_are_not_all_held(monkeypatch) -> None:
    [one] = indexes(RandomSource(io.BytesIO(_keeping(1, 20))))
    size = unpacked_size(one)
    monkeypatch.setattr(archive_index, "MAX_ORIGINS", 4 * size)
    [index] = indexes(RandomSource(io.BytesIO(_keeping(12, 20))))

    assert len(list(index.entries())) == 240
    assert len(index._origins) <= 4


def unpacked_size(index) -> int:
    """Bytes of the columns of the leaf that the first entry is kept in."""
    list(index.entries())
    return index._origins_size


def test_an_entry_that_was_looked_up_has_the_content_that_it_kept() -> None:
    data = SOUND["good-appended"].make()
    [index] = indexes(RandomSource(io.BytesIO(data)))

    entry = index.find(b"a")

    assert (entry.size, entry.mode, entry.content_hash) == (22, 0o600, blake3(A).digest())


def test_each_version_is_read_by_the_footer_before() -> None:
    data = SOUND["good-appended"].make()
    [index] = indexes(RandomSource(io.BytesIO(data)))

    before = index.before()

    assert [entry.name for entry in before.entries()] == [b"a", b"b", b"gone", b"s"]
    assert (index.version().number, before.version().number) == (2, 1)
    assert before.before() is None
