"""Files and folders that are to be packed, and how much they are."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from compressor.tree.measure import measure
from compressor.tree.node import NodeKind
from compressor.tree.scan import Found, scan
from compressor.tree.walk import Problem, ScanOptions

MEASURED = 256 << 20  # bytes of files: a tree of no more is measured before it is packed


class Tree:
    """The inputs of a run, scanned by going over it; ``problem`` hears of what can't be packed."""

    def __init__(self, paths: Sequence[Path], options: ScanOptions, problem: Problem) -> None:
        self.paths = paths
        self.problem = problem
        self._options = options
        self.files = 0  # that the scan has come to
        self.unseen: set[bytes] = set()
        """Names of what could not even be looked at, as the scan comes to them."""

    def __iter__(self) -> Iterator[Found]:
        """Scan."""
        for found in scan(self.paths, self._options, self.problem, self.unseen.add):
            self.files += found.node.kind is NodeKind.FILE
            yield found

    def missing(self) -> list[tuple[Path, OSError]]:
        """Return why no input is there; nothing where at least one is.

        Who means to append, and names what is not there, has mistyped it.
        """
        found: list[tuple[Path, OSError]] = []
        for path in self.paths:
            try:
                path.lstat()
            except OSError as error:
                found.append((path, error))
        return found if len(found) == len(self.paths) else []

    def size(self) -> int | None:
        """Return the bytes of all files, or None if they are more than a short look can tell."""
        _, size = measure(self.paths, self._options, most=MEASURED)
        return size if size <= MEASURED else None

    @contextmanager
    def measured(self, tell: Callable[[int, int], object]) -> Iterator[None]:
        """Have a thread find out how many files and bytes there are; ``tell`` hears it, if in time."""
        ended = Event()

        def look() -> None:
            files, size = measure(self.paths, self._options, cancelled=ended)
            if not ended.is_set():
                tell(files, size)

        Thread(target=look, daemon=True).start()
        try:
            yield
        finally:
            ended.set()
