"""Content-defined pieces, and the table of where they were seen: docs/format/pieces.md."""

from typing_extensions import Buffer

MIN_SIZE: int  # bytes; no piece is shorter, but the last of a content
MAX_SIZE: int  # bytes; no piece is longer
SLOT: int  # bytes that a table takes for one entry or free place

def cut(data: Buffer, *, final: bool) -> list[int]:
    """Return the sizes of the pieces of ``data``, in order.

    ``data`` is where a content begins, or what follows a cut. With ``final`` it also ends the
    content: the sizes sum up to all of it, and none are returned for nothing. Without, only pieces
    are returned whose end no later byte can change; the rest, fewer than ``MAX_SIZE`` bytes, is to
    be put in front of what comes next. However a content is dealt out, it is cut alike.

    Takes 4 bytes for each ``MIN_SIZE`` of ``data``, and lets other threads run where that pays.

    Raises:
        UsageError: the environment's COMPRESSOR_KERNEL can't be had.
    """

def kernel_name() -> str:
    """Return the name of the form that cuts here: "portable" or "avx2"; they cut alike.

    Raises:
        UsageError: the environment's COMPRESSOR_KERNEL can't be had.
    """

class PieceTable:
    """From a piece's hash (the first 16 bytes of its BLAKE3) to where it was last put.

    A location is a number that the caller chooses, 0 to 2**63 - 1. The slots take ``memory`` bytes
    at most, also while the table grows. When they are full, what was neither put nor found for the
    longest time is forgotten, about half of all at once. What is known depends on nothing but the
    calls and their order: a caller who wants the same archive each time makes them from one thread,
    or in turn. Each call holds the interpreter.

    Raises:
        ValueError: ``memory`` is below 3072.
    """

    def __init__(self, memory: int) -> None: ...
    def __len__(self) -> int:
        """Return how many hashes are known."""

    @property
    def memory(self) -> int:
        """The bytes that the slots take now."""

    def find(self, hash16: bytes) -> int | None:
        """Return a hash's location, or None; to be found keeps it from being forgotten.

        Raises:
            ValueError: the hash has not 16 bytes.
        """

    def find_all(self, hashes: Buffer) -> list[int | None]:
        """Do the same for hashes that stand one behind the other, in their order.

        Raises:
            ValueError: their bytes are no multiple of 16.
        """

    def put(self, hash16: bytes, location: int) -> None:
        """Set a hash's location, whether it has one or not.

        Raises:
            ValueError: the hash has not 16 bytes, or the location is out of range.
        """
