"""Readers while an append is under way: they have the version before, as if nothing went on."""

import fcntl
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import compressor
from compressor.archive.ending import last_end
from compressor.engine import archivefile
from tests.cli.process import COMMAND
from tests.engine.crashes import Bench, applied, command, done, extracted, storage, versions_in
from tests.engine.test_append_crash import OPTIONS, append_of, bench

__all__ = ["bench"]  # the fixture


@contextmanager
def changing(bench: Bench, image: bytes) -> Iterator[None]:
    """Have the archive be what an append has made of it so far, under its lock."""
    bench.archive.write_bytes(image)
    with bench.archive.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def moments(bench: Bench) -> list[bytes]:
    """Return what the file holds after each write of an append, but for the last."""
    log = append_of(bench)
    writes = [at for at, (_, data) in enumerate(log) if isinstance(data, bytes)]
    return [applied(bench.whole[0], log[: at + 1]) for at in writes[:-1]]


def test_at_any_moment_of_an_append_the_version_before_is_read(bench: Bench) -> None:
    for image in moments(bench)[::3]:
        with changing(bench, image):
            assert command("test", bench.archive) == (0, "", "")
            assert versions_in(bench.archive) == (0, [1, 2])
            assert extracted(bench.archive, Path("out")) == (0, bench.trees[1], "")


def test_every_verb_reads_on(bench: Bench) -> None:
    verbs = [
        ("info",),
        ("list", "--long"),
        ("list", "--at", "1"),
        ("cat", "-f", "-o", "cat"),
        ("recover", "-f", "-o", "rescued.cz"),
    ]
    expected = [command(verb, bench.archive, *rest) for verb, *rest in verbs]
    with changing(bench, moments(bench)[-1]):
        assert [command(verb, bench.archive, *rest) for verb, *rest in verbs] == expected
        done("decompress", bench.archive, "-C", "restored")
    assert Path("restored/source/sub/changed").read_bytes() == b"version 2"


def test_the_library_reads_on(bench: Bench) -> None:
    with changing(bench, moments(bench)[-1]), compressor.Archive(bench.archive) as archive:
        assert archive.read("source/sub/changed") == b"version 2"
        archive.test()


def test_one_content_is_read_on(bench: Bench) -> None:
    Path("one").write_bytes(b"1" * 100_000)
    tail = moments(bench)[-1][len(bench.whole[0]) :]
    done("compress", "-f", "one", "-o", bench.archive)
    with changing(bench, bench.archive.read_bytes() + tail):
        with compressor.open(bench.archive) as file:
            assert file.read() == b"1" * 100_000
        done("decompress", bench.archive, "-f", "-o", "again")
    assert Path("again").read_bytes() == b"1" * 100_000


def test_an_append_that_ends_between_two_looks_is_no_cut(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end is missing at the first look; when the lock is free, the version is there."""
    image = moments(bench)[-1]
    bench.archive.write_bytes(image)
    real = os.open

    def late(path: str, *rest: int, **more: int) -> int:
        if str(path).startswith("/proc/self/fd/"):
            bench.archive.write_bytes(bench.whole[1])
        return real(path, *rest, **more)

    monkeypatch.setattr("compressor.engine.settled.os.open", late)
    assert command("test", bench.archive) == (0, "", "")
    assert versions_in(bench.archive) == (0, [1, 2, 3])


def test_what_is_appended_after_the_first_look_is_not_seen(bench: Bench) -> None:
    with compressor.Archive(bench.archive) as archive:
        done("append", bench.archive, *OPTIONS, "source")
        archive.test()
        assert [one.number for one in archive.versions()] == [1, 2]


def test_without_the_lock_an_end_that_is_missing_is_told(bench: Bench) -> None:
    bench.archive.write_bytes(moments(bench)[-1])
    assert command("test", bench.archive)[0] == 4
    assert extracted(bench.archive, Path("out"))[0] == 3


def test_a_lock_that_is_the_callers_own_stays(bench: Bench) -> None:
    """Stdin may come with a lock on it; asking for one by the same descriptor would give it up."""
    bench.archive.write_bytes(moments(bench)[-1])
    with bench.archive.open("rb") as held, bench.archive.open("rb") as other:
        fcntl.flock(held, fcntl.LOCK_EX)
        subprocess.run([*COMMAND, "test", "-"], stdin=held, check=True)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_readers_beside_a_real_append_never_fail(bench: Bench) -> None:
    """At each write of an append, within its process, as another process would."""
    said = []

    class Watched(archivefile.Storage):
        def write(self, data: bytes, offset: int) -> int:
            size = super().write(data, offset)
            said.append(command("test", bench.archive))
            return size

    with storage(Watched):
        done("append", bench.archive, *OPTIONS, "source")
    assert set(said) == {(0, "", "")}
    assert len(said) > 10


def test_a_reader_that_looks_for_an_append_is_none(bench: Bench) -> None:
    """Its lock is held for a moment; once that was taken for another process that changes the archive."""
    with bench.archive.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        end = threading.Timer(0.05, fcntl.flock, (held, fcntl.LOCK_UN))
        end.start()
        said = command("append", bench.archive, *OPTIONS, "source")
        end.join()
    assert said == (0, "", "")


@pytest.mark.parametrize("count", [0, 7, 8, 39, 40, 200])
def test_the_last_end_of_what_has_none_is_0(bench: Bench, count: int) -> None:
    from compressor.archive.source import RandomSource

    with bench.archive.open("rb") as file:
        head = file.read(count)
    Path("cut").write_bytes(head)
    with Path("cut").open("rb") as file:
        assert last_end(RandomSource(file)) == 0
