"""A live stream, such as ``tail -f log``: blocks end by the clock, so that a reader need not wait."""

import os
import select
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compressor.archive.leaf import Entry
    from compressor.engine.pack import Packer

CLOCK = "clock"
"""The optional feature that says: where blocks end depends on when bytes came."""

LONGEST = 86_400.0  # seconds of one wait; `select` refuses some 300 years

READ = 1 << 16  # bytes: reading allocates as many, however few there are


PATIENCE = 0.05  # seconds that a busy reader waits for more before it gives out what it has


def is_idle(descriptor: int) -> bool:
    """Say whether nothing comes from the other end for a moment; threads may work meanwhile."""
    return not select.select([descriptor], [], [], PATIENCE)[0]


def pack_live(packer: "Packer", info: "Entry", descriptor: int, seconds: float) -> None:
    """Pack what comes from ``descriptor``; what has waited for ``seconds`` is written out."""
    packer.begin(info)
    waiting = bytearray()
    due = 0.0
    while True:
        timeout = min(max(0.0, due - time.monotonic()), LONGEST) if waiting else None
        ready, _, _ = select.select([descriptor], [], [], timeout)
        piece = os.read(descriptor, min(READ, packer.piece_size - len(waiting))) if ready else b""
        if piece and not waiting:
            due = time.monotonic() + seconds
        waiting += piece
        ended = bool(ready) and not piece
        if waiting and (ended or len(waiting) == packer.piece_size or time.monotonic() >= due):
            packer.feed(waiting)
            packer.drain()
            waiting = bytearray()
        if ended:
            packer.end()
            return
