"""Archives of one content as files: which mode, which side, and what is refused before a file is touched."""

import io
import os
from pathlib import Path
from typing import BinaryIO, cast

from compressor.archive.index import indexes
from compressor.archive.source import FileFrom, RandomSource
from compressor.engine.file import CompressorFile, PathOrFile, below
from compressor.engine.readindexed import reader_of, seek_last_archive
from compressor.engine.reading import UnpackOptions
from compressor.engine.settled import settled
from compressor.engine.writefile import BlockWriter


def is_text(mode: str, words: tuple[str | None, str | None, str | None]) -> bool:
    """Say whether ``mode`` is one of text; as the standard library, refuse what makes no sense."""
    if mode not in (*"rwxa", *(kind + end for kind in "rwxa" for end in "bt")):
        raise ValueError(f"invalid mode: {mode!r}")
    if "t" not in mode and any(word is not None for word in words):
        raise ValueError("encoding, errors and newline are for text: add t to the mode")
    if "t" in mode:
        encoding, errors, newline = words
        # A trial: what is wrong with these must come out before a file is opened, or emptied.
        io.TextIOWrapper(io.BytesIO(), encoding or "utf-8", errors, newline)
    return "t" in mode


def open_to_read(file: PathOrFile, options: UnpackOptions, *, salvage: bool) -> CompressorFile:
    """Open a file to be read; where it is refused, what was opened is closed."""
    packed, owned = below(file, "rb")
    try:
        view = settled(packed) if owned and packed.seekable() else packed
        reader = reader_of(view, options, salvage=salvage)
        return CompressorFile(packed, reader, owned=owned)
    except BaseException:
        if owned:
            packed.close()
        raise


def open_to_write(file: PathOrFile, kind: str, writer: BlockWriter) -> CompressorFile:
    """Open a file to be written: ``kind`` is w, x or a."""
    if kind == "a" and isinstance(file, str | bytes | os.PathLike):
        _refuse_unfinished(Path(os.fsdecode(file)))
    packed, owned = below(file, kind + "b")
    try:
        writer.attach(packed)
    except BaseException:
        if owned:
            packed.close()
        raise
    return CompressorFile(packed, writer, owned=owned)


def _refuse_unfinished(path: Path) -> None:
    """Raise where an archive put behind what is there could not be found again."""
    if path.is_file() and path.stat().st_size:
        with path.open("rb") as file:
            seek_last_archive(file)
            indexes(RandomSource(cast("BinaryIO", FileFrom(file))))
