"""What becomes of members that can't all be had: those of one name, a file and what lies below it.

The last one counts, as where they are unpacked one over the other.
"""

from collections.abc import Iterator

from msgspec import Struct

from compressor.formats.members import Kind, Member, Members

LINKABLE = frozenset(Kind) - {Kind.FOLDER, Kind.HARDLINK, Kind.UNKNOWN}
"""Of what there can be hard links."""


class Fate(Struct, frozen=True):
    """The name that a member gets, and where it leads; ``lost_to``: it makes way for that one instead."""

    name: bytes
    target: bytes | None
    lost_to: bytes = b""


Fates = list[Fate | None]
"""For each member; None: it is left out."""


class _Seen(Struct):
    """A member that was passed; ``root`` is the number of the one that it is a hard link to, or its own."""

    name: bytes
    target: bytes | None
    kind: Kind
    root: int


def plain(name: bytes) -> bytes:
    """Return a name without what means nothing: a / at its start or end, ``.``, empty components."""
    return b"/".join(part for part in name.split(b"/") if part not in (b"", b"."))


def fates_of(members: Members) -> Fates:
    """Return the fates of members of which the last counts, where not all can be had.

    One whose name is taken lives on in the first hard link to it that stays.
    """
    seen: list[_Seen] = []
    last: dict[bytes, int] = {}
    for number, member in enumerate(members):
        seen.append(_seen(member, last, seen))
        last[plain(member.name)] = number
    named = sorted(last.values())
    fates: Fates = [None] * len(seen)
    taken = Taken()
    for number in reversed(named):
        if winner := taken.by(plain(seen[number].name), seen[number].kind):
            fates[number] = Fate(seen[number].name, None, winner)
        else:
            taken.add(plain(seen[number].name), seen[number].kind)
    for number in named:
        if fates[number] is None:
            _settle(fates, number, seen[number], seen[seen[number].root])
    return fates


class Taken:
    """Names that are taken, and what they rule out: what lies below a member that is no folder."""

    def __init__(self) -> None:
        self._leaves: set[bytes] = set()  # of what is no folder
        self._folders: dict[bytes, bytes] = {}  # above others, each with one that lies below

    def by(self, name: bytes, kind: Kind) -> bytes:
        """Return the name of one that this one can't be beside; b"": there is none."""
        below = self._folders.get(name, b"")
        if below and kind is not Kind.FOLDER:
            return below
        return next((folder for folder in self._above(name) if folder in self._leaves), b"")

    def add(self, name: bytes, kind: Kind) -> None:
        """Take a name."""
        for folder in self._above(name):
            self._folders[folder] = name
        if kind is not Kind.FOLDER:
            self._leaves.add(name)

    def _above(self, name: bytes) -> Iterator[bytes]:
        """Yield the folders above a name that are not known for what they are yet."""
        while (name := name.rpartition(b"/")[0]) and name not in self._folders:
            yield name


def _seen(member: Member, last: dict[bytes, int], seen: list[_Seen]) -> _Seen:
    root = len(seen)
    if member.kind is Kind.HARDLINK:
        to = last.get(plain(member.target or b""))
        root = root if to is None else seen[to].root
    return _Seen(member.name, member.target, member.kind, root)


def _settle(fates: Fates, number: int, one: _Seen, root: _Seen) -> None:
    """Set the fate of a member that stays."""
    if one.kind is not Kind.HARDLINK or root.kind not in LINKABLE:
        fates[number] = Fate(one.name, one.target)
    elif (heir := fates[one.root]) and not heir.lost_to:
        fates[number] = Fate(one.name, heir.name)
    else:
        fates[one.root] = Fate(one.name, root.target)
