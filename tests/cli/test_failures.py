"""What goes wrong has its exit code, one clear line, and leaves nothing half-written."""

import os
import pty
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.archives import FOOTER, flipped, hostile, needing
from tests.cli.process import (
    COMMAND,
    Run,
    environment,
    heed_signals,
    left,
    outputs_of,
    start,
    wait_for,
)

ROOT = Path(__file__).parents[2]
NOISE = bytes(range(256)) * 64


def small(run: Run) -> bytes:
    return run("compress", "--name", "a", input=NOISE).stdout


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_leaves_nothing_and_says_nothing(folder: Path, number: int, code: int) -> None:
    with start("-o", "a.cz", cwd=folder) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(NOISE)
        process.stdin.flush()
        wait_for(lambda: outputs_of(process, folder))
        process.send_signal(number)
        process.wait()
        said = process.stderr.read()

    assert (process.returncode, said) == (code, b"")
    assert left(folder) == set()


@pytest.mark.parametrize("threads", ["-T1", "-T2"])
def test_a_signal_ends_a_run_whose_threads_are_at_work(folder: Path, threads: str) -> None:
    """Once a single thread went on to the end of its block: for a minute with lzma."""
    Path("a").write_bytes(os.urandom(40 << 20))
    with start("compress", "--codec", "lzma", threads, "a", cwd=folder) as process:
        wait_for(lambda: outputs_of(process, folder))
        time.sleep(0.5)  # until the first block is packed
        process.send_signal(signal.SIGINT)
        process.wait(10)  # a block takes longer

    assert process.returncode == 130
    assert left(folder) == {"a"}


SWALLOWED = """
import os, signal, time, weakref
from compressor import cli

cli._prepare()
try:
    class Thing: pass
    thing = Thing()
    # As what Python's imports call: an exception in it is dropped.
    reference = weakref.ref(thing, lambda _: [os.kill(os.getpid(), signal.SIGTERM), time.sleep(0)])
    del thing
    time.sleep(20)
except cli._TerminatedError:
    print("told")
"""


def test_a_signal_whose_exception_python_drops_comes_again() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SWALLOWED], capture_output=True, timeout=60, check=True
    )

    assert (done.stdout, done.stderr) == (b"told\n", b"")


LOADING = """
import os, signal, time, weakref
class Thing: pass
thing = Thing()
reference = weakref.ref(thing, lambda _: [os.kill(os.getpid(), signal.SIGINT), time.sleep(0)])
del thing
time.sleep(20)
"""


def test_a_ctrl_c_while_modules_load_ends_the_run_and_says_nothing(folder: Path) -> None:
    """Once one that came while Python's imports called something was dropped, with a traceback."""
    (folder / "click.py").write_text(LOADING)  # as what `compressor.cli` imports

    with subprocess.Popen(
        [*COMMAND, "list"],
        env=environment(PYTHONPATH=os.pathsep.join((str(folder), str(ROOT)))),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=heed_signals,
    ) as process:
        said = process.communicate(timeout=15)[1]

    assert (process.returncode, said) == (130, b"")


def test_a_terminal_is_not_waited_for(folder: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        with start("decompress", cwd=folder, stdin=theirs) as process:
            said = process.communicate(timeout=60)[1]
    finally:
        os.close(ours)
        os.close(theirs)

    assert process.returncode == 2
    assert b"stdin is a terminal" in said


@pytest.fixture
def tiny(folder: Path) -> Iterator[Path]:
    """A file system of 64 KiB where mounting is permitted."""
    place = folder / "tiny"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("mounting is not permitted here")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_full_disk_leaves_nothing(run: Run, tiny: Path) -> None:
    Path("a").write_bytes(os.urandom(1 << 20))
    run("compress", "a")

    packing = run("compress", "a", "-o", "tiny/a.cz", code=1).stderr
    unpacking = run("decompress", "a.cz", "-o", "tiny/a", code=1).stderr
    run("decompress", "-N", "a.cz", "-C", "tiny", code=1)

    assert packing == b"compressor: tiny/a.cz: No space left on device\n"
    assert unpacking == b"compressor: a.cz: tiny/a: No space left on device\n"
    assert left(tiny) == set()


def test_on_a_full_disk_each_member_that_finds_no_room_is_named(run: Run, tiny: Path) -> None:
    """Once the first ended it, and what was behind was neither restored nor named."""
    Path("run").mkdir()
    for name in "ac":
        Path("run", name).write_bytes(os.urandom(1 << 20))
    Path("run/b").write_bytes(NOISE)
    run("compress", "run")

    from_file = run("extract", "run.cz", "-C", "tiny", code=3).stderr
    assert (tiny / "run/b").read_bytes() == NOISE
    assert left(tiny / "run") == {"b"}
    run("extract", "-f", "-", "-C", "tiny", input=Path("run.cz").read_bytes(), code=3)
    lost = run("extract", "-f", "run.cz", "run/c", "-C", "tiny", code=1).stderr

    what = "compressor: run.cz: run/%s: No space left on device\n"
    assert from_file.decode() == what % "a" + what % "c"
    assert lost.decode() == what % "c"
    assert left(tiny / "run") == {"b"}


def test_on_a_disk_that_is_read_only_the_output_is_named(run: Run, tiny: Path) -> None:
    """Once it was the temporary file of it that could not be removed, for it had never been made."""
    for name in "ab":
        Path(name).write_bytes(NOISE)
    run("compress", "a", "b", "-o", "x.cz")
    subprocess.run(["mount", "-o", "remount,ro", tiny], check=True)

    packing = run("compress", "a", "-o", "tiny/a.cz", code=1).stderr
    unpacking = run("extract", "x.cz", "-C", "tiny", code=1).stderr

    assert packing == b"compressor: tiny/a.cz: Read-only file system\n"
    assert unpacking.decode() == "".join(
        f"compressor: x.cz: {name}: Read-only file system\n" for name in "ab"
    )


def test_an_input_that_can_not_be_removed_is_named_and_the_others_go(run: Run, tiny: Path) -> None:
    """Once it ended the run as if nothing had been packed, and what came behind it stayed."""
    for name in ("tiny/a", "b"):
        Path(name).write_bytes(NOISE)
    subprocess.run(["mount", "-o", "remount,ro", tiny], check=True)

    said = run("compress", "--rm", "tiny/a", "b", "-o", "x.cz", code=3).stderr

    assert said == b"compressor: tiny/a: can't be removed (Read-only file system); it is kept\n"
    assert not Path("b").exists()


def test_what_is_no_file_can_not_be_changed(run: Run) -> None:
    os.mkfifo("fifo")
    Path("a").write_bytes(NOISE)
    for words in (["append", "fifo", "a"], ["prune", "fifo", "--keep-last", "1"]):
        said = run(*words, code=1).stderr
        assert said.startswith(b"compressor: fifo: is no regular file")
        assert said.count(b"\n") == 1


def test_a_file_that_may_not_grow_leaves_nothing(run: Run) -> None:
    Path("a").write_bytes(os.urandom(1 << 20))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))

    done = run("compress", "a", code=1, preexec_fn=limit)

    assert done.stderr == b"compressor: a: a.cz: File too large\n"
    assert left(Path()) == {"a"}


def test_a_full_stdout_is_named(run: Run) -> None:
    Path("a").write_bytes(NOISE)
    run("compress", "a")

    for words in (["-c", "a"], ["list", "a.cz"], ["-dc", "a.cz"], ["cat", "a.cz"]):
        with Path("/dev/full").open("wb") as full:
            stderr = run(*words, code=1, stdout=full).stderr
        assert stderr.endswith(b"stdout: No space left on device\n")
        assert stderr.count(b"\n") == 1


def test_a_closed_stdout_ends_quietly(run: Run) -> None:
    Path("a").write_bytes(os.urandom(1 << 20))
    run("compress", "a")
    calls = (
        ["-dc", "a.cz"],
        ["-c", "a"],
        ["cat", "a.cz"],
        ["list", "--json", "a.cz"],
        ["list", "a.cz"],
        ["--version"],
        ["-V"],
        ["--help"],
    )

    for words in calls:
        reader, writer = os.pipe()
        os.close(reader)
        done = run(*words, code=141, stdout=writer)
        os.close(writer)
        assert done.stderr == b""


def test_streams_that_are_closed_from_the_start_are_no_surprise(folder: Path) -> None:
    Path("a").write_bytes(NOISE)
    shell = f"{' '.join(COMMAND)} compress -f a 0<&- 1>&- 2>&- && {' '.join(COMMAND)} -c a >&- 2>/dev/null"

    done = subprocess.run(["/bin/sh", "-c", shell], env=environment(), cwd=folder, check=False)

    assert done.returncode == 1
    assert left(folder) == {"a", "a.cz"}


@pytest.mark.parametrize(
    "words", ["--version", "-V", "--help", "compress --help", "bench a --codec lz4"]
)
def test_what_stdout_can_not_take_is_said_once(folder: Path, words: str) -> None:
    """Some said it twice, some without "stdout", and --version to a closed one nothing."""
    Path("a").write_bytes(b"x")

    for to, why in ((">&-", "Bad file descriptor"), (">/dev/full", "No space left on device")):
        shell = f"{' '.join(COMMAND)} {words} {to}"
        done = subprocess.run(
            ["/bin/sh", "-c", shell],
            env=environment(),
            cwd=folder,
            check=False,
            stderr=subprocess.PIPE,
        )
        assert done.stderr.decode() == f"compressor: stdout: {why}\n"
        assert done.returncode == 1


def test_damage_leaves_no_file(run: Run) -> None:
    archive = small(run)
    Path("flipped.cz").write_bytes(flipped(archive, len(archive) // 2))
    Path("cut.cz").write_bytes(archive[: len(archive) // 2])

    for name in ("flipped.cz", "cut.cz"):
        for words in (["decompress"], ["test"], ["decompress", "-N"], ["decompress", "-o", "x"]):
            run(*words, name, code=4)

    assert left(Path()) == {"flipped.cz", "cut.cz"}


def test_the_sound_members_of_a_damaged_archive_are_restored(run: Run) -> None:
    for name in ("a", "b", "c"):
        Path(name).write_bytes(os.urandom(5 << 20))
    run("compress", "--block-size", "1M", "-o", "x.cz", "a", "b", "c")
    archive = Path("x.cz").read_bytes()
    Path("x.cz").write_bytes(flipped(archive, len(archive) // 2))

    stderr = run("decompress", "x.cz", "-C", "out", code=4).stderr

    assert stderr.startswith(b"compressor: x.cz: b: ")
    assert left(Path("out")) == {"a", "c"}
    assert Path("out/c").read_bytes() == Path("c").read_bytes()


def test_a_missing_footer_is_told_and_costs_nothing(run: Run) -> None:
    Path("a.cz").write_bytes(small(run)[:-FOOTER])

    assert b"lacks its end" in run("test", "a.cz", code=4).stderr
    assert b"a\n" in run("list", "a.cz", code=3).stdout
    assert b"lacks its end" in run("decompress", "a.cz", code=3).stderr
    assert run("decompress", "--rm", "-f", "a.cz", code=3)

    assert Path("a").read_bytes() == NOISE
    assert Path("a.cz").exists()


def test_a_truncated_archive_is_damage_to_every_command(run: Run) -> None:
    Path("a.cz").write_bytes(small(run)[:50])

    for words in (["list"], ["info"], ["cat"], ["test"], ["decompress", "-c"]):
        run(*words, "a.cz", code=4)
    run("recover", "a.cz", "-o", "b.cz", code=4)
    run("-d", input=b"", code=4)


def test_what_is_missing_here_is_told_from_damage(run: Run) -> None:
    Path("feature.cz").write_bytes(needing("telepathy"))
    Path("stage.cz").write_bytes(hostile([b"a"], chain="middleout"))

    for words in (["list"], ["test"], ["decompress", "-c"], ["cat"], ["info"]):
        assert b"'telepathy'" in run(*words, "feature.cz", code=5).stderr
    for words in (["test"], ["decompress", "-c"], ["cat"]):
        assert b"'middleout'" in run(*words, "stage.cz", code=5).stderr
    assert b"nobody here" in run("info", "stage.cz").stdout


FOREIGN = {
    b"7z\xbc\xaf\x27\x1c": b"this is a 7z file; `7z x` unpacks it",
    b"Rar!": b"this is a rar file; `unrar x` unpacks it",
    b"PK\x03\x04": b"this is a zip file; `compressor convert` makes an archive of it",
    b"hello, world": b"this is some other kind of file",
}


def test_foreign_formats_are_told_by_name(run: Run) -> None:
    for number, start_bytes in enumerate(FOREIGN):
        Path(f"{number}.cz").write_bytes(start_bytes + bytes(100))
    names = [f"{number}.cz" for number in range(len(FOREIGN))]

    for words in (["test"], ["list"], ["decompress"]):
        stderr = run(*words, *names, code=1).stderr
        assert [line.partition(b"archive: ")[2] for line in stderr.splitlines()] == list(
            FOREIGN.values()
        )


def test_limits_are_kept(run: Run) -> None:
    Path("a").write_bytes(bytes(80 << 20))
    run("compress", "--rm", "a")

    assert b"exceeds 1048576 bytes" in run("d", "a.cz", "--max-output", "1M", code=4).stderr
    assert b"times the input" in run("t", "a.cz", "--max-expansion", "100", code=4).stderr
    assert b"exceeds" in run("d", "-C", "out", "a.cz", "--max-output", "79M", code=4).stderr
    assert left(Path()) == {"a.cz", "out"}
    assert left(Path("out")) == set()
    run("t", "a.cz", "--max-output", "80M", "--max-expansion", "100000")


def test_too_little_memory_names_what_is_needed(run: Run) -> None:
    Path("a").write_bytes(NOISE)
    run("compress", "a")

    for words in (["c", "-f", "a"], ["t", "a.cz"], ["d", "-f", "a.cz"], ["cat", "a.cz"]):
        stderr = run(*words, "--memory", "64M", code=4).stderr
        assert b"MiB of memory, 64 MiB are allowed (--memory)" in stderr


def test_exit_codes_of_several_inputs(run: Run) -> None:
    archive = small(run)
    Path("good.cz").write_bytes(archive)
    Path("bad.cz").write_bytes(flipped(archive, 200))
    Path("new.cz").write_bytes(needing("telepathy"))

    for verb in ("test", "list", "info"):
        run(verb, "good.cz", "missing", code=3)
        run(verb, "missing", "gone", code=1)
        run(verb, "missing", "new.cz", code=5)
    run("test", "good.cz", "bad.cz", "missing", code=4)


def test_a_traceback_comes_only_when_asked_for_twice(run: Run) -> None:
    assert (
        run("-v", "list", "missing", code=1).stderr
        == b"compressor: missing: No such file or directory\n"
    )
    done = subprocess.run(
        [*COMMAND, "list", "-vv", "missing"], capture_output=True, env=environment(), check=False
    )

    assert done.stderr.startswith(b"Traceback")
    assert done.returncode == 1
