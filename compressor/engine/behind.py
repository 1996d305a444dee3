"""Bytes written in a thread of their own, in order, while the caller reads and hashes the next ones."""

import threading
from collections.abc import Callable
from contextlib import suppress

from compressor.stages.base import Bytes

HELD = 4 << 20  # bytes; what is handed over together, for each time takes some .05 ms
PATIENCE = 0.5  # seconds that a write which Ctrl-C did not want to wait for has to end


def held(block_size: int) -> int:
    """Return the bytes that one holds at most whose pieces are of blocks of this size.

    They are of two batches, one that is being written; of the blocks, a piece keeps twice its size at most.
    """
    return 2 * (2 * HELD + block_size)


class Behind:
    """Calls ``write`` as it was called itself, later: one batch is being written while the next gathers.

    A batch has less than HELD bytes, and what came last. Where not ``apart``, all is written at once, in
    the caller's thread. What ``write`` raises, a later call does.
    """

    def __init__(self, write: Callable[[Bytes], object], *, apart: bool) -> None:
        self._write = write
        self._apart = apart
        self._waiting: list[Bytes] = []
        self._size = 0  # bytes of these
        self._batch: list[Bytes] | None = []  # handed over last; None: the thread shall end
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._given = threading.Lock()  # released when there is a batch for the thread
        self._given.acquire()
        self._busy = (
            threading.Lock()
        )  # held while anything is being written, by whoever hands it over
        self._writing = False  # the thread has a batch
        self._left = False  # an interrupt ended the waiting for what is being written

    def write(self, data: Bytes) -> None:
        """Take bytes, which must not change any more."""
        if not self._apart:
            self._write(data)
            return
        if isinstance(data, memoryview) and 2 * data.nbytes < memoryview(data.obj).nbytes:
            data = bytes(data)  # else all of a block would be held for a small part of it
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= HELD:
            self._wait()
            self._hand_over()

    @property
    def waits(self) -> bool:
        """Whether bytes were taken that are not yet handed over."""
        return bool(self._waiting)

    def flush(self) -> None:
        """Have all that was taken written."""
        if not self._apart:
            return
        self._wait()
        try:
            while self._waiting:
                self._write(self._waiting.pop(0))
        finally:
            self._size = 0
            self._busy.release()

    def then(self, action: Callable[[], object]) -> None:
        """Do something once all that was taken is written."""
        self.flush()
        action()

    def close(self) -> None:
        """Drop what was not written, and end the thread: nothing is written from here on."""
        self._waiting = []
        thread, self._thread = self._thread, None
        if thread is None:
            return
        if self._batch is not None:
            self._batch.clear()
        if self._ended():
            self._batch = None
            with suppress(RuntimeError):  # it was not taken yet
                self._given.release()
            thread.join()

    def _ended(self) -> bool:
        """Wait until the thread writes nothing; False where an interrupt can't wait for that."""
        while not self._busy.acquire(timeout=PATIENCE):
            if self._left:
                return False
            if not self._writing:  # an interrupt came when all was ready to be handed over
                return True
        return True

    def _wait(self) -> None:
        """Wait until nothing is being written."""
        try:
            self._busy.acquire()
        except BaseException:  # Ctrl-C: whoever reads a full pipe may never come back
            self._left = True
            raise
        if self._error is not None:
            self._busy.release()
            raise self._error

    def _hand_over(self) -> None:
        if self._thread is None:
            self._thread = self._started()
        self._batch, self._waiting, self._size = self._waiting, [], 0
        self._given.release()

    def _started(self) -> threading.Thread:
        thread = threading.Thread(target=self._run, name="compressor-write", daemon=True)
        try:
            thread.start()
        except BaseException:  # the system has no thread left, or Ctrl-C
            self._busy.release()
            raise
        return thread

    def _run(self) -> None:
        while self._given.acquire() and (batch := self._batch) is not None:
            self._writing = True
            try:
                while batch:
                    self._write(batch.pop(0))
            except BaseException as error:  # raised where the caller comes next
                self._error = error
            self._writing = False
            self._busy.release()
