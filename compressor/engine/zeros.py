"""Zero bytes that nobody stores, yet that count in a member's hash."""

from collections.abc import Iterator

from blake3 import blake3

ZEROS = bytes(1 << 20)


def zeros(length: int) -> Iterator[memoryview]:
    """Yield ``length`` zero bytes in pieces that all share one buffer."""
    view = memoryview(ZEROS)
    while length:
        step = min(length, len(view))
        yield view[:step]
        length -= step


def hash_zeros(digest: blake3, length: int) -> None:
    """Add ``length`` zero bytes to ``digest``."""
    for piece in zeros(length):
        digest.update(piece)
