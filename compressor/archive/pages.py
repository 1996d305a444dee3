"""Lists too long for one record: pages of items, pages of pages. Used for extents and for leaves."""

from collections.abc import Callable
from typing import Generic, TypeVar

from compressor.archive.schema import MAX_LEVEL, MAX_PAGE, Span
from compressor.errors import DamagedError, LimitError

T = TypeVar("T")


class PageWriter(Generic[T]):
    """Collects items; a page is written through ``emit(level, items)``, which returns its item.

    A page is written as soon as it is full, so that it lists all that stands before it. Memory is
    bounded: at most ``MAX_PAGE`` items a level, that ``weigh`` ``most`` together.
    """

    def __init__(
        self,
        emit: Callable[[int, list[T]], T],
        weigh: Callable[[T], int] = lambda _: 0,
        most: int = 0,
    ) -> None:
        self._emit = emit
        self._weigh = weigh
        self._most = most
        self._levels: list[list[T]] = [[]]
        self._weights = [0]  # of what a level holds

    def add(self, item: T, level: int = 0) -> None:
        """Add an item behind the others of its level."""
        if level == len(self._levels):
            if level > MAX_LEVEL:
                raise LimitError("a member or an archive has more pages than the format can list")
            self._levels.append([])
            self._weights.append(0)
        weight = self._weigh(item)
        if self._levels[level] and self._weights[level] + weight > self._most:
            self._flush(level)
        self._levels[level].append(item)
        self._weights[level] += weight
        if len(self._levels[level]) == MAX_PAGE:
            self._flush(level)

    def _flush(self, level: int) -> None:
        items, self._levels[level] = self._levels[level], []
        self._weights[level] = 0
        self.add(self._emit(level, items), level + 1)

    def finish(self) -> tuple[int, list[T]]:
        """Write what has to be written; return the level and the items that list all the rest."""
        level = 0
        while level < len(self._levels) - 1:
            if self._levels[level]:
                self._flush(level)
            level += 1
        return level, self._levels[level]


class PageReader:
    """Follows pages of extents as a forward reader meets them, and compares each with what it lists."""

    def __init__(self) -> None:
        self._levels: list[list[Span]] = [[]]

    def add(self, item: Span, level: int) -> None:
        """Take note of a page, already compared, whose item goes one level up, to ``level``.

        Raises:
            DamagedError: the list was full, and no page has listed it (F-032).
        """
        while level >= len(self._levels):
            self._levels.append([])
        if len(self._levels[level]) >= MAX_PAGE:
            raise DamagedError("extents: a page lacks its list")
        self._levels[level].append(item)

    def page(self, level: int, items: list[Span], offset: int) -> None:
        """Compare a page with the items before it that no page has listed.

        Raises:
            DamagedError: it lists anything else (F-032).
        """
        if level >= len(self._levels) or items != self._levels[level]:
            what = "extents: a page does not list what stands before it"
            raise DamagedError(what, offset=offset)
        self._levels[level] = []

    def end(self, level: int, items: list[Span], offset: int) -> None:
        """Compare the last list with all that no page has listed.

        Raises:
            DamagedError: it lists anything else (F-032).
        """
        self.page(level, items, offset)
        if any(self._levels):
            raise DamagedError("extents: the list leaves something out", offset=offset)
        self._levels = [[]]
