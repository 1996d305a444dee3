"""The content of members on its way to a sink: hashed and written in a thread of their own, in order."""

from typing import Generic, TypeVar

from blake3 import blake3

from compressor.engine.behind import Behind
from compressor.engine.reading import Sink
from compressor.engine.zeros import hash_zeros
from compressor.stages.base import Bytes

S = TypeVar("S", bound=Sink)


class Delivery(Generic[S]):
    """Gives a sink what a reader has, one member after the other.

    Where it is ``apart``, a thread of its own takes the bytes; all other calls to the sink come once it
    has them.
    """

    def __init__(self, sink: S, *, apart: bool) -> None:
        self._to = sink
        self._digest = blake3()
        self._behind = Behind(self._pass_on, apart=apart)

    @property
    def sink(self) -> S:
        """The sink, once it has all bytes that are on their way to it."""
        self._behind.flush()
        return self._to

    @property
    def waits(self) -> bool:
        """Whether there are bytes that are not yet on their way."""
        return self._behind.waits

    def begin(self) -> S:
        """Begin the next content; return the sink, which has all of the one before."""
        sink = self.sink
        self._digest = blake3()
        return sink

    def data(self, piece: Bytes) -> None:
        """Give the next bytes, which must not change any more."""
        self._behind.write(piece)

    def hole(self, length: int) -> None:
        """Give ``length`` zero bytes as a hole."""
        sink = self.sink
        hash_zeros(self._digest, length)
        sink.hole(length)

    def digest(self) -> bytes:
        """Return the hash of the content given, once the sink has it."""
        self._behind.flush()
        return self._digest.digest()

    def flush(self) -> None:
        """Have the sink take all that was given."""
        self._behind.flush()

    def set_apart(self, *, apart: bool) -> None:
        """Have the sink take bytes in a thread of its own, or not any more."""
        self._behind.flush()
        self._behind.close()
        self._behind = Behind(self._pass_on, apart=apart)

    def close(self) -> None:
        """Drop what was not given, and end the thread: the sink hears nothing from here on."""
        self._behind.close()

    def _pass_on(self, piece: Bytes) -> None:
        self._digest.update(piece)
        self._to.data(piece)
