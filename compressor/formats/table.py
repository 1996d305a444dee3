"""The one table of foreign formats: what a file is, by its first bytes and by its name; its content."""

from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module

from compressor.errors import DamagedError, UsageError
from compressor.formats.base import Format
from compressor.formats.packed import Packed, skip_frame, skippable
from compressor.formats.writing import Writing

START = 13  # bytes by which most formats are known: the header of a .lzma file, the longest

MODULES = {
    "gz": ("gz", "FORMAT"),
    "bz2": ("bzip2", "FORMAT"),
    "xz": ("xz", "XZ"),
    "lz4": ("lz4s", "FORMAT"),
    "zst": ("zst", "FORMAT"),
    "lzo": ("lzop", "FORMAT"),
    "Z": ("dotz", "FORMAT"),
    "lzma": ("xz", "LZMA"),  # the last: it has no magic of its own
}
"""Name of a format -> its module, and its name there; imported for those who meet one."""

WRITTEN = tuple(name for name in MODULES if name != "lzma")
"""Formats that are written, too; .lzma has no check, and xz took its place."""


@lru_cache
def format_by_name(name: str) -> Format:
    """Return a format of the table."""
    module, attribute = MODULES[name]
    found: Format = getattr(import_module(f"compressor.formats.{module}"), attribute)
    return found


def writing_of(name: str) -> Writing:
    """Return how a format is written.

    Raises:
        UsageError: it is not, or is not known.
    """
    writing = format_by_name(name).writing if name in MODULES else None
    if writing is None:
        raise UsageError(f"{name!r} is no format that is written: choose from {', '.join(WRITTEN)}")
    return writing


def formats() -> Iterator[Format]:
    """Yield all formats."""
    return map(format_by_name, MODULES)


def format_of(start: bytes) -> Format | None:
    """Return the format that begins so, by its first START bytes or more; None: none of these."""
    return next((known for known in formats() if known.begins(start)), None)


def plain_name(name: str) -> str | None:
    """Return what the content of a file of this name is called; None: it has no ending of the table."""
    for known in formats():
        for ending, instead in known.endings.items():
            if rest := without_ending(name, ending):
                return rest + instead
    return None


def without_ending(name: str, ending: str) -> str | None:
    """Return a name without its ending, in whatever case that is written; None where it has another."""
    at = len(name) - len(ending)
    return name[:at] if name[at:].lower() == ending.lower() and at >= 0 else None


def read(known: Format, packed: Packed, memory: int) -> Iterator[bytes]:
    """Yield what all streams in a row hold.

    Raises:
        DamagedError: they break their format or their check, or are followed by something else.
        LimitError: they need more than ``memory`` bytes.
        UnsupportedError: they need what is not known here.
    """
    first = True
    while begins_next(known, packed, first=first):
        yield from known.read(packed, memory)
        first = False


def begins_next(known: Format, packed: Packed, *, first: bool) -> bool:
    """Pass over what holds nothing; say whether a stream begins then, or the end has come.

    Raises:
        DamagedError: something else follows the stream before.
    """
    if known.padding:
        _skip_padding(packed, known.padding)
    while known.skips and skippable(packed.peek(4)):
        skip_frame(packed)
    start = packed.peek(START)
    if start and not first and (known.alone or not known.begins(start)):
        raise DamagedError(
            f"{known.words} that is followed by something else", offset=packed.position
        )
    return bool(start)


def _skip_padding(packed: Packed, multiple: int) -> None:
    """Skip zeros: tapes and disks are read in whole blocks."""
    zeros = 0
    while data := packed.some():
        rest = data.lstrip(b"\0")
        zeros += len(data) - len(rest)
        if rest:
            packed.give_back(rest)
            break
    if zeros % multiple:
        raise packed.damaged(f"padding is not a multiple of {multiple} bytes")
