"""What an appended version is built on: the members of the one before, and the leaves that may stay."""

from collections.abc import Iterator

from blake3 import blake3
from msgspec import Struct, field

from compressor.archive import schema
from compressor.archive.index import Index
from compressor.archive.leaf import Entry, Place, without_content
from compressor.archive.names import page_ref
from compressor.archive.record import FOOTER_SIZE, Kind
from compressor.archive.schema import FILE, Head, LeafRef
from compressor.archive.writer import Before, Kept
from compressor.engine.dedup import Dedup
from compressor.engine.needs import Looks
from compressor.engine.reading import External
from compressor.engine.recall import Recall
from compressor.errors import CompressorError, DamagedError


class Earlier(Struct, frozen=True):
    """What a version is appended to: its place, what its HEAD declared, and what it holds."""

    before: Before
    head: Head
    dedup: Dedup


Known = tuple[Entry, Place]
"""A member of the version before, and where its entry stands."""


class Previous(Struct):
    """The last version of an archive, held in memory while the next one is made."""

    index: Index
    members: dict[bytes, Known] = field(default_factory=dict)
    newest_ns: int = 0
    _filled: set[int] = field(default_factory=set)
    _touched: set[int] = field(default_factory=set)
    """Leaves of which a member is replaced or removed: what else they list has to be listed again."""
    _sound: dict[int, bool] = field(default_factory=dict)
    """What is known of blocks, by offset."""
    _based: dict[int, bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for ref in self.index.leaves():
            for number, entry in enumerate(self.index.listed(ref)):
                self._filled.add(ref.offset)
                self.members[entry.name] = entry, (ref.offset, number)
                self.newest_ns = max(self.newest_ns, entry.mtime_ns or 0)

    def drop(self, name: bytes) -> None:
        """Note that a member is replaced or removed."""
        known = self.members.get(name)
        if known is not None:
            self._touched.add(known[1][0])

    def keeping(self, entry: Entry) -> Entry:
        """Return ``entry``, a file's, with the content that its name has now."""
        before, place = self.members[entry.name]
        return without_content(entry, before.kept or place)

    def listed_again(self, gone: set[bytes]) -> Iterator[Entry]:
        """Yield the members, but for these, that stay as they are and whose leaf does not."""
        for name, (entry, (leaf, _)) in self.members.items():
            if leaf in self._touched and name not in gone:
                yield self.keeping(entry) if entry.kind == FILE else entry

    def kept(self) -> Kept:
        """Return what leads to the leaves that stay."""
        stay = self._filled - self._touched
        hashes = [self._body_hash(offset) for offset in sorted(stay)]
        top = LeafRef(self.index.footer.root, b"", b"", schema.MAX_LEVEL + 1)
        return Kept(list(self._cover(top, stay)), hashes)

    def _body_hash(self, offset: int) -> bytes:
        _, body = self.index.record(offset, Kind.MEMBERS).checked()
        return blake3(body).digest()

    def _cover(self, page: LeafRef, stay: set[int]) -> Iterator[LeafRef]:
        """Yield the fewest items that lead to exactly these leaves: ROOT records of which all stay."""
        below = list(self._below(page))
        whole = all(leaf.offset in stay for leaf in below)
        root = self.index.page(page)
        if whole and below and root.height <= schema.MAX_LEVEL:
            yield page_ref(page.offset, root.items)
            return
        for item in root.items:
            if item.height:
                yield from self._cover(item, stay)
            elif item.offset in stay:
                yield item

    def _below(self, page: LeafRef) -> Iterator[LeafRef]:
        for item in self.index.page(page).items:
            if item.height:
                yield from self._below(item)
            else:
                yield item

    def is_sound(self, offset: int) -> bool:
        """Say whether a block can be read and passes its check; each is read once."""
        if offset not in self._sound:
            self._sound[offset] = self.index.has_sound_block(offset)
        return self._sound[offset]

    @property
    def damaged(self) -> int:
        """How many blocks were found to be damaged."""
        return sum(not sound for sound in self._sound.values())

    def has_sound(self, entry: Entry) -> bool:
        """Say whether all blocks of a file are sound."""
        try:
            spans = (span for _, span in self.index.spans(entry))
            return all(self.is_sound(offset) for offset, _, _ in spans if offset)
        except DamagedError:  # of a page that lists its extents
            return False

    def _has_bases(self, offset: int, external: External) -> bool:
        """Say whether all contents outside that a block needs are here."""
        if offset not in self._based:
            try:
                Looks(self.index, external).at((offset, 0, 0))
                self._based[offset] = True
            except CompressorError:
                self._based[offset] = False
        return self._based[offset]

    def earlier(self, memory: int, external: External) -> Earlier:
        """Return what a packer needs to know; ``memory`` bytes are for what dedup remembers.

        Nothing new is stored as a block that is a difference from what ``external`` has not: it might be
        that very content.
        """

        def serves(offset: int) -> bool:
            return self.is_sound(offset) and self._has_bases(offset, external)

        entries = [entry for entry, _ in self.members.values()]
        recall = Recall(self.index, entries, self._filled)
        dedup = Dedup(memory, None, (recall.last, recall.older), serves, recall.alike)
        return Earlier(self.before(), self.index.head, dedup)

    def before(self) -> Before:
        """Return what the writer of the next version has to know."""
        end = self.index.end - self.index.start
        return Before(end, end - FOOTER_SIZE, self.index.version().number)
