"""How far a run is, as whoever wants to know hears it."""

from collections.abc import Callable

Progress = Callable[[int, int, int], object]
"""Takes the bytes of the input that were read, and what is done of them: plain bytes, and the packed bytes
that these became, or came from. What is done comes behind what is read, for blocks are under way."""


def unheard(_read: int, _plain: int, _packed: int) -> None:
    """Tell nobody."""
