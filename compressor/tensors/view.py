"""A file to be looked at: reads stay inside it, and are bounded together."""

import struct
from collections.abc import Callable
from typing import Any

from compressor.errors import DamagedError

Read = Callable[[int, int], bytes]
"""From an offset and a length, both inside the file, to the bytes there."""

MAX_READ = 64 << 20  # bytes read of one file: each format looks at 16 or 32 MiB at most
_BUFFER = 256 << 10  # bytes that a cursor reads ahead


class View:
    """The bytes of a file of ``size`` bytes, of which at most `MAX_READ` are read."""

    def __init__(self, read: Read, size: int) -> None:
        self.size = size
        self._read = read
        self._left = MAX_READ

    def bytes(self, start: int, length: int) -> bytes:
        """Return ``length`` bytes.

        Raises:
            DamagedError: they are not all there, or this would be too much.
        """
        if start < 0 or length < 0 or start + length > self.size:
            raise DamagedError("something lies beyond the end of the file")
        if length > self._left:
            raise DamagedError("there is too much to look at")
        self._left -= length
        data = self._read(start, length) if length else b""
        if len(data) != length:
            raise DamagedError("the file is shorter than it was")
        return data

    def unpack(self, layout: struct.Struct, start: int) -> tuple[Any, ...]:
        """Return the fields at ``start``.

        Raises:
            DamagedError: they are not all there, or this would be too much.
        """
        return layout.unpack(self.bytes(start, layout.size))


class Cursor:
    """A view read from front to back: ``at`` is the position of the next byte."""

    def __init__(self, view: View, at: int, end: int) -> None:
        self.at = at
        self._view = view
        self._end = end
        self._buffer = b""
        self._base = at  # the position of the buffer's first byte

    def take(self, length: int) -> bytes:
        """Return the next ``length`` bytes.

        Raises:
            DamagedError: they are not all there, or this would be too much.
        """
        first = self.at - self._base
        if first + length > len(self._buffer):
            self._fill(length)
            first = 0
        self.at += length
        return self._buffer[first : first + length]

    def skip(self, length: int) -> None:
        """Pass over ``length`` bytes, without reading them where that can be.

        Raises:
            DamagedError: they are not all there.
        """
        if length > self._end - self.at:
            raise DamagedError("something lies beyond the end of the file")
        self.at += length

    def _fill(self, length: int) -> None:
        if length > self._end - self.at:
            raise DamagedError("something lies beyond the end of the file")
        ahead = min(max(length, _BUFFER), self._end - self.at)
        self._buffer = self._view.bytes(self.at, ahead)
        self._base = self.at
