"""Zero bytes that nobody stores, yet that count in a member's hash."""

from blake3 import blake3

ZEROS = bytes(1 << 20)


def hash_zeros(digest: blake3, length: int) -> None:
    """Add ``length`` zero bytes to ``digest``."""
    while length:
        step = min(length, len(ZEROS))
        digest.update(ZEROS[:step])
        length -= step
