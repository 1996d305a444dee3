"""What is said while a run lasts, and how loudly."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest

from compressor.cli.progress import Progress
from tests.cli.process import COMMAND, Run, environment, lines, start
from tests.cli.test_json import check, documented

FOR = 2.5  # seconds that the pipe is slow


def slowly(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdin is not None
    end = time.monotonic() + FOR
    while time.monotonic() < end:
        process.stdin.write(b"x" * 1000)
        process.stdin.flush()
        time.sleep(0.1)
    process.stdin.close()


def test_json_progress_comes_once_a_second(folder: Path) -> None:
    words = ("-o", "a.cz", "--progress", "json", "--flush-after", "0.1")
    with start(*words, cwd=folder) as process:
        slowly(process)
        assert process.stderr is not None
        found = lines(process.stderr.read())

    assert process.returncode == 0
    assert 1 <= len(found) <= 4
    assert found[-1]["plain_bytes"] > 0
    for line in found:
        check(line, documented()["progress"])


def test_folders_have_totals_of_files_and_bytes_once_a_scan_knows_them(folder: Path) -> None:
    (folder / "run" / "sub").mkdir(parents=True)
    for name in ("a", "b", "sub/c", "sub/d"):
        (folder / "run" / name).write_bytes(os.urandom(300_000))
    (folder / "run" / "link").hardlink_to(folder / "run" / "a")
    with start("-c", "--progress", "json", "-T1", "run", cwd=folder) as process:
        assert process.stderr is not None
        first = process.stderr.readline()  # nobody reads what is packed yet
        _, rest = process.communicate()

    assert process.returncode == 0
    last = lines(first + rest)[-1]
    check(last, documented()["progress"])
    assert (last["total_files"], last["total_bytes"]) == (4, 1_200_000)
    assert 0 < last["files"] <= 4


def test_a_bar_counts_files_out_of_all() -> None:
    progress = Progress("none", "run", None)
    progress.files = lambda: 3
    progress._show_bar(10, 10, 5)
    said = [progress._bar.postfix]
    progress.expect(7, 1000)
    progress._show_bar(20, 20, 10)
    said.append(progress._bar.postfix)
    progress.close()
    assert said == ["3 files, ratio 0.500", "3/7 files, ratio 0.500"]


def test_a_log_gets_no_bar(folder: Path) -> None:
    with start("-o", "a.cz", cwd=folder) as process:
        slowly(process)
        assert process.stderr is not None
        assert process.stderr.read() == b""


def shown_on_terminal(
    folder: Path, *words: str, size: tuple[int, int] = (24, 80), until: bytes = b"B/s"
) -> bytes:
    """Feed a pipe slowly until ``until`` is shown, or for a while."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    call = [*COMMAND, "-o", "a.cz", *words]
    shown = b""
    with subprocess.Popen(
        call, stdin=subprocess.PIPE, stderr=theirs, cwd=folder, env=environment()
    ) as process:
        assert process.stdin is not None
        end = time.monotonic() + (FOR if words else 30)
        while until not in shown and time.monotonic() < end:
            process.stdin.write(b"x" * 1000)
            process.stdin.flush()
            if select.select([ours], [], [], 0.1)[0]:
                shown += os.read(ours, 4096)
        process.stdin.close()
    os.close(theirs)
    os.close(ours)
    assert process.returncode == 0
    return shown


def test_a_terminal_gets_a_bar_past_a_second(folder: Path) -> None:
    assert b"a.cz: " in shown_on_terminal(folder)


def test_a_terminal_that_says_it_has_no_columns_gets_a_bar_too(folder: Path) -> None:
    """Serial lines and consoles of build machines do."""
    assert b"a.cz: " in shown_on_terminal(folder, size=(0, 0))


@pytest.mark.parametrize("columns", [1, 9])
def test_a_bar_is_never_wider_than_its_terminal(folder: Path, columns: int) -> None:
    shown = shown_on_terminal(folder, size=(1, columns), until=b"\ra")

    parts = [part for part in re.split(rb"[\r\n]+", shown) if b"->" not in part]  # the last line
    assert b"a" in shown
    assert max(map(len, parts)) <= max(1, columns - 1)


@pytest.mark.parametrize("words", [["-q"], ["--progress", "none"]])
def test_a_terminal_gets_no_bar_if_none_is_wanted(folder: Path, words: list[str]) -> None:
    assert shown_on_terminal(folder, *words) == b""


def test_quiet_and_quieter(run: Run) -> None:
    Path("a").write_text("a")
    Path("link").symlink_to("a")
    run("compress", "a")
    call = ("compress", "-f", "--rm", "link", "a.cz")

    assert run(*call, code=3).stderr.count(b"\n") == 2
    assert run(*call, "-q", code=3).stderr == b"compressor: link: is a symbolic link; it is kept\n"
    assert run(*call, "-qq", code=3).stderr == b""
    assert run("compress", "-qq", "missing", code=1).stderr != b""
