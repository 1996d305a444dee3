"""Memory of the caller filled while other threads run: first writes to fresh memory take long."""

from typing_extensions import Buffer

def copy_into(target: Buffer, source: Buffer) -> None:
    """Make ``target`` the bytes of ``source``; the two do not overlap. Lets other threads run.

    Raises:
        ValueError: they are not of one size.
    """

def clear(target: Buffer) -> None:
    """Make all bytes zero. Lets other threads run."""
