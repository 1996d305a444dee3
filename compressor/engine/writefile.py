"""Content that comes in pieces of any size, cut into the blocks of one member."""

from typing import BinaryIO

from compressor.archive.leaf import Entry
from compressor.engine.pack import Packer
from compressor.engine.packoptions import PackOptions
from compressor.stages.base import Bytes


class BlockWriter:
    """An archive of one member; the same content gives the bytes that packing it whole gives.

    It is made before its file is opened, so that a wrong option leaves the file as it was.
    """

    def __init__(self, options: PackOptions, name: bytes) -> None:
        self._file: BinaryIO | None = None
        self._head: list[Bytes] = []  # what comes before there is a file
        self._info = Entry(name)
        self._packer = Packer(self._write, options)
        self._pending = bytearray()
        self._begun = False
        self._broken = False
        self.position = 0

    def _write(self, data: Bytes) -> None:
        if self._file is None:
            self._head.append(data)
            return
        done = self._file.write(data)
        while done < len(data):  # a raw file may take less
            done += self._file.write(memoryview(data)[done:])

    def attach(self, file: BinaryIO) -> None:
        """Write to ``file`` from now on."""
        self._file = file
        for data in self._head:
            self._write(data)
        self._head = []

    def write(self, data: memoryview) -> None:
        """Take bytes; full blocks are packed once it is known that they are not the last."""
        self.position += len(data)
        while data:
            if len(self._pending) == self._packer.block_size:
                self._feed()
            step = self._packer.block_size - len(self._pending)
            self._pending += data[:step]
            data = data[step:]

    def _feed(self, *, drain: bool = False) -> None:
        pending, self._pending = self._pending, bytearray()
        if self._broken:
            return
        self._broken = True  # until it is done: an archive that lacks a block must not be finished
        if not self._begun:
            self._packer.begin(self._info)
            self._begun = True
        self._packer.feed(pending)
        if drain:
            self._packer.drain()
        self._broken = False

    def flush(self) -> None:
        """End the block, so that all that was taken can be read; without new bytes nothing is written."""
        if self._pending:
            self._feed(drain=True)

    def close(self) -> None:
        """Finish the archive; after an error of writing it stays unfinished, and readers say so."""
        try:
            if not self._broken:
                self._finish()
        finally:
            self._packer.close()

    def _finish(self) -> None:
        if not self._begun:
            self._packer.add_small(self._info, self._pending)
        else:
            if self._pending:
                self._feed()
            self._packer.end()
        self._packer.finish()
