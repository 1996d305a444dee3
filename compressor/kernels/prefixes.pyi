"""Names by what they share with the one before: bytes are compared here, not numbers of Python."""

from collections.abc import Iterable

def front_coded(names: Iterable[bytes]) -> tuple[list[int], list[bytes]]:
    """Return of each name how many bytes it shares with the one before, and its rest."""
