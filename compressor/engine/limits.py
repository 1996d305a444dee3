"""What a run may take: threads, memory, output."""

from msgspec import Struct

from compressor.engine.asked import whole
from compressor.engine.processors import processors
from compressor.errors import LimitError, MemoryBudgetError, UsageError

DEFAULT_MEMORY = 1 << 30  # bytes, the whole process
INTERPRETER = 64 << 20  # bytes of a Python process with our libraries, before any block
EXPANSION_FREE = 64 << 20  # bytes of output below which no expansion is suspicious


def threads_within(asked: int, memory: int, per_task: int, fixed: int, what: str) -> int:
    """Return how many threads fit into ``memory`` bytes; ``asked`` 0 means all processors.

    Raises:
        MemoryBudgetError: not even one does.
        UsageError: ``asked`` is negative.
    """
    if asked < 0:
        raise UsageError(f"{asked} threads can't be had; 0 stands for all processors")
    free = memory - INTERPRETER - fixed
    if per_task > free:
        raise MemoryBudgetError(what, INTERPRETER + fixed + per_task, memory)
    return min(asked or processors(), free // per_task)


def share(threads: int, memory: int, fixed: int) -> int:
    """Return the bytes that each of ``threads`` tasks may take, as ``threads_within`` counts."""
    return (memory - INTERPRETER - fixed) // threads


def shared(memory: int, count: int) -> int:
    """Return the budget (bytes, this process included) of each of ``count`` that share one."""
    return INTERPRETER + max(memory - INTERPRETER, 0) // count


class Limits(Struct, frozen=True):
    """What reading may give at most; None: no limit.

    ``max_output`` counts bytes given, ``max_expansion`` bytes given for each byte read (beyond the
    first 64 MiB given), ``memory`` the bytes of the whole process.

    Raises:
        UsageError: one is negative, or NaN, which nothing exceeds.
        TypeError: one is no number, or a fraction of a byte.
    """

    max_output: int | None = 4 << 30
    max_expansion: float | None = 2000.0
    memory: int = DEFAULT_MEMORY

    def __post_init__(self) -> None:
        """Refuse what would limit nothing, or all."""
        if self.max_output is not None:
            whole("max_output", self.max_output, 0)
        most = self.max_expansion
        if not isinstance(most, int | float | None):
            raise TypeError(f"max_expansion is a number, not {type(most).__name__}")
        if most is not None and not most >= 0:
            raise UsageError("max_expansion is a number, and at least 0")
        whole("memory", self.memory, 0)

    def check(self, given: int, read: int) -> None:
        """Compare what was given, and what was read for it, with the limits.

        Raises:
            LimitError: one is exceeded.
        """
        if self.max_output is not None and given > self.max_output:
            raise LimitError(
                f"the output exceeds {self.max_output} bytes; to go on raise the limit, max_output",
                "max_output",
            )
        if self.max_expansion is None or given <= EXPANSION_FREE:
            return
        if given > self.max_expansion * max(read, 1):
            raise LimitError(
                f"the output is more than {self.max_expansion:g} times the input; "
                "to go on raise the limit, max_expansion",
                "max_expansion",
            )


DEFAULT = Limits()
"""For what is given as one piece of memory."""

STREAMING = Limits(max_output=None)
"""For what is given bit by bit: models have more than 4 GiB, and the caller holds none of it."""

UNLIMITED = Limits(max_output=None, max_expansion=None)


def limits_or(given: Limits | None, default: Limits) -> Limits:
    """Return the limits that a program gives, or those that hold where it gives none.

    Raises:
        TypeError: they are something else.
    """
    if not isinstance(given, Limits | None):
        raise TypeError(f"limits is a compressor.Limits, not {type(given).__name__}")
    return given or default
