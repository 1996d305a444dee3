"""Every verb, its short form, and what is typed without one."""

import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.process import COMMAND, Run, environment

TEXT = b"to be or not to be\n" * 500


def on_terminal(*words: str, stdin: bool = True) -> tuple[int, str]:
    """Run with a terminal at all three streams, or all but stdin; return exit code and what it showed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, *words],
        stdin=theirs if stdin else subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=environment(COLUMNS="100"),
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # its end
            pass
        os.close(ours)
    return process.returncode, shown.decode()


@pytest.mark.parametrize(
    ("pack", "unpack"),
    [
        (["compress"], ["decompress"]),
        (["c"], ["d"]),
        ([], ["-d"]),
        (["-9"], ["-dc"]),
        (["-z"], ["-cd"]),
    ],
)
def test_a_pipe_goes_through_every_spelling(run: Run, pack: list[str], unpack: list[str]) -> None:
    packed = run(*pack, input=TEXT).stdout

    assert len(packed) < len(TEXT)
    assert run(*unpack, input=packed).stdout == TEXT


def test_a_file_is_packed_looked_at_and_restored(run: Run) -> None:
    Path("a").write_bytes(TEXT)

    assert run("-k", "a").stdout == b""
    assert b"1 member" in run("l", "a.cz").stdout
    assert run("-l", "a.cz").stdout == run("list", "a.cz").stdout
    assert run("t", "a.cz").stdout == run("-t", "a.cz").stdout == b""
    assert run("cat", "a.cz", "a", "--range", "3:5").stdout == TEXT[3:5]
    assert b"zstd" in run("info", "a.cz").stdout
    Path("a").unlink()
    run("d", "a.cz")

    assert Path("a").read_bytes() == TEXT


@pytest.mark.skipif(not shutil.which("tar"), reason="tar is not installed")
@pytest.mark.parametrize("program", ["", " -9"])
def test_tar_packs_and_extracts_through_it(folder: Path, program: str) -> None:
    Path("in").mkdir()
    Path("in/a").write_bytes(TEXT)
    Path("tool").write_text(f'#!/bin/sh\nexec {sys.executable} -m compressor{program} "$@"\n')
    Path("tool").chmod(0o755)

    subprocess.run(["tar", "-I", folder / "tool", "-cf", "in.tar.cz", "in"], check=True)
    Path("out").mkdir()
    subprocess.run(["tar", "-I", folder / "tool", "-xf", "in.tar.cz", "-C", "out"], check=True)

    assert Path("out/in/a").read_bytes() == TEXT


@pytest.mark.parametrize(("name", "verb"), [("notes", "compress"), ("notes.cz", "decompress")])
def test_a_file_without_a_verb_is_answered_with_the_command(run: Run, name: str, verb: str) -> None:
    Path(name).touch()

    assert f"compressor {verb} {name}" in run(name, code=2).stderr.decode()


def test_a_word_that_is_nothing_is_wrong_usage(run: Run) -> None:
    assert b"No such command" in run("frobnicate", code=2).stderr


def test_a_bare_call_from_a_terminal_prints_help() -> None:
    code, shown = on_terminal()

    assert code == 0
    assert shown.startswith("Usage: compressor")


@pytest.mark.parametrize("to", [["-c"], ["-o", "/proc/self/fd/1"]])
def test_packed_bytes_never_go_to_a_terminal(to: list[str]) -> None:
    Path("a").write_bytes(TEXT)

    code, shown = on_terminal("compress", "a", *to)

    assert code == 1
    assert "not for a terminal" in shown


def test_on_a_terminal_each_input_gets_one_line() -> None:
    for name in ("a", "b"):
        Path(name).write_bytes(TEXT)

    code, shown = on_terminal("compress", "a", "b", stdin=False)

    assert code == 0
    assert [line.split(":")[0] for line in shown.split("\r\n")[:-1]] == ["a.cz", "b.cz"]
    assert "9.5 kB -> " in shown


def test_a_log_hears_nothing_of_what_went_well(run: Run) -> None:
    Path("a").write_bytes(TEXT)

    done = run("compress", "a")

    assert done.stderr == done.stdout == b""
    assert b"a.cz: 9.5 kB ->" in run("compress", "-v", "-f", "a").stderr


@pytest.mark.parametrize("word", ["-V", "--version"])
def test_the_version_is_told(run: Run, word: str) -> None:
    assert run(word).stdout.startswith(b"compressor ")


@pytest.mark.parametrize(
    ("codec", "mark"),
    [
        ("zstd:level=99", "zstd:level=99\n             ^"),
        ("zstd:speed=1", "zstd:speed=1\n       ^"),
        ("zstd(", "zstd(\n       ^"),
    ],
)
def test_a_wrong_codec_is_marked_where_it_is_wrong(run: Run, codec: str, mark: str) -> None:
    Path("a").write_bytes(TEXT)

    error = run("compress", "--codec", codec, "a", code=2).stderr.decode()

    assert mark in error
    assert not Path("a.cz").exists()


def test_an_unknown_codec_says_how_to_find_one(run: Run) -> None:
    said = run("compress", "--codec", "zstd > middleout", input=b"", code=2).stderr

    assert b"`compressor codecs` lists them\n  zstd > middleout\n         ^\n" in said
    assert b"'middleout'" in run("bench", "--codec", "middleout", __file__, code=2).stderr


def test_a_codec_that_needs_a_base_is_not_to_be_asked_for(run: Run) -> None:
    Path("a").write_bytes(TEXT)

    refused = run("compress", "--codec", "floatdelta:dtype=fp32", "a", code=2)
    left_out = run("bench", "--codec", "floatdelta", "a", code=2)

    for said in (refused.stderr, left_out.stderr):
        assert said.count(b"\n") == 1
        assert b"name another codec" in said


def test_fast_is_a_level_below_the_first(run: Run) -> None:
    Path("a").write_bytes(TEXT)

    run("compress", "--fast", "a")

    assert b"zstd:level=-3" in run("info", "a.cz").stdout
    assert run("compress", "--level", "0", "-c", "a").stdout == Path("a.cz").read_bytes()
