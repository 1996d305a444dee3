"""A small file read, or made, by all the calls of the system that it takes in one. Lets other threads run.

Both do what is usual, and leave all else to the caller: they return None, and have left nothing.
"""

from typing_extensions import Buffer

KEEP: int
"""As a user or a group: it stays what it is."""

def read(folder: int, name: bytes, identity: tuple[int, int], size: int) -> bytearray | None:
    """Return the content of a regular file of ``size`` bytes, in the open folder.

    None if it is not that file (``identity``: device and inode), has another size, was written to
    meanwhile, or can't be read. No link is followed.
    """

def make(
    folder: int,
    names: tuple[bytes, bytes],
    content: Buffer,
    owner: tuple[int, int],
    mode: int,
    time: int | None,
) -> tuple[int, int] | None:
    """Make a regular file in the open folder; return its device and inode.

    ``names``: the one that it has until it is whole, and its own. ``owner``: user and group, ``time``
    nanoseconds since 1970. None if any of it can't be done, or the name is taken.

    Raises:
        OverflowError: the system has no such owner or time.
    """
