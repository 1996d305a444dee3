"""An archive on disk that is to be changed: locked, its end looked at, and mended where that is safe."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from compressor.archive.index import Index, RandomSource, indexes
from compressor.errors import UnfinishedError, UsageError


@dataclass(frozen=True, slots=True)
class Tail:
    """What stands behind the last version that is complete with its FOOTER.

    ``end`` is where that version ends; ``leaves`` are those of a version behind it that is whole but
    for its root and FOOTER, None where it is not.
    """

    end: int


class ArchiveFile:
    """An open archive under an exclusive lock."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.file = file
        self._path = path
        self._sound_end = 0

    def index(self, note: Callable[[str], None]) -> Index:
        """Return the index of the last version; ``note`` hears of an unfinished one that is dropped.

        Raises:
            UsageError: the file holds several archives in a row.
            DamagedError: it is damaged.
        """
        source = RandomSource(self.file)
        try:
            found = indexes(source)
        except UnfinishedError:
            self._mend(source, note)
            source = RandomSource(self.file)
            found = indexes(source)
        if len(found) > 1:
            raise UsageError(
                f"{self._path} holds several archives in a row; nothing can be appended to such"
            )
        self._sound_end = source.size
        return found[0]
