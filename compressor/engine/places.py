"""What becomes of members where a name comes twice: the last of each name counts."""

from msgspec import Struct

from compressor.formats.members import Kind, Member, Members


class Place(Struct, frozen=True):
    """The name that a member gets, and where it leads."""

    name: bytes
    target: bytes | None


Places = list[Place | None]
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


def places_of(members: Members) -> Places:
    """Return the places of members of which the last of each name counts.

    A file whose name came again lives on in the first hard link to it that stays.
    """
    seen: list[_Seen] = []
    last: dict[bytes, int] = {}
    for number, member in enumerate(members):
        seen.append(_seen(member, last, seen))
        last[plain(member.name)] = number
    places: Places = [None] * len(seen)
    for number, one in enumerate(seen):
        if last[plain(one.name)] == number:
            _settle(places, number, one, seen[one.root])
    return places


def _seen(member: Member, last: dict[bytes, int], seen: list[_Seen]) -> _Seen:
    root = len(seen)
    if member.kind is Kind.HARDLINK:
        to = last.get(plain(member.target or b""))
        root = root if to is None else seen[to].root
    return _Seen(member.name, member.target, member.kind, root)


def _settle(places: Places, number: int, one: _Seen, root: _Seen) -> None:
    """Set the place of a member that stays."""
    if one.kind is not Kind.HARDLINK or root.kind is not Kind.FILE:
        places[number] = Place(one.name, one.target)
    elif heir := places[one.root]:
        places[number] = Place(one.name, heir.name)
    else:
        places[one.root] = Place(one.name, None)
