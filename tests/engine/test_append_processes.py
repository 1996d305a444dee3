"""append and prune as processes: killed at any moment, ended by signals, and several at once."""

import fcntl
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.process import heed_signals, outputs_of
from tests.engine.crashes import (
    Bench,
    command,
    done,
    extracted,
    judge,
    tree_of_source,
    versions_in,
)

COMMAND = (sys.executable, "-m", "compressor")
OPTIONS = ("--block-size", "64K", "-T1", "-6")
Process = subprocess.Popen[bytes]


def start(*words: str | Path) -> Process:
    return subprocess.Popen(
        [*COMMAND, *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=heed_signals,
    )


def ended(process: Process) -> tuple[int, str]:
    """Return the exit code of a process, and what it said."""
    assert process.stderr is not None
    with process.stderr:
        said = process.stderr.read().decode()
    return process.wait(60), said


def until(what: Callable[[], bool], process: Process) -> None:
    """Wait until it is so, or the process has ended."""
    while process.poll() is None and not what():
        time.sleep(0.001)


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """An archive of two versions, and a folder that makes the third: one that takes a while to pack."""
    monkeypatch.chdir(tmp_path)
    made = Bench(tmp_path, tmp_path / "source", [])
    made.source.mkdir()
    rng = random.Random(5)
    for number in (1, 2, 3):
        for name in range(4 if number < 3 else 30):
            (made.source / f"file{name}").write_bytes(rng.randbytes(1000 if number < 3 else 70_000))
        made.trees.append(tree_of_source(made))
        if number == 1:
            done("compress", *OPTIONS, "source", "-o", made.archive)
        elif number == 2:
            done("append", made.archive, *OPTIONS, "source")
    before = made.archive.read_bytes()
    done("append", made.archive, *OPTIONS, "source")
    made.whole = [before, made.archive.read_bytes()]
    made.archive.write_bytes(before)
    return made


def stopped(bench: Bench, process: Process, number: int, rng: random.Random) -> tuple[int, str]:
    """Have a signal come at a random moment: behind any byte that it writes, or at any of the run."""
    if rng.random() < 0.8:
        size = rng.randrange(len(bench.whole[0]), len(bench.whole[1]))
        until(lambda: bench.archive.stat().st_size > size, process)
    else:
        time.sleep(rng.random() * 0.6)
    process.send_signal(number)
    return ended(process)


def kill_append(bench: Bench, rng: random.Random) -> int:
    bench.archive.write_bytes(bench.whole[0])
    process = start("append", bench.archive, *OPTIONS, "source")
    stopped(bench, process, signal.SIGKILL, rng)
    image = bench.archive.read_bytes()
    judge(bench, image, mend=lambda: done("append", bench.archive, *OPTIONS, "source") and None)
    return len(image)


def kill_prune(bench: Bench, rng: random.Random, pruned: bytes) -> bool:
    whole = bench.whole[1]
    bench.archive.write_bytes(whole)
    process = start("prune", bench.archive, "--keep-last", "1")
    if rng.random() < 0.8:
        until(lambda: bool(outputs_of(process, bench.folder)), process)
        time.sleep(rng.random() * 0.06)
    else:
        time.sleep(rng.random() * 0.6)
    process.kill()
    ended(process)
    # Killed between having its name and taking the other's.
    for item in bench.folder.glob(".*.part"):
        assert item.read_bytes() == pruned
        item.unlink()
    now = bench.archive.read_bytes()
    assert now in (whole, pruned)
    return now == pruned


def kills(bench: Bench, count: int, seed: int) -> None:
    """Kill as many runs, a third of them prunes; moments that differ show in what is left."""
    rng = random.Random(seed)
    sizes = {kill_append(bench, rng) for _ in range(count - count // 3)}
    assert len(sizes) > min(count // 5, 10)
    bench.archive.write_bytes(bench.whole[1])
    done("prune", bench.archive, "--keep-last", "1")
    pruned = bench.archive.read_bytes()
    for _ in range(count // 3):
        kill_prune(bench, rng, pruned)


def test_killed_at_random_moments_nothing_is_lost(bench: Bench) -> None:
    kills(bench, 15, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_killed_at_200_random_moments_nothing_is_lost(bench: Bench) -> None:
    kills(bench, 200, seed=int(time.time()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_takes_the_archive_back_to_what_it_was(bench: Bench, number: int) -> None:
    size = len(bench.whole[0])
    process = start("append", bench.archive, *OPTIONS, "-9", "source")  # slow: a second or more
    until(lambda: bench.archive.stat().st_size > size, process)
    process.send_signal(number)
    code, said = ended(process)
    assert code == 128 + number, said
    assert bench.archive.read_bytes() == bench.whole[0]


def test_of_several_appends_at_once_each_makes_a_version(bench: Bench) -> None:
    processes = [start("append", bench.archive, *OPTIONS, "source") for _ in range(3)]
    assert [ended(process)[0] for process in processes] == [0, 0, 0]
    assert versions_in(bench.archive) == (0, [1, 2, 3, 4, 5])
    assert command("test", bench.archive)[0] == 0
    for number, tree in enumerate([*bench.trees, bench.trees[2], bench.trees[2]], 1):
        assert extracted(bench.archive, bench.folder / "out", "--at", str(number))[:2] == (0, tree)


def waiting(bench: Bench, *words: str | Path) -> tuple[Process, int]:
    """Start a command that waits for a lock; return it and the descriptor that holds the lock."""
    held = os.open(bench.archive, os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    process = start(*words)
    assert process.stderr is not None
    assert b"waiting" in process.stderr.readline()
    assert bench.archive.read_bytes() == bench.whole[0]
    return process, held


def test_an_append_waits_for_whoever_changes_the_archive(bench: Bench) -> None:
    process, held = waiting(bench, "append", bench.archive, *OPTIONS, "source")
    os.close(held)
    assert ended(process)[0] == 0
    assert bench.archive.read_bytes() == bench.whole[1]


@pytest.mark.parametrize("verb", ["append", "prune"])
def test_after_the_wait_it_is_the_file_at_the_path_that_is_changed(bench: Bench, verb: str) -> None:
    last = (*OPTIONS, "source") if verb == "append" else ("--keep-last", "1")
    process, held = waiting(bench, verb, bench.archive, *last)
    other = bench.folder / "other.cz"
    shutil.copy(bench.archive, other)
    old = bench.folder / "old.cz"
    os.link(bench.archive, old)
    done("append", other, *OPTIONS, "source")
    other.replace(bench.archive)
    os.close(held)
    assert ended(process)[0] == 0
    assert old.read_bytes() == bench.whole[0]
    assert versions_in(bench.archive) == (0, [1, 2, 3, 4] if verb == "append" else [3])
    assert command("test", bench.archive)[0] == 0


def test_an_archive_that_is_gone_after_the_wait_is_an_error(bench: Bench) -> None:
    process, held = waiting(bench, "append", bench.archive, *OPTIONS, "source")
    bench.archive.unlink()
    os.close(held)
    code, said = ended(process)
    assert (code, "No such file" in said) == (1, True)
    assert not bench.archive.exists()


def test_appends_and_prunes_at_once_leave_a_sound_archive(bench: Bench) -> None:
    processes = []
    for _ in range(2):
        processes.append(start("append", bench.archive, *OPTIONS, "source"))
        processes.append(start("prune", bench.archive, "--keep-last", "2"))
    assert [ended(process)[0] for process in processes] == [0] * 4
    code, numbers = versions_in(bench.archive)
    assert (code, numbers[-1]) == (0, 4)
    assert numbers == list(range(numbers[0], 5))
    assert command("test", bench.archive)[0] == 0
    trees = [*bench.trees, bench.trees[2]]
    for number in numbers:
        found = extracted(bench.archive, bench.folder / "out", "--at", str(number))
        assert found[:2] == (0, trees[number - 1])


def test_readers_see_a_whole_version_while_an_append_writes(bench: Bench) -> None:
    process = start("append", bench.archive, *OPTIONS, "source")
    seen = set()
    while process.poll() is None:
        code, found, said = extracted(bench.archive, bench.folder / "out")
        number = 2 if found == bench.trees[1] else 3
        assert found == bench.trees[number - 1], said
        assert code in (0, 3), said
        seen.add((number, code))
    assert ended(process)[0] == 0
    assert seen
