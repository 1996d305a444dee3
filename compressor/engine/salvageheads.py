"""What the versions of a recovered archive declare."""

from msgspec.structs import replace

from compressor.archive.schema import MAJOR, MAX_COUNT, MINOR, Head
from compressor.engine import block as blocks
from compressor.engine.salvage import Remains
from compressor.engine.salvagemembers import Contents
from compressor.engine.salvageversions import State


class Heads:
    """The HEAD records that are left, and what blocks say where one is lost."""

    def __init__(self, remains: Remains, contents: Contents) -> None:
        self._remains = remains
        self._contents = contents
        self._block_size = self._memory = 0  # what the version before declares

    def of(self, state: State, *, first: bool) -> Head:
        """Return what a version declares, no less than the one that was asked for before (F-052).

        ``first``: its reach is what it needs as the first version.
        """
        head = self._nearest(state.part)
        self._block_size = max(self._block_size, head.block_size)
        self._memory = max(self._memory, head.decode_memory)
        reach = MAX_COUNT if not first or self._refers_back(state) else 0
        return replace(
            head,
            previous=0,
            reach=reach,
            block_size=self._block_size,
            decode_memory=self._memory,
        )

    def with_lost(self, head: Head) -> Head:
        """Return what a version declares that takes what belongs to no member, of any version."""
        return _widened(head, self._made())

    def _nearest(self, part: int) -> Head:
        parts = self._remains.parts
        own = parts[part].head
        if own:
            return own
        near = [*parts[part::-1], *parts[part + 1 :]]
        made = self._made()
        head = next((one.head for one in near if one.head), made)
        return _widened(head, made)

    def _made(self) -> Head:
        """Return what all blocks that are left need."""
        found = self._remains.blocks.values()
        size = max((block.plain_size for block in found), default=1)
        memory = max((blocks.decode_memory(one) + 2 * one.needs * size for one in found), default=0)
        return Head(MAJOR, MINOR, [], [], memory, 0, 0, size, "recovered")

    def _refers_back(self, state: State) -> bool:
        """Say whether a member needs a block that others, or its own beginning, needed before it."""
        if any(block.base for block in self._remains.blocks.values()):
            return True
        seen: set[int] = set()
        for leaf in self._contents.members(state):
            here: set[int] = set()
            for entry in leaf.whole:
                offsets = [offset for offset, _, _ in self._contents.spans(entry) if offset]
                needed = set(offsets)
                again = len(needed) < len(offsets) if entry.level else len(needed) > 1
                if again or not needed.isdisjoint(seen):
                    return True
                here |= needed
            seen |= here
        return False


def _widened(head: Head, least: Head) -> Head:
    memory = max(head.decode_memory, least.decode_memory)
    return replace(head, block_size=max(head.block_size, least.block_size), decode_memory=memory)
