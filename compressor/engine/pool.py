"""Work in threads, results in order: a bounded queue of tasks, each with what to do with its result."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

SMALL = 256 << 10  # bytes; less is done at once: handing it over would cost more than the work
LONG = 2 << 20  # bytes; may take so long that a Ctrl-C has to end the waiting for it
BATCH = 2 << 20  # bytes; what is handed over together: each time costs up to .1 ms

T = TypeVar("T")


class _Batch:
    """Works that one thread does one after the other; ``left`` is how many wait for their ``then``."""

    def __init__(self, most: int) -> None:
        self._most = most  # bytes
        self._works: deque[tuple[Callable[[], Any], int]] = deque()
        self.size = 0  # bytes
        self.left = 0
        self.future: Future[deque[tuple[Any, BaseException | None]]] | None = None

    def add(self, work: Callable[[], Any], size: int) -> None:
        """Add a work of so many bytes."""
        self._works.append((work, size))
        self.size += size
        self.left += 1

    def run(self) -> deque[tuple[Any, BaseException | None]]:
        """Do all; return of each its result, or what it raised.

        Where results are larger than their works were said to be, what has no room is left for another run.
        """
        outcomes: deque[tuple[Any, BaseException | None]] = deque()
        held = 0
        while self._works and (not outcomes or held + self._works[0][1] <= self._most):
            work, size = self._works.popleft()
            try:
                result = work()
                outcomes.append((result, None))
                held += max(size, _size_of(result))
            except BaseException as error:  # raised where its turn comes
                outcomes.append((None, error))
        return outcomes


def _size_of(result: object) -> int:
    """Return the bytes of a result that is bytes; what is around others, their works were told."""
    return len(result) if isinstance(result, bytes | bytearray | memoryview) else 0


class OrderedPool:
    """``threads`` workers and at most ``threads + 1`` tasks under way; with 1 all is done at once.

    What is LONG another thread does even then: the main one hears of a Ctrl-C only between two works.
    A task is one work, or several of at most ``together`` bytes (never more than BATCH); it holds as much,
    and a result more where one is larger than its work was said to be.
    """

    def __init__(self, threads: int, together: int = 0) -> None:
        self.threads = threads
        self._together = min(together, BATCH)
        self._executor: ThreadPoolExecutor | None = None
        self._queue: deque[tuple[_Batch | None, Any, Callable[[Any], object], int]] = deque()
        self._open: _Batch | None = None  # takes more works; no thread has it yet
        self._tasks = 0  # under way: begun, not every `then` of them yet called

    def submit(self, work: Callable[[], T], then: Callable[[T], object], size: int) -> None:
        """Have ``work`` done, and ``then`` called with its result after all earlier ``then``.

        ``size`` is the work in bytes. May call ``then`` of earlier tasks, and raise what they raise.
        """
        if self.threads == 1 or size < SMALL:
            self._leave(self.threads - 1)  # this thread's work needs memory like any other's
            alone = self.threads == 1 and size >= LONG
            result = self._pool().submit(work).result() if alone else work()
            self._put(None, result, then, 1)
        else:
            if self._open is not None and self._open.size + size > self._together:
                self._hand_over()
            batch = self._open or self._begin()
            batch.add(work, size)
            self._put(batch, None, then, 0)
            if batch.size >= self._together:
                self._hand_over()
        # One that is still being filled takes no more than its works' memory.
        self._leave(self.threads + (self._open is not None))

    def _begin(self) -> _Batch:
        self._open = _Batch(self._together)
        self._tasks += 1
        return self._open

    def _hand_over(self) -> None:
        batch, self._open = self._open, None
        if batch is not None:
            batch.future = self._pool().submit(batch.run)

    def then(self, action: Callable[[], object]) -> None:
        """Have ``action`` called after all earlier ``then``."""
        self._put(None, None, lambda _: action(), 0)

    def _put(
        self, batch: _Batch | None, result: T | None, then: Callable[[T], object], tasks: int
    ) -> None:
        self._queue.append((batch, result, then, tasks))
        self._tasks += tasks
        while self._queue and self._queue[0][0] is None:
            self._step()

    def _leave(self, tasks: int) -> None:
        """Finish the first tasks until at most so many are under way."""
        while self._tasks > tasks:
            self._step()

    def _step(self) -> None:
        batch, result, then, tasks = self._queue.popleft()
        self._tasks -= tasks
        if batch is not None:
            result = self._result_of(batch)
            del batch  # so that the result dies with `then`
        then(result)

    def _result_of(self, batch: _Batch) -> Any:
        if batch is self._open:
            self._hand_over()
        assert batch.future is not None  # noqa: S101  it was handed over
        outcomes = batch.future.result()
        result, error = outcomes.popleft()
        batch.left -= 1
        if not batch.left:
            self._tasks -= 1
        elif not outcomes:
            batch.future = self._pool().submit(batch.run)
        if error is not None:
            raise error
        return result

    @property
    def busy(self) -> bool:
        """Whether anything was submitted whose ``then`` was not yet called."""
        return bool(self._queue)

    def drain(self) -> None:
        """Finish all that was submitted."""
        while self._queue:
            self._step()

    def close(self) -> None:
        """Drop what has not begun; what has (only after an error) ends unheard, so that Ctrl-C is quick."""
        self._queue.clear()
        self._open = None
        if self._executor:
            self._executor.shutdown(wait=False, cancel_futures=True)
            self._executor = None

    def _pool(self) -> "ThreadPoolExecutor":
        if self._executor is None:
            # Imported late: small inputs never need it, and it takes 10 ms.
            from concurrent.futures import ThreadPoolExecutor

            self._executor = ThreadPoolExecutor(self.threads, "compressor")
        return self._executor


def spread(threads: int, tasks: Iterable[T], work: Callable[[T], object]) -> None:
    """Do ``work`` on all tasks, in this thread and up to ``threads - 1`` others, in no order.

    After an error no further task begins; of several errors that of the earliest task is raised.
    """
    left = deque(enumerate(tasks))
    failed: dict[int, BaseException] = {}
    count = min(threads, len(left)) - 1
    others = [threading.Thread(target=_take_turns, args=(left, work, failed)) for _ in range(count)]
    try:
        for other in others:
            other.start()
        _take_turns(left, work, failed)
        for other in others:
            other.join()
    except BaseException:
        # Ctrl-C while it waits: who still works may write where nothing is any more.
        left.clear()
        for other in others:
            if other.ident is not None:
                other.join()
        raise
    if failed:
        raise failed[min(failed)]


def _take_turns(
    left: deque[tuple[int, T]], work: Callable[[T], object], failed: dict[int, BaseException]
) -> None:
    while left:
        try:
            number, task = left.popleft()
        except IndexError:  # another thread was quicker
            return
        try:
            work(task)
        except BaseException as error:
            failed[number] = error
            left.clear()
