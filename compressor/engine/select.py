"""Which members are meant: by name, by a folder above them, or by a pattern."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from compressor.archive.leaf import Entry
from compressor.archive.names import folders_above
from compressor.archive.schema import FOLDER, HARDLINK
from compressor.engine.extract import Chosen
from compressor.tree.excludes import Excluded, excluder

_SPECIAL = frozenset("*?[")


class Selection:
    """Members asked for. Each word is a name, which stands for all below it, or a pattern as in .gitignore.

    ``unmatched`` tells which words no member has met yet. Without words all members are meant.
    """

    def __init__(self, words: Sequence[bytes], exclude: Sequence[str] = ()) -> None:
        self._names = {word.rstrip(b"/"): word for word in words}
        patterns = [word for word in words if _is_pattern(word)]
        self._patterns = [
            (word, excluder([word.decode(errors="surrogateescape")])) for word in patterns
        ]
        self._excluded = excluder(exclude) if exclude else None
        self.unmatched = set(words)

    def named(self, name: bytes) -> bool:
        """Say whether a member of this name is meant, whatever it is."""
        return self(Entry(name))

    def __call__(self, entry: Entry) -> bool:
        """Say whether a member is meant."""
        if not self._names and self._excluded is None:
            return True
        ways = [entry.name, *folders_above(entry.name)]
        if self._excluded and _hits(self._excluded, ways, entry):
            return False
        if not self._names:
            return True
        met = [self._names[way] for way in ways if way in self._names]
        met += [word for word, pattern in self._patterns if _hits(pattern, ways, entry)]
        self.unmatched.difference_update(met)
        return bool(met)


def _is_pattern(word: bytes) -> bool:
    return not _SPECIAL.isdisjoint(word.decode(errors="replace"))


def _hits(pattern: Excluded, ways: list[bytes], entry: Entry) -> bool:
    """Say whether a pattern meets a member or a folder above it."""
    return any(pattern(way, is_folder=way != entry.name or entry.kind == FOLDER) for way in ways)


def chosen_of(members: Iterable[Chosen], selection: Selection) -> list[Chosen]:
    """Return the members that are meant; a hard link whose file is not gets the file's content."""
    known = {entry.name: (index, entry) for index, entry in members}
    wanted = {name: item for name, item in known.items() if selection(item[1])}
    chosen: list[Chosen] = []
    for index, entry in wanted.values():
        target = entry.target or b""
        if entry.kind == HARDLINK and target not in wanted and target in known:
            origin, found = known[target]
            chosen.append((origin, replace(found, name=entry.name)))
        else:
            chosen.append((index, entry))
    return chosen
