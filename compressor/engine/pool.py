"""Work in threads, results in order: a bounded queue of tasks, each with what to do with its result."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

SMALL = 256 << 10  # bytes; less is done at once: handing it over would cost more than the work

T = TypeVar("T")


class OrderedPool:
    """``threads`` workers (1: none, all is done at once) and at most ``threads + 1`` tasks under way."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._executor: ThreadPoolExecutor | None = None
        self._queue: deque[tuple[Future[Any] | None, Any, Callable[[Any], object], int]] = deque()
        self._tasks = 0  # under way: submitted, their `then` not yet called

    def submit(self, work: Callable[[], T], then: Callable[[T], object], size: int) -> None:
        """Have ``work`` done, and ``then`` called with its result after all earlier ``then``.

        ``size`` is the work in bytes. May call ``then`` of earlier tasks, and raise what they raise.
        """
        if self.threads == 1 or size < SMALL:
            self._leave(self.threads - 1)  # this thread's work needs memory like any other's
            self._put(None, work(), then, 1)
        else:
            self._put(self._pool().submit(work), None, then, 1)
        self._leave(self.threads)

    def then(self, action: Callable[[], object]) -> None:
        """Have ``action`` called after all earlier ``then``."""
        self._put(None, None, lambda _: action(), 0)

    def _put(
        self, future: "Future[T] | None", result: T | None, then: Callable[[T], object], tasks: int
    ) -> None:
        self._queue.append((future, result, then, tasks))
        self._tasks += tasks
        while self._queue and self._queue[0][0] is None:
            self._step()

    def _leave(self, tasks: int) -> None:
        """Finish the first tasks until at most so many are under way."""
        while self._tasks > tasks:
            self._step()

    def _step(self) -> None:
        future, result, then, tasks = self._queue.popleft()
        self._tasks -= tasks
        if future is not None:
            result = future.result()
            del future  # so that the result dies with `then`
        then(result)

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
    except BaseException:  # Ctrl-C while it waits
        left.clear()
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
