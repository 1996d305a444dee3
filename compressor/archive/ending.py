"""The end of a file as most readers need it, without what reads it forward (``tail``): they start faster."""

from compressor.archive import record
from compressor.archive.index import Index, indexes
from compressor.archive.record import HEADER_SIZE, MAGIC, Kind, Record
from compressor.archive.source import RandomSource
from compressor.errors import DamagedError, UnfinishedError


def last_end(source: RandomSource) -> int:
    """Return where the last sound FOOTER of a file's first archive ends, found by headers; 0: it has none."""
    at, end = len(MAGIC), 0
    try:
        while True:
            header = record.parse_header(source.read(at, HEADER_SIZE), at)
            if header.kind == Kind.FOOTER:
                Record(header, source.read(at + HEADER_SIZE, header.rest)).checked()
                end = header.end
            at = header.end
    except DamagedError:
        return end


def judged(source: RandomSource) -> tuple[list[Index], UnfinishedError | None]:
    """Return the archives in a file, first to last, and what there is to say of an unfinished append.

    Raises:
        NotAnArchiveError, DamagedError: it has no version that is whole, or is damaged in another way.
    """
    try:
        return ended(source), None
    except UnfinishedError:
        from compressor.archive.tail import rebuilt  # for archives that lack their end

        return rebuilt(source)


def ended(source: RandomSource) -> list[Index]:
    """Return the archives in a file, first to last, once the last one's root is found to be sound.

    Raises:
        UnfinishedError: it has no sound FOOTER or root; ``rebuilt`` may know more.
        NotAnArchiveError, TruncatedError, DamagedError: as ``indexes``.
    """
    found = indexes(source)
    footer = found[-1].footer
    try:
        found[-1].top()
    except DamagedError as error:
        if footer.root < footer.last_leaf:
            raise
        what = f"the version is whole, its end is not: {error.what}"
        raise UnfinishedError(what, offset=error.offset) from error
    return found
