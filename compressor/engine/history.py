"""The versions of an archive, one after the other."""

from collections.abc import Callable, Iterable
from typing import BinaryIO

from msgspec import Struct

from compressor.archive.ending import judged
from compressor.archive.index import Index
from compressor.archive.source import RandomSource
from compressor.errors import CompressorError, DamagedError, UnfinishedError


class Version(Struct, frozen=True):
    """A version: what it is called, how many members it has, how many bytes the archive grew by."""

    number: int
    label: str
    time_ns: int
    members: int
    added: int


def history(file: BinaryIO, unfinished: Callable[[UnfinishedError], object]) -> list[Version]:
    """Return the versions in a seekable file, first to last; of archives in a row, those of each.

    ``unfinished`` hears of an append that was not finished.
    """
    return versions_of(readable(RandomSource(file), unfinished))


def readable(source: RandomSource, unfinished: Callable[[UnfinishedError], object]) -> list[Index]:
    """Return the archives in a file, first to last; ``unfinished`` hears of an end that is missing.

    Raises:
        NotAnArchiveError, DamagedError: they can't be read by an index.
    """
    archives, error = judged(source)
    if error is not None:
        unfinished(error)
    return archives


def told_apart(file: BinaryIO, damage: list[DamagedError]) -> list[DamagedError]:
    """Return what is damaged in a seekable file, given what reading it from front to back met.

    What an append left that was not finished is one error, and no damage.
    """
    if not damage:
        return []
    try:
        archives, error = judged(RandomSource(file))
    except CompressorError:
        return damage
    last = archives[-1]
    if error is None or last.start:  # of archives in a row offsets do not say which is meant
        return damage
    known = [one for one in damage if one.offset is None or one.offset < last.end]
    return [*(one for one in known if not isinstance(one, UnfinishedError)), error]


def versions_of(archives: Iterable[Index]) -> list[Version]:
    """Return the versions of archives, given the last one of each."""
    return [version for index in archives for version in _versions(index)]


def _versions(index: Index) -> list[Version]:
    found: list[Version] = []
    for version in index.versions():
        stamp = version.version()
        members = sum(1 for _ in version.entries())
        added = version.end - version.begin
        found.append(Version(stamp.number, stamp.label, stamp.time_ns, members, added))
    return found[::-1]
