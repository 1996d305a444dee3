"""Which versions are left of a damaged archive, and what leaves each has.

A version is known where its leaves prove themselves by its root hash, or where its root is sound.
Nothing comes into it that it never held, for a root lists only leaves all of whose entries live (F-041);
leaves that are lost are left out. With the last leaf go the version's number, label and time.
"""

from collections.abc import Iterator

from blake3 import blake3
from msgspec import Struct

from compressor.archive.index import Index
from compressor.archive.record import FOOTER_SIZE
from compressor.archive.schema import LeafRef, shown_name
from compressor.archive.source import RandomSource
from compressor.archive.writer import VersionLabel
from compressor.engine.salvage import Part, Remains
from compressor.errors import CompressorError

Members = dict[bytes, int]
"""Of each name, the leaf that has its entry."""


class State(Struct):
    """A version that is left: ``part`` is the number of its part, from 0, ``label`` has its number."""

    part: int
    label: VersionLabel
    leaves: list[int]
    lost: list[LeafRef]
    members: Members | None = None
    """Those of a version that is not known, but made of what was found; None: those in its leaves."""


def versions(remains: Remains, source: RandomSource) -> list[State]:
    """Return the versions that are left, first to last; the last may be made of what was found.

    There is at least one.
    """
    replay = _Replay(remains)
    found: list[State] = []
    last = len(remains.parts) - 1
    for number, part in enumerate(remains.parts):
        replay.take(part)
        leaves = replay.proven(part) if part.stamp else None
        refs = _listed(remains, part, source) if leaves is None else None
        there = [ref.offset for ref in refs or () if ref.offset in remains.leaves]
        placed = number == last or (there and _least(found) < _behind(remains.parts, number)[0])
        if leaves is None and (refs is None or not (part.stamp or placed)):
            continue
        lost = [ref for ref in refs or () if ref.offset not in remains.leaves]
        label = _label(remains.parts, number, found)
        found.append(State(number, label, leaves or there, lost))
    if not found or (found[-1].part != last and remains.parts[last].leaves):
        label = _label(remains.parts, last, found)
        found.append(State(last, label, replay.living, [], replay.latest))
    return found


def missing(remains: Remains, found: list[State]) -> Iterator[str]:
    """Say which versions are lost, whole or in part; nothing is said of members that lack a block."""
    before = min((part.stamp.number for part in remains.parts if part.stamp), default=1)
    unknown = next((n for n, part in enumerate(remains.parts) if part.stamp), 0)
    if found[0].part and unknown:
        yield f"what there was before version {before} is lost"
    for state in found:
        number = state.label.number or 0
        if remains.damage and number > before:
            plural = f"s {before} to {number - 1} are" if number - before > 1 else f" {before} is"
            yield f"version{plural} lost: nothing proves what was in it"
        before = number + 1
        if state.members is not None and remains.damage:
            yield f"version {number} is made of what was found: members may be missing, or older"
        elif remains.parts[state.part].stamp is None:
            yield f"version {number}: label and time are lost; its number is told by those beside it"
        for ref in state.lost:
            first, last = shown_name(ref.first), shown_name(ref.last)
            names = f", from {first} to {last}" if ref.last else ""
            yield f"version {number} lacks the members of a damaged leaf{names}"


def _label(parts: list[Part], part: int, before: list[State]) -> VersionLabel:
    """Return what a version is called; its number is more than that of the one before (F-044)."""
    stamp = parts[part].stamp
    if stamp is None:
        number, away = _behind(parts, part)
        return VersionLabel(number=max(_least(before), number - away))
    return VersionLabel(stamp.label, stamp.time_ns, max(_least(before), stamp.number))


def _least(before: list[State]) -> int:
    """Return the least number that the next version may have."""
    return 1 + (before[-1].label.number or 0) if before else 1


def _behind(parts: list[Part], part: int) -> tuple[int, int]:
    """Return the number of the next version that says its own, and how many parts further on it is."""
    for away, later in enumerate(parts[part:]):
        if later.stamp:
            return later.stamp.number, away
    return 0, 0


def _listed(remains: Remains, part: Part, source: RandomSource) -> list[LeafRef] | None:
    """Return the leaves that a version's root leads to; None where it, or the way to it, is lost."""
    if part.footer is None:
        return None
    offset, footer = part.footer
    try:
        index = Index(source, remains.start, remains.start + offset + FOOTER_SIZE, footer)
        return list(index.leaves())
    except CompressorError:
        return None


class _Replay:
    """The leaves, applied one after the other."""

    def __init__(self, remains: Remains) -> None:
        self._leaves = remains.leaves
        self.latest: Members = {}
        self._alive: dict[int, int] = {}  # of each leaf, how many of its entries live

    @property
    def living(self) -> list[int]:
        """The leaves of which an entry lives, in order."""
        return sorted(self._alive)

    def take(self, part: Part) -> None:
        """Apply what a version changes: removals of a leaf before its entries."""
        for offset in part.leaves:
            leaf = self._leaves[offset]
            for name in leaf.removed:
                self._drop(name)
            for entry in leaf.entries:
                self._drop(entry.name)
                self.latest[entry.name] = offset
                self._alive[offset] = self._alive.get(offset, 0) + 1

    def _drop(self, name: bytes) -> None:
        offset = self.latest.pop(name, None)
        if offset is not None:
            self._alive[offset] -= 1
            if not self._alive[offset]:
                del self._alive[offset]

    def proven(self, part: Part) -> list[int] | None:
        """Return the leaves of a version, if its root hash says that they are these (F-040)."""
        living = self.living
        begin = part.leaves[0]
        hashed = [offset for offset in living if offset < begin] + part.leaves
        joined = b"".join(self._leaves[offset].body_hash for offset in hashed)
        same = part.stamp is not None and blake3(joined).digest() == part.stamp.root_hash
        return living if same else None
