"""Crashes by script: what a disk may hold when an append stops, and how an archive is judged after that.

``recorded`` runs an append and keeps every write, cut and sync. ``images`` makes of them what could be
found on the disk after the power went: everything up to the last sync, and any part of what came behind.
``Failing`` has the system itself fail at the k-th call.
"""

import errno
import io
import os
import random
import signal
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from compressor.cli import main
from compressor.engine import archivefile
from compressor.tree import outputs

SYNC: "Op" = (-1, None)
Op = tuple[int, bytes | int | None]
"""A write (offset, bytes), a cut (0, size), or a sync."""

Tree = dict[str, bytes]
"""The files of a version, by name."""


class Recording(archivefile.Storage):
    """A storage that does what it is told, and takes it down."""

    log: list[Op]

    def write(self, data: Any, offset: int) -> int:
        self.log.append((offset, bytes(data)))
        return super().write(data, offset)

    def cut(self, size: int) -> None:
        self.log.append((0, size))
        super().cut(size)

    def sync(self) -> None:
        self.log.append(SYNC)


class Failing(archivefile.Storage):
    """A storage whose call number ``at`` fails with ``code``, and so do all writes behind it.

    ``short``: before that, half of the bytes are written. ``cuts``: cutting goes on to work.
    """

    at = 0
    code = errno.ENOSPC
    short = False
    cuts = True
    calls = 0

    def _fails(self) -> bool:
        type(self).calls += 1
        return self.calls > self.at

    def _error(self) -> OSError:
        return OSError(self.code, os.strerror(self.code))

    def write(self, data: Any, offset: int) -> int:
        if not self._fails():
            return super().write(data, offset)
        if self.short and len(data) > 1 and self.calls == self.at + 1:
            return super().write(data[: len(data) // 2], offset)
        raise self._error()

    def cut(self, size: int) -> None:
        if self._fails() and not self.cuts:
            raise self._error()
        super().cut(size)

    def sync(self) -> None:
        if self._fails():
            raise self._error()


class Short(archivefile.Storage):
    """A storage that writes fewer bytes than it is given, as systems may."""

    rng: random.Random

    def write(self, data: Any, offset: int) -> int:
        return super().write(data[: self.rng.randint(1, len(data))], offset)


def failing_outputs(limit: int) -> Callable[[int, bytes], None]:
    """Return a `write_full` that is good for so many calls; the next writes half of what it should."""
    real, calls = outputs.write_full, count(1)

    def write(descriptor: int, data: bytes) -> None:
        if next(calls) > limit:
            real(descriptor, memoryview(data)[: len(data) // 2])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor, data)

    return write


CALLS = ("fsync", "link", "replace")
"""Of the system, beside writing, by which an output comes to its place."""


@contextmanager
def failing_system(at: int, code: int, *, short: bool) -> Iterator[list[str]]:
    """Have the call number ``at`` by which outputs are made fail with ``code``, and all behind it.

    ``short``: where it is a write, half of the bytes are written before. Gives the calls so far.
    """
    calls: list[str] = []

    def failing(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **words: Any) -> Any:
            calls.append(name)
            if len(calls) <= at:
                return real(*args, **words)
            if name == "write" and short:
                real(args[0], memoryview(args[1])[: len(args[1]) // 2])
            raise OSError(code, os.strerror(code))

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outputs, "write_full", failing("write", outputs.write_full))
        for name in CALLS:
            patch.setattr(os, name, failing(name, getattr(os, name)))
        yield calls


@dataclass
class Replacement:
    """What was done to put a new file in the place of another: before and behind taking its name."""

    before: list[Op] = field(default_factory=list)
    behind: list[Op] = field(default_factory=list)
    taken: bool = False
    lasting: bool = False  # the folder was synced: the name stays the new file's

    def add(self, op: Op) -> None:
        (self.behind if self.taken else self.before).append(op)


@contextmanager
def replacing() -> Iterator[Replacement]:
    """Take down what is done to an output."""
    seen = Replacement()
    write, sync, replace = outputs.write_full, os.fsync, os.replace

    def write_full(descriptor: int, data: Any) -> None:
        seen.add((os.lseek(descriptor, 0, os.SEEK_CUR), bytes(data)))
        write(descriptor, data)

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            seen.lasting = seen.taken
        else:
            seen.add(SYNC)
        sync(descriptor)

    def taking(*args: Any, **words: Any) -> None:
        replace(*args, **words)
        seen.taken = True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outputs, "write_full", write_full)
        patch.setattr(os, "fsync", fsync)
        patch.setattr(os, "replace", taking)
        yield seen


def states_after(old: bytes, done_to: Replacement, *, seed: int) -> set[bytes]:
    """Return what may be found under the name, whenever the power goes.

    Until the folder is synced that may be the old file; from when the name is taken on, the new one, with any
    part of what was not synced.
    """
    log = [*done_to.before, *done_to.behind]
    synced = max((at + 1 for at, op in enumerate(done_to.before) if op == SYNC), default=0)
    found = {old}
    for end in range(len(done_to.before), len(log) + 1):
        since = [op for op in log[synced:end] if op != SYNC]
        image = applied(b"", [op for op in log[:synced] if op != SYNC])
        found.add(applied(image, since))
        found.update(applied(image, part) for part in _parts(since, random.Random(seed), 2))
    return found


@contextmanager
def storage(kind: type[archivefile.Storage], **fields: object) -> Iterator[type[Any]]:
    """Have archives be changed through a storage of this kind."""
    with pytest.MonkeyPatch.context() as patch:
        made = type(kind.__name__, (kind,), fields)
        patch.setattr(archivefile, "Storage", made)
        yield made


def command(*words: str | Path) -> tuple[int, str, str]:
    """Run one command line within this process; return its exit code and what it said."""
    out, err = io.TextIOWrapper(io.BytesIO()), io.StringIO()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = main([str(word) for word in words])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    out.flush()
    return code, out.buffer.getvalue().decode(), err.getvalue()


def done(*words: str | Path) -> str:
    """Run one command line that must succeed."""
    code, out, err = command(*words)
    assert code == 0, (words, err)
    return out


def recorded(archive: Path, *words: str | Path) -> list[Op]:
    """Append; return what was done to the file."""
    log: list[Op] = []
    with storage(Recording, log=log):
        done("append", archive, *words)
    return log


def applied(image: bytes, ops: Sequence[Op]) -> bytes:
    """Return what a file holds after these."""
    data = bytearray(image)
    for offset, what in ops:
        if isinstance(what, int):
            del data[what:]
            data.extend(bytes(what - len(data)))
        elif what is not None:
            data.extend(bytes(max(0, offset + len(what) - len(data))))
            data[offset : offset + len(what)] = what
    return bytes(data)


def _zeroed(ops: Sequence[Op]) -> list[Op]:
    """Have the size of the file reach the disk, and none of its bytes."""
    return [(at, bytes(len(what)) if isinstance(what, bytes) else what) for at, what in ops]


def _parts(ops: list[Op], rng: random.Random, subsets: int) -> Iterator[list[Op]]:
    """Yield what of unsynced operations may be on the disk, besides all of them."""
    if not ops:
        return
    yield []
    yield [ops[-1]]
    yield _zeroed(ops)
    yield ops[-3:]  # a record is three writes: header with meta, body, check
    offset, last = ops[-1]
    if isinstance(last, bytes):
        yield [*ops[:-1], (offset, last[: rng.randrange(len(last))])]
    for _ in range(subsets):
        yield [*_zeroed(ops[:-3]), *ops[-3:]]
        yield [op for op in ops if rng.random() < 0.5]
        yield [op if rng.random() < 0.5 else _zeroed([op])[0] for op in ops]


def images(before: bytes, log: Sequence[Op], *, seed: int, subsets: int = 0) -> set[bytes]:
    """Return what may be on the disk, whenever the power goes.

    Without ``subsets``, a quick look: before the first sync only every fourth loss is tried.
    """
    rng = random.Random(seed)
    found = {before}
    synced, since = before, list[Op]()
    first = log.index(SYNC)
    for at, op in enumerate(log):
        if op == SYNC:
            synced, since = applied(synced, since), []
            continue
        since.append(op)
        found.add(applied(synced, since))
        if subsets or at > first or at % 4 == 0:
            found.update(applied(synced, part) for part in _parts(since, rng, subsets))
    return found


PAGE = 4096  # bytes that a disk takes or loses together


def _pages(ops: list[Op], rng: random.Random) -> list[Op]:
    """Have some pages of each write reach the disk; in place of others there are zeros, or nothing."""
    found: list[Op] = []
    for offset, what in ops:
        if not isinstance(what, bytes):
            found.append((offset, what))
            continue
        for at in range(0, len(what), PAGE):
            part = what[at : at + PAGE]
            found += rng.choice([[], [(offset + at, part)], [(offset + at, bytes(len(part)))]])
    return found


def torn(before: bytes, log: Sequence[Op], rng: random.Random) -> bytes:
    """Return what may be on the disk, had the power gone at a random moment."""
    done_ops = list(log[: rng.randint(0, len(log))])
    synced = max((at + 1 for at, op in enumerate(done_ops) if op == SYNC), default=0)
    since = done_ops[synced:]
    parts = [since, _pages(since, rng), *_parts(since, rng, 1)]
    return applied(applied(before, done_ops[:synced]), rng.choice(parts))


@dataclass
class Bench:
    """An archive under test: ``trees`` are what its versions hold, 1 and up; ``source`` is the folder."""

    folder: Path
    source: Path
    trees: list[Tree]
    whole: list[bytes] = field(default_factory=list)
    """The archive after each version."""

    @property
    def archive(self) -> Path:
        return self.folder / "a.cz"


def tree_of(folder: Path) -> Tree:
    """Return the files below a folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def extracted(archive: Path, into: Path, *words: str) -> tuple[int, Tree, str]:
    """Extract into a new folder; return the exit code, the files and what was said."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        code, _, err = command("extract", archive, "-C", into, *words)
    found = tree_of(into)
    for path in sorted(into.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    return code, found, err


def versions_in(archive: Path) -> tuple[int, list[int]]:
    """Return what ``versions`` says: the exit code, the numbers."""
    code, out, _ = command("versions", archive)
    return code, [int(line.split()[0]) for line in out.splitlines()]


def judge(bench: Bench, image: bytes, *, mend: Callable[[], None]) -> int:
    """See that an image is judged rightly, that nothing is lost, and that the next append mends it.

    ``mend`` is that append, which leaves the last tree. Returns the last version that is there.
    """
    archive = bench.archive
    archive.write_bytes(image)
    sound = image in bench.whole
    assert command("test", archive)[0] == (0 if sound else 4)
    code, numbers = versions_in(archive)
    assert code == (0 if sound else 3)
    last = numbers[-1]
    assert numbers == list(range(1, last + 1))
    into = bench.folder / "out"
    code, found, said = extracted(archive, into)
    assert (code, found) == (0 if sound else 3, bench.trees[last - 1]), said
    assert sound or f"an append was not finished: version {last}" in said
    for number in numbers:
        code, found, said = extracted(archive, into, "--at", str(number))
        assert (code, found) == (0 if sound else 3, bench.trees[number - 1]), said
    mend()
    assert versions_in(archive) == (0, [*numbers, last + 1])
    assert command("test", archive)[0] == 0
    assert extracted(archive, into)[:2] == (0, tree_of_source(bench))
    assert archive.read_bytes().startswith(bench.whole[0])  # what was extracted is what is there
    return last


def tree_of_source(bench: Bench) -> Tree:
    """Return the folder's files as members are called."""
    return {f"{bench.source.name}/{name}": data for name, data in tree_of(bench.source).items()}
