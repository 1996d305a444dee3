"""Contents into another program's file: cut, packed in threads, written in order."""

import io
from collections.abc import Callable, Iterable
from typing import BinaryIO

from blake3 import blake3
from msgspec import Struct

from compressor.archive.leaf import Entry
from compressor.engine.limits import INTERPRETER, threads_within
from compressor.engine.pool import OrderedPool
from compressor.engine.progress import Progress, unheard
from compressor.engine.zeros import zeros
from compressor.errors import CompressorError, DamagedError, UsageError
from compressor.formats.base import Format
from compressor.formats.packed import Packed
from compressor.formats.table import read
from compressor.formats.writing import Coder, Writing
from compressor.stages.base import Bytes
from compressor.tree.inputs import Hole, Input

MOST_LEVEL = 9
TAKEN = 1 << 20  # bytes of an input at once, at most

Content = Iterable[Bytes | Hole]


class ForeignOptions(Struct, frozen=True):
    """How to pack: ``level`` is 0 (fastest) to 9, None for the format's own; ``memory`` is bytes."""

    format: Format
    writing: Writing
    level: int | None
    threads: int
    memory: int
    progress: Progress = unheard


class ForeignPacker:
    """A file of another program being written; contents one after the other, as far as it takes several."""

    def __init__(self, write: Callable[[Bytes], object], options: ForeignOptions) -> None:
        self._write = write
        self._options = options
        coder = self._coder()
        self._part_size = coder.part_size
        per_task = coder.memory + 2 * coder.part_size + coder.overlap
        what = f"packing as {options.format.words.partition(' ')[2]}"
        threads = threads_within(
            coder.threads or options.threads, options.memory, per_task, 2 * coder.part_size, what
        )
        self._pool = OrderedPool(threads)
        self._digest = blake3()
        self.plain_size = 0
        self.packed_size = 0

    def _coder(self) -> Coder:
        writing, level = self._options.writing, self._options.level
        if level is not None and not 0 <= level <= MOST_LEVEL:
            raise UsageError(f"level {level} is not from 0 to {MOST_LEVEL}")
        return writing.make(writing.level if level is None else level)

    def content_of(self, source: Input) -> Content:
        """Return a file's content as it is to be added."""
        return source.pieces(min(TAKEN, self._part_size))

    def add(self, entry: Entry, content: Content) -> Entry:
        """Add a content; its name and metadata have no place in such a file."""
        coder = self._coder()
        self._give(coder.start())
        part, before = bytearray(), b""
        for piece in content:
            for plain in zeros(piece.length) if isinstance(piece, Hole) else (piece,):
                part += plain
                while len(part) > self._part_size:  # more is to come: the last may be shorter
                    before = self._submit(coder, bytes(part[: self._part_size]), before)
                    del part[: self._part_size]
        if part:
            self._submit(coder, bytes(part), before)
        self._pool.drain()
        self._give(coder.end(), self.plain_size)
        return entry

    def _submit(self, coder: Coder, part: bytes, before: bytes) -> bytes:
        """Have a part packed; return what the next is told of it."""
        coder.note(part)
        self._digest.update(part)
        self.plain_size += len(part)
        plain = self.plain_size
        self._pool.submit(
            lambda: coder.encode(part, before), lambda packed: self._give(packed, plain), len(part)
        )
        return part[-coder.overlap :] if coder.overlap else b""

    def _give(self, packed: bytes, plain_size: int = 0) -> None:
        """Write what brings the plain bytes that were written to ``plain_size``."""
        self._write(packed)
        self.packed_size += len(packed)
        self._options.progress(self.plain_size, plain_size, self.packed_size)

    def verify(self, file: BinaryIO) -> None:
        """Read what was written, and compare it with what was taken.

        Raises:
            CompressorError: it is not the same.
        """
        found = blake3()
        words = f"this is {self._options.format.words}"
        memory = self._options.memory - INTERPRETER
        try:
            for piece in read(self._options.format, Packed(file.read, words), memory):
                found.update(piece)
        except DamagedError as error:
            raise CompressorError(f"what was written can't be read: {error}") from error
        if found.digest() != self._digest.digest():
            raise CompressorError(
                "what was written does not stand for what was read; please report it"
            )

    def close(self) -> None:
        """Give up the threads."""
        self._pool.close()


def packed_in(plain: memoryview, options: ForeignOptions, *, verify: bool) -> bytes:
    """Return what bytes become; ``verify`` reads it, and compares.

    Raises:
        UsageError: an option is out of range.
        MemoryBudgetError: one thread needs more than it may take.
        CompressorError: what was made is not what it should be.
    """
    out = io.BytesIO()
    packer = ForeignPacker(out.write, options)
    try:
        packer.add(Entry(b""), (plain[at : at + TAKEN] for at in range(0, len(plain), TAKEN)))
        if verify:
            out.seek(0)
            packer.verify(out)
    finally:
        packer.close()
    return out.getvalue()
