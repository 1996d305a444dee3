"""How to pack: what was asked for, and what follows from it for memory, threads and the HEAD."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from compressor.archive.schema import MAJOR, MAX_COUNT, MINOR, Head
from compressor.engine.behind import held
from compressor.engine.block import STORE
from compressor.engine.limits import DEFAULT_MEMORY, INTERPRETER, threads_within
from compressor.engine.progress import Progress, unheard
from compressor.plan.densest import Trials
from compressor.plan.numbers import NONE, Codings
from compressor.stages.chain import Chain

if TYPE_CHECKING:
    from compressor.archive.source import ReadsAt
    from compressor.engine.dedup import Blocks
    from compressor.engine.externals import Externals
    from compressor.engine.states import EarlierStates

TABLE_SHARE = 8  # of the memory budget one part in so many is for what dedup remembers
TWINS_TABLE = 1 << 20  # bytes of it for one file: its tensors within PIPED_REACH
LEAST_BLOCK = 4 << 10  # bytes that a user may ask for: a block costs 130 more, 3 % of these
PIPED_REACH = 256 << 20  # bytes: what a reader of a pipe has to keep, decisions/0009
SOLID_SIZE = 4 << 20  # bytes that small members share at most, decisions/0007


def _ignore(*_args: object) -> None:
    return


class Sources(Struct, frozen=True):
    """Where differences may be from: what the archive has, ``within``, if it can be read, and other files.

    ``earlier`` gives the states that the version before has.
    """

    within: ReadsAt | None = None
    externals: Externals | None = None
    earlier: Callable[[Blocks], EarlierStates] | None = None

    def __bool__(self) -> bool:
        return self.within is not None or bool(self.externals)


NOWHERE = Sources()


def reach_of(asked: int | None, total: int | None, default: int | None) -> int | None:
    """Return how far back repeats are looked for: as asked, never further than there is anything.

    None is anywhere; ``default`` is for who has not asked.
    """
    known = [reach for reach in (default if asked is None else asked, total) if reach is not None]
    return min(known) if known else None


class PackOptions(Struct, frozen=True):
    """How to pack; sizes in bytes. ``verify`` None: where a native stage takes part.

    ``reach`` is how far back what repeats may be referred to; None: anywhere in the archive.
    """

    chain: Chain
    block_size: int | None = None
    solid_size: int = SOLID_SIZE
    threads: int = 0
    memory: int = DEFAULT_MEMORY
    verify: bool | None = None
    reach: int | None = 0
    alone: bool = False
    """Whether one content is all there is: tensors in it are stored once although ``reach`` is 0."""
    optional: tuple[str, ...] = ()
    codings: Codings = NONE
    """How numbers in files are packed; without any they are not looked for."""
    trials: Trials | None = None
    """What blocks of any bytes are tried with; None: ``chain`` alone."""
    dtype: str = ""
    """What files hold that do not say it themselves, where that is known."""
    sources: Sources = NOWHERE
    """What blocks of numbers may be stored as differences from."""
    plain_limit: int | None = None
    """Bytes that come in all, where known: memory is reckoned for no more; ``piece_size`` keeps to it."""
    warn: Callable[[str], None] = _ignore
    progress: Progress = unheard
    behind: bool = False
    """Whether a thread of its own may write, where there are several and memory for it."""

    @property
    def compares(self) -> bool:
        """Whether blocks of numbers may be differences; a HEAD says the same to a pipe as to a file."""
        return bool(self.codings) and (self.reach != 0 or bool(self.sources.externals))

    @property
    def table(self) -> int:
        """The bytes of what dedup remembers, at most."""
        share = self.memory // TABLE_SHARE
        if self.reach == 0:
            return min(share, TWINS_TABLE) if self.alone and self.codings else 0
        return share

    def verifies(self, chain: Chain) -> bool:
        """Whether blocks under a chain are decoded before they are written."""
        return chain.native if self.verify is None else self.verify

    def head(self, block_size: int, earlier: Head | None) -> Head:
        """Return what an archive of such blocks declares, or a version behind one with this HEAD."""
        memory = max(
            base + chain.decode_memory(size) for chain, size, _, base in self._chains(block_size)
        )
        memory = max(memory, STORE.decode_memory(block_size))
        reach = MAX_COUNT if self.reach is None else self.reach
        if earlier is not None:  # a version declares for all of the archive up to its end
            block_size = max(block_size, earlier.block_size)
            memory = max(memory, earlier.decode_memory)
            reach = MAX_COUNT  # to the archive's start, from wherever this version ends
        optional = list(self.optional)
        return Head(MAJOR, MINOR, [], optional, memory, reach, 0, block_size, str(self.chain))

    def workers(self, block_size: int, fixed: int) -> tuple[int, bool]:
        """Return how many threads the memory permits, of which ``fixed`` bytes are taken otherwise.

        And whether one more is to write: what that holds is a block at most.

        Raises:
            MemoryBudgetError: not even one.
        """
        what = f"packing with {self.chain} in blocks of {block_size} bytes"
        per_task = self.per_task(block_size)
        threads = threads_within(self.threads, self.memory, per_task, fixed, what)
        free = self.memory - INTERPRETER - fixed - threads * per_task
        # What is to be read again has to be written before others build upon it.
        behind = self.behind and self.sources.within is None
        return threads, behind and threads > 1 and free >= held(block_size)

    def per_task(self, block_size: int) -> int:
        """Return the bytes of a task: its block, what packing takes, and the copy of verification."""
        return max(
            size
            + kept
            + base
            + chain.encode_memory(size)
            + (chain.decode_memory(size) if self.verifies(chain) else 0)
            for chain, size, kept, base in self._chains(block_size)
        )

    def _chains(self, block_size: int) -> Iterator[tuple[Chain, int, int, int]]:
        """Yield the chains that blocks may have, and the bytes of the largest: at most ``block_size``.

        And the bytes of another chain's result that is kept meanwhile, and those that reading a base takes.
        """
        yield self.chain, block_size, 0, 0
        for chain in self.trials.first if self.trials else ():
            yield chain, block_size, 0, 0
        for chain in self.trials.others if self.trials else ():
            yield chain, block_size, block_size, 0
        for coding in self.codings.values():
            size = min(coding.most, block_size)
            for chain in (*coding.chains, self.chain):
                yield chain, size, size, 0
            for delta in coding.deltas if self.compares else ():
                yield delta, size, size, coding.base_memory(size)
