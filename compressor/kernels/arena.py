"""Scratch of a thread, used again from call to call: pages of fresh memory cost more than work."""

import threading

_LOCAL = threading.local()


def arena(size: int) -> bytearray:
    """Return this thread's scratch, of ``size`` bytes or more; it holds anything.

    Who takes it uses it up to the end of its call, and calls nothing meanwhile that takes it too.
    """
    found: bytearray | None = getattr(_LOCAL, "arena", None)
    if found is None or len(found) < size:
        found = _LOCAL.arena = bytearray(size)
    return found
