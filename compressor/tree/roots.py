"""What inputs are called in an archive, and which of them are one. The rules: docs/guide.md."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct, field

from compressor.errors import UsageError


class Root(Struct, eq=False):
    """An input: where it lies, and its member's name, empty for ``.``, whose contents have no prefix.

    ``others`` are inputs from elsewhere whose names lie below this one's, sorted, and ``explicit``
    the names of those that are reached through this one.
    """

    path: bytes
    name: bytes
    others: list["Root"] = field(default_factory=list)
    explicit: set[bytes] = field(default_factory=set)

    def shown(self, name: bytes) -> str:
        """Return what a user would call the member ``name`` of this input."""
        if not self.name:
            return os.fsdecode(name or self.path)
        return os.fsdecode(self.path + name[len(self.name) :])


def member_name(path: Path) -> bytes:
    """Return the member's name for an input: as typed, or its last component where that would climb.

    The name of ``.`` is empty.

    Raises:
        UsageError: it has no last component.
    """
    parts = [part for part in os.fsencode(path).split(b"/") if part not in (b"", b".")]
    if parts[-1:] == [b".."] or (not parts and path.is_absolute()):
        raise UsageError(f"{path} has no name of its own that could be recorded")
    if path.is_absolute() or b".." in parts:
        return parts[-1]
    return b"/".join(parts)


def place(path: bytes, real: Callable[[bytes], bytes] = os.path.realpath) -> bytes:
    """Return what is the same for all ways to type one path; a link at its end is not followed."""
    folder, _, last = path.rpartition(b"/")
    if last in (b"", b".", b".."):
        return real(path)
    return os.path.join(real(folder or (b"/" if path.startswith(b"/") else b".")), last)


def order(root: Root) -> bytes:
    """Return what roots are sorted by: as members are, the slash being lowest."""
    return root.name.replace(b"/", b"\0")


def plan(paths: Sequence[Path], *, follow: bool) -> list[Root]:
    """Return the roots of a scan, sorted by name; an input that is reached twice counts once.

    One that is not there is a root of its own, for the scan to tell, whatever else has its name.
    ``follow``: links to folders are folders.

    Raises:
        UsageError: an input has no name, or two would get the same.
    """
    there: list[Root] = []
    missing: dict[bytes, Root] = {}
    for root in [Root(os.fsencode(path), member_name(path)) for path in paths]:
        if os.path.lexists(root.path):
            there.append(root)
        else:
            missing[root.path] = root
    roots = [*_nested(_distinct(there), follow=follow), *missing.values()]
    return sorted(roots, key=order)


def _distinct(roots: list[Root]) -> list[Root]:
    """Drop inputs that another one is, or holds."""
    known: dict[bytes, bytes] = {}

    def real(folder: bytes) -> bytes:
        if folder not in known:
            known[folder] = os.path.realpath(folder)
        return known[folder]

    places: dict[bytes, Root] = {}
    for root in roots:
        places.setdefault(place(root.path, real), root)
    kept = []
    for at, root in places.items():
        holder = next((above for above in _above(at) if above in places), None)
        if holder is None:
            kept.append(root)
        else:
            below = at[len(holder) :].lstrip(b"/")
            places[holder].explicit.add(_joined(places[holder].name, below))
    return kept


def _above(path: bytes) -> Iterator[bytes]:
    """Yield the folders above an absolute path, or above a name, the nearest first."""
    while path not in (b"", b"/"):
        head, slash, _ = path.rpartition(b"/")
        path = head or (slash if path.startswith(b"/") else b"")
        yield path


def _joined(folder: bytes, name: bytes) -> bytes:
    return folder + b"/" + name if folder else name


def _nested(roots: list[Root], *, follow: bool) -> list[Root]:
    """Put each root whose name lies below another's into that one."""
    names: dict[bytes, Root] = {}
    outermost = []
    for root in sorted(roots, key=order):
        if root.name in names:
            raise _clash(names[root.name], root, root.name)
        holder = next((names[above] for above in _above(root.name) if above in names), None)
        names[root.name] = root
        if holder is None:
            outermost.append(root)
        elif _is_free(holder, root, follow=follow):
            holder.others.append(root)
        else:
            holder.explicit.add(root.name)
    return outermost


def _is_free(holder: Root, root: Root, *, follow: bool) -> bool:
    """Whether the holder has nothing of its own at the root's name; False if it is the root itself.

    Raises:
        UsageError: it has something else there, or what is above it there is no folder.
    """
    path = holder.path
    for part in root.name[len(holder.name) :].lstrip(b"/").split(b"/"):
        if not os.path.lexists(path):
            return True
        if not os.path.isdir(path) or (not follow and os.path.islink(path)):
            raise _clash(holder, root, root.name)
        path = os.path.join(path, part)
    if not os.path.lexists(path):
        return True
    if place(path) == place(root.path):
        return False
    raise _clash(holder, root, root.name)


def _clash(one: Root, other: Root, name: bytes) -> UsageError:
    first, second, common = (os.fsdecode(text) for text in (one.path, other.path, name))
    return UsageError(f"{first} and {second} would both be named {common}")
