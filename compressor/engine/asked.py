"""What programs ask for by keyword: what can't be meant is refused before anything is done."""

import operator
from collections.abc import Iterable
from typing import SupportsIndex

from compressor.errors import UsageError


def whole(
    name: str, value: SupportsIndex, least: int | None = None, most: int | None = None
) -> int:
    """Return a whole number, as indices are; True and False are none.

    Raises:
        TypeError: it is something else.
        UsageError: it is less than ``least``, or more than ``most``.
    """
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        raise TypeError(f"{name} is an int, not {type(value).__name__}")
    number = operator.index(value)
    if least is not None and number < least:
        raise UsageError(f"{name} is at least {least}")
    if most is not None and number > most:
        raise UsageError(f"{name} is at most {most}")
    return number


def words(name: str, given: str | Iterable[str]) -> list[str]:
    """Return words that were given as one, or as several.

    Raises:
        TypeError: it is something else.
    """
    found = (
        [given] if isinstance(given, str | bytes) or not isinstance(given, Iterable) else [*given]
    )
    for word in found:
        if not isinstance(word, str):
            raise TypeError(f"{name} is a str, or several, not {type(word).__name__}")
    return found
